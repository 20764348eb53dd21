"""Evaluate: is the second stage worth it? Evidence, latency and money over many queries."""

from components.ui.evaluate import evidence, planning, report
from components.ui.evaluate import run as evaluate
from components.ui.shared import page

page.setup("Evaluate")
plan = planning.form()
evaluate.run(plan)
evidence.show(report.current())
