"""Evaluate: is the second stage worth it? Evidence, latency and money over many queries."""

from components.ui.evaluate import evidence, link, planning, report
from components.ui.evaluate import run as evaluate
from components.ui.shared import page, sign_in

sign_in.gate()
page.setup("Evaluate")
link.read()
plan = planning.form()
evaluate.run(plan)
link.write()
evidence.show(report.current())
