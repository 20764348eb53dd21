"""Corpus: what is indexed and where; choose a sample or upload one."""

from components.ui.corpus import indexing, library, overview, upload
from components.ui.shared import page, sign_in

sign_in.gate()
page.setup("Corpus")
overview.overview()
library.manage()
library.listing()
upload.uploader()
indexing.indexer()
