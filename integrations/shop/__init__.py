"""Orders from the shop's files: our own JSON lines, and the CSV layout of *Online Retail* (`docs/order-files.md`)."""
