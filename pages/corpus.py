"""Corpus: what is indexed and where; choose a sample or upload one."""

<<<<<<< HEAD
from components.ui.corpus import existing, indexing, library, overview, upload
from components.ui.shared import page, sign_in, state
=======
from components.ui.corpus import anatomy, indexing, library, overview, upload
from components.ui.shared import page, sign_in
>>>>>>> main

sign_in.gate()
page.setup("Corpus")
overview.overview()
<<<<<<< HEAD
if state.corpus().remote:
    existing.collection()
library.manage()
=======
>>>>>>> main
library.listing()
anatomy.anatomy()
upload.uploader()
if not state.corpus().remote:
    indexing.indexer()
