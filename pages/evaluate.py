"""Evaluate: is the second stage worth it? Evidence, latency and money over many queries."""

from components.ui import evaluate, evidence, page

page.setup("Evaluate")
plan = evaluate.form()
evaluate.run(plan)
evidence.show(evaluate.shown())
