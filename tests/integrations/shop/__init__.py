"""Order files: what is read from them, and what is left out by name."""
