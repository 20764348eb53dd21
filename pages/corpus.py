"""Corpus: what is indexed and where; choose a sample or upload one."""

from components.ui.corpus import anatomy, existing, indexing, library, overview, upload
from components.ui.shared import page, sign_in, state

sign_in.gate()
page.setup("Corpus")
overview.overview()
if state.corpus().remote:
    existing.collection()
library.listing()
upload.uploader()
anatomy.anatomy()
if not state.corpus().remote:
    indexing.indexer()
