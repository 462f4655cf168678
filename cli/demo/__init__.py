"""The demo: every path of the process, run on the real stack with days made short."""
