"""What a safeguard is worth: each is taken away in turn, in a copy of the sources, and the suite must fail (R20)."""
