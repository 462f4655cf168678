"""Tests of the chaos run's own parts: a count that cannot say no proves nothing."""
