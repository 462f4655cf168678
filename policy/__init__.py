"""Decision tables as versioned data, and the engine that runs them (P2.1, P5.1).

A version is a folder of decision tables in the JSON of the GoRules editor (`policy.sheets` names them), `risk.json` and
`breaking.json`. It is known by the hash of its content. The engine skips a cell that it cannot read and lets the next
row win, so nothing is loaded that has not been checked cell by cell.
"""

from policy.engine import ZenPolicy
from policy.errors import PolicyError
from policy.loader import load_policy

__all__ = ["PolicyError", "ZenPolicy", "load_policy"]
