"""A stateful stand-in for payment providers: it speaks their protocols and executes whatever they would.

It shares no code with the product, so a mistake in the product cannot hide in it. Its count of executions
per leg (``GET /admin/executions``) is the oracle of the tests.
"""
