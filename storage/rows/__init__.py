"""The rows of a unit of work, one module for each noun; `storage.store` puts them together."""
