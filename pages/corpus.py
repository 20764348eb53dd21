"""Corpus: what is indexed and where; choose a sample or upload one."""

from components.ui.corpus import page as corpus
from components.ui.shared import page

page.setup("Corpus")
corpus.overview()
corpus.uploader()
corpus.indexer()
