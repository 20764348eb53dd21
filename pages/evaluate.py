"""Evaluate: is the second stage worth it? Evidence, latency and money over many queries."""

from components.ui.evaluate import evidence, link, planning, report
from components.ui.evaluate import run as evaluate
from components.ui.shared import page, sign_in

sign_in.gate()
notices = link.read()  # first: the header names the corpus of the evaluation
page.setup("Evaluate")
page.notices(notices)
plan = planning.form()
evaluate.run(plan)
link.write()
evidence.show(report.current())
