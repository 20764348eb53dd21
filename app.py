"""Compare: one query, one first stage, several rerankers side by side."""

from components.ui import ask, compare, page, permalink

page.setup("Compare")
permalink.read()
request = ask.presenting()
if request is None:
    ask.query_form()
    request = ask.settings()
    permalink.notices()
job = ask.current_job(request)
if job:
    compare.show(job)
