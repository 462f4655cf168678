"""The servers the product stands on: found or fetched, started, and stopped without a trace."""
