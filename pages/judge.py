"""Judge: grade pairs of query and document by hand, blind, one after another."""

from components.ui.judge import desk, link, past, start, using
from components.ui.shared import page, sign_in

sign_in.gate()
link.read()  # first: the header names the corpus of the address
page.setup("Judge")
link.write()
queue = desk.current()
if queue is None:
    start.form()
    past.queues()
    past.agreement()
    using.show()
else:
    desk.show(queue)
