"""Corpus: what is indexed and where; choose a sample or upload one."""

from components.ui import corpus, page

page.setup("Corpus")
corpus.overview()
corpus.uploader()
corpus.indexer()
