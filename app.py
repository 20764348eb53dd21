"""Compare: one query, one first stage, several rerankers side by side."""

from components.ui import ask, compare, page

page.setup("Compare")
ask.query_form()
request = ask.settings()
job = ask.current_job(request)
if job:
    compare.show(job)
