"""The contract between callers and the workflow: names, numbers, messages, views, error codes."""
