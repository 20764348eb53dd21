"""Corpus: what is indexed and where; choose a sample or upload one."""

from components.ui.corpus import anatomy, indexing, library, overview, upload
from components.ui.shared import page, sign_in

sign_in.gate()
page.setup("Corpus")
overview.overview()
library.listing()
anatomy.anatomy()
upload.uploader()
indexing.indexer()
