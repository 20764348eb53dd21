"""Compare: one query, one first stage, several rerankers side by side."""

from components.ui import compare, page

page.setup("Compare")
compare.query_form()
request = compare.settings()
job = compare.current_job(request)
if job:
    compare.show(job)
