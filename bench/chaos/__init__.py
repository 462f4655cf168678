"""`make chaos`: hundreds of refunds over every provider while everything that can fail does, and then the count."""
