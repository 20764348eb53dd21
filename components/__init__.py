"""Rerank Lab: see what the second stage of retrieval does."""

__version__ = "0.1.0"
