"""Rerankers: every model, keys and tests; which one to choose; what it costs in money and time."""

from components.ui.rerankers import costs, guide, spent
from components.ui.rerankers import listing as rerankers
from components.ui.shared import page, sign_in

sign_in.gate()
page.setup("Rerankers")
models, which, prices = page.tabs("Models and keys", "Which one?", "Cost and latency")
with models:
    rerankers.listing()
with which:
    guide.selection_guide()
with prices:
    costs.cost_and_latency()
    spent.spent()
