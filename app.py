"""Compare: one query, one first stage, several rerankers side by side."""

from components.ui.compare import ask, permalink, presenter
from components.ui.compare import page as compare
from components.ui.shared import page, sign_in

sign_in.gate()
permalink.read()  # first: the header names the corpus of the address
page.setup("Compare")
request = presenter.request()
if request is None:
    ask.query_form()
    request = ask.settings()
    permalink.notices()
job = ask.current_job(request)
if job:
    compare.show(job)
