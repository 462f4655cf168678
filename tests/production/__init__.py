"""The production topology on this machine, without containers: `make test-production`."""
