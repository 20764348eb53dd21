"""Servers that answer over the network: requests, retries, limits, errors, prices, keys.

Encoders and rerankers share it; what a request holds and how an answer is read is theirs.
"""
