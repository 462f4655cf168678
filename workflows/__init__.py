"""The process as a story: the refund case by its stages. No stores, no providers, no settings here."""
