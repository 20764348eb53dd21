"""Rerankers: every model in the catalog, whether it can run here, and why not."""

from components.ui import page, rerankers

page.setup("Rerankers")
rerankers.listing()
