"""The client package: its contract, and the client on a real Temporal server."""
