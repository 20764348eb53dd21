"""Rerankers: every model, keys and tests; which one to choose; what it costs in money and time."""

from components.ui.rerankers import choosing
from components.ui.rerankers import listing as rerankers
from components.ui.shared import page

page.setup("Rerankers")
models, guide, costs = page.tabs("Models and keys", "Which one?", "Cost and latency")
with models:
    rerankers.listing()
with guide:
    choosing.selection_guide()
with costs:
    choosing.cost_and_latency()
