"""The sandbox, proven by the real SDK against a real server."""
