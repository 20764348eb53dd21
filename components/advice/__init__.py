"""Which reranker to choose, and what it costs."""
