"""How local models run: files, tokenizers, sessions, the gate; and the statistics of BM25."""
