"""The codec server: opens encrypted payloads for those who may read cases in Temporal's Web UI or with its CLI.

A process of its own, for it holds the keys and serves only operations; the portal faces customers.
"""
