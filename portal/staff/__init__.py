"""The staff's own door: logging in, and the service that puts proofs to what they say (P2.6, P6.2)."""
