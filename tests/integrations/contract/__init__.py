"""The one contract that every payment adapter keeps, each against the sandbox of its provider."""
