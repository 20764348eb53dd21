"""Terms of systems: what searches, what reranks, and what both read."""

from __future__ import annotations

from components.glossary.records import Term

SYSTEMS = (
    Term(
        "A/B",
        "The same pipeline twice, with an instruction and without it, side by side.",
    ),
    Term(
        "Bi-encoder",
        "A model that turns a query and a document into one vector each, independently. Documents "
        "are encoded ahead, so a search costs one encoding and a nearest-neighbour query.",
        "Reimers and Gurevych 2019",
    ),
    Term(
        "BM25",
        "A ranking function over words: the more often a query term is in a document and the rarer "
        "it is in the corpus, the higher the score. Repetition counts less and less, and long "
        "documents are held back.",
        "Robertson and Zaragoza 2009",
        ("lexical",),
    ),
    Term(
        "Candidate",
        "A document that the first stage hands to the rerankers. What is not among the candidates "
        "cannot be brought back by any of them.",
        also=("Candidates",),
    ),
    Term(
        "Cold start",
        "What the first use of a model takes beyond the later ones: fetching, loading and warming "
        "it. It is shown once and is not part of any latency.",
    ),
    Term(
        "Corpus",
        "The documents that are searched, with the queries and judgments that come with them.",
    ),
    Term(
        "Cross-encoder",
        "A model that reads query and document together and gives one score for the pair. Nothing "
        "can be computed ahead, so each candidate costs a full pass.",
        "Nogueira and Cho 2019",
    ),
    Term(
        "Depth",
        "How many candidates the first stage hands on for reranking.",
        also=("initial_k",),
    ),
    Term(
        "Document",
        "What is ranked: a title, a text, or both. A long one may be read in part alone; a passage "
        "is a document that is short enough to be read whole.",
        also=("Passage", "Passages"),
    ),
    Term(
        "Fingerprint",
        "A digest of a corpus's documents, queries and judgments. Two corpora with the same one "
        "are the same, whatever their names.",
    ),
    Term(
        "First stage",
        "The search over the whole corpus that finds the candidates: a bi-encoder, BM25, or both "
        "fused. It must be fast and should miss little.",
    ),
    Term(
        "Hosted",
        "Said of a model that a provider runs: query and texts are sent there, and it is billed.",
    ),
    Term(
        "Hybrid",
        "A first stage of two others, whose rankings are joined by RRF.",
    ),
    Term(
        "Late interaction",
        "A model that keeps a vector for every token of query and document and compares them only "
        "at the end, by MaxSim. A document's vectors are computed once, as with a bi-encoder, and "
        "words still meet, as in a cross-encoder.",
        "ColBERT: Khattab and Zaharia 2020",
    ),
    Term(
        "Learned sparse encoder",
        "A model that gives a text weights of the terms of its vocabulary, related ones included, "
        "instead of a dense vector. Texts are compared as in BM25, by the terms that they share.",
        "SPLADE: Formal et al. 2021",
        ("learned sparse",),
    ),
    Term(
        "Listwise",
        "Said of a reranker whose score for a document depends on the other candidates. Its scores "
        "from two requests cannot be merged, and with fewer candidates they change.",
    ),
    Term(
        "LLM",
        "A large language model, asked in words to judge or order passages. It reads them among "
        "its instructions, so a passage that holds some can sway it, and its order may change with "
        "that of the candidates, and from call to call.",
        "Sun et al. 2023",
        ("LLMs",),
    ),
    Term(
        "Logit",
        "A score before it is squeezed into a probability: any number, where 0 stands for one half "
        "and higher is more relevant. Logits of two models cannot be compared.",
    ),
    Term(
        "MaxSim",
        "The score of late interaction: for each query token the best similarity with any document "
        "token, summed over the query tokens.",
        "Khattab and Zaharia 2020",
    ),
    Term(
        "Pipeline",
        "A first stage, a depth and a reranker, or none: what one column shows.",
        also=("System",),
    ),
    Term(
        "Pointwise",
        "Said of a reranker whose score for a document depends on the query and that document "
        "alone.",
    ),
    Term(
        "Reranker",
        "What orders the candidates anew: a cross-encoder, late interaction, a hosted model, a "
        "fusion, or any other scorer.",
        also=("Rerankers",),
    ),
    Term(
        "RRF",
        "Reciprocal rank fusion: joins several rankings by summing 1 / (60 + rank) for each "
        "document, whatever the scales of their scores.",
        "Cormack, Clarke and Büttcher 2009",
        ("fusion",),
    ),
    Term(
        "Seed",
        "The number that a random draw begins with: the same seed draws the same.",
    ),
    Term(
        "Self-hosted",
        "Said of a model on a server of one's own, named in the configuration: nothing leaves it.",
    ),
    Term(
        "Setwise",
        "Said of an LLM that names the best of a few passages at a time, from which a heap sorts "
        "the first ones.",
        "Zhuang et al. 2024",
    ),
    Term(
        "Token",
        "The piece of text that a model reads at once: a word or a part of one. What a model reads "
        "is limited, and often billed, in tokens.",
        also=("Tokens",),
    ),
    Term(
        "Variant",
        "The same pipeline with another instruction or setting, shown beside it.",
    ),
    Term(
        "Near-duplicate",
        "A passage that says nearly the same as another: of all sequences of three words that are "
        "in either, 80% or more are in both. MinHash tells which to compare; the share is counted.",
        "Broder 1997",
        ("Near-duplicates",),
    ),
    Term(
        "Token",
        "The unit that a model reads: a word, or a piece of a rarer one. A model reads so many of "
        "a text, its window, and nothing of what comes after.",
        also=("Tokens", "Window"),
    ),
)
