"""Judge: grade pairs of query and document by hand, blind; look at what was judged, and use it."""

from components.ui.judge import desk, link, past, sides, start, table, using
from components.ui.shared import page, sign_in

sign_in.gate()
link.read()  # first: the header names the corpus of the address
page.setup("Judge")
link.write()
queue, pair = desk.current(), sides.current()
if pair is not None:
    sides.show(pair)
elif queue is None:
    begin, judgments, use = page.tabs("A queue", "Judgments", "Agreement and use")
    with begin:
        start.form()
        past.queues()
    with judgments:
        table.show()
    with use:
        past.agreement()
        using.show()
else:
    desk.show(queue)
