"""Rerankers: every model, keys and tests; which one to choose; what it costs in money and time."""

from components.ui import choosing, page, rerankers

page.setup("Rerankers")
models, guide, costs = page.tabs("Models and keys", "Which one?", "Cost and latency")
with models:
    rerankers.listing()
with guide:
    choosing.selection_guide()
with costs:
    choosing.cost_and_latency()
