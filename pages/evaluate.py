"""Evaluate: is the second stage worth it? Evidence, latency and money over many queries."""

from components.ui import evaluate, evidence, page, planning

page.setup("Evaluate")
plan = planning.form()
evaluate.run(plan)
evidence.show(evaluate.shown())
