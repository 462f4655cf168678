"""`aftersales orders`: orders from the shop's files."""
