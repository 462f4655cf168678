"""SQL tables, the units of work over them, and what pages and lists read."""
