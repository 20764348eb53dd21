"""The only modules that import Qdrant."""
