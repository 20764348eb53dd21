"""The terms of art in plain words, for hover help, the Glossary page, the guides and the files.

Plain data of the project's own: pages may show it as Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Term:
    """A term, one to three plain sentences, its source, and other names that it goes by."""

    name: str
    text: str
    source: str = ""
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the explanation with its source."""
        return f"{self.text} ({self.source})" if self.source else self.text


_ALL = (
    Term(
        "A/B",
        "The same pipeline twice, with an instruction and without it, side by side.",
    ),
    Term(
        "AP",
        "Average precision: the mean of the precision at the rank of each relevant document, where "
        "one that is not retrieved counts 0. Averaged over queries it is called MAP.",
        also=("average precision", "MAP"),
    ),
    Term(
        "Baseline",
        "The system that the others are compared with: the first stage, unless another is chosen.",
        also=("Compared with",),
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
        "Confidence interval",
        "How much a mean might differ with other queries of the same kind. It is found by drawing "
        "the queries again and again with replacement; the middle 95% of those means are the "
        "interval.",
        "bootstrap: Efron 1979",
        ("95% CI", "interval", "bootstrap interval"),
    ),
    Term(
        "Corrected p",
        "The p of a difference, allowing for how many systems are compared at once. If no system "
        "differed, each query's differences could as well have the opposite sign: it is the share "
        "of such sign flips in which the most conspicuous of all the differences is at least as "
        "conspicuous as this one (max-T).",
        "Westfall and Young 1993",
        ("max-T", "p (corrected)"),
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
        "Cut-off",
        "The rank k at which a measure stops looking, as the 10 in nDCG@10. It is not the depth.",
        also=("k", "at k"),
    ),
    Term(
        "Depth",
        "How many candidates the first stage hands on for reranking.",
        also=("initial_k",),
    ),
    Term(
        "Distinguishable",
        "Said of a difference that is more than noise: its corrected p is below 0.05. Not "
        "distinguishable does not mean equal; it means that these queries do not tell.",
        also=("noise", "More than noise?"),
    ),
    Term(
        "Document",
        "What is ranked: a title, a text, or both. A long one may be read in part alone; a passage "
        "is a document that is short enough to be read whole.",
        also=("Passage", "Passages"),
    ),
    Term(
        "Effect size",
        "The mean difference in standard deviations of the queries' differences. It says how "
        "regular a gain is, and needs no unit.",
        "Cohen 1988",
        ("effect",),
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
        "Grade",
        "How relevant a judged document is, as a whole number; 0 is not relevant. In the samples "
        "grades go from 0 to 3.",
    ),
    Term(
        "Harm",
        "A relevant document that stands lower than the first stage had it.",
    ),
    Term(
        "Headroom",
        "What a better order of the same candidates would gain: the measure of their best possible "
        "order less that of the order at hand. The rest, up to 1, was not retrieved.",
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
        "Judged",
        "Judged@k is the share of the first k documents that are judged. Where it is low, a system "
        "may be better than its figures: most measures count what is unjudged as not relevant.",
    ),
    Term(
        "Judgment",
        "One person's, or one model's, grade of one document for one query. A pair without a "
        "judgment is unjudged, which is not the same as not relevant; most measures count it as "
        "not relevant all the same.",
        also=("Judgments",),
    ),
    Term(
        "Kendall's tau",
        "Agreement of two orders by pairs: 1 where all pairs of documents are in the same order, "
        "\N{MINUS SIGN}1 where all are reversed. The lab computes tau-b over the documents that "
        "both rankings hold.",
        "Kendall 1945",
        ("tau", "tau-b"),
    ),
    Term(
        "Late interaction",
        "A model that keeps a vector for every token of query and document and compares them only "
        "at the end, by MaxSim. Documents are encoded ahead, as with a bi-encoder, and words still "
        "meet, as in a cross-encoder.",
        "ColBERT: Khattab and Zaharia 2020",
    ),
    Term(
        "Listwise",
        "Said of a reranker whose score for a document depends on the other candidates. Its scores "
        "from two requests cannot be merged, and with fewer candidates they change.",
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
        "nDCG",
        "Normalized discounted cumulative gain: the grades of the first k documents, each divided "
        "by log₂(rank + 1) and summed, as a share of the same sum for the ideal order of all "
        "judged documents. 1 is the best possible.",
        "Järvelin and Kekäläinen 2002",
    ),
    Term(
        "P",
        "Precision: P@k is the share of relevant documents among the first k.",
        also=("precision", "P@k"),
    ),
    Term(
        "p50, p95, p99",
        "Percentiles of a latency: half of the queries, 95% or 99% of them, took no longer. p50 is "
        "the median.",
        also=("p50", "p95", "p99", "percentile", "median"),
    ),
    Term(
        "Paired randomisation test",
        "A test whether two systems differ: if they did not, each query's difference could as well "
        "have the opposite sign. p is the share of sign flips whose mean difference is at least as "
        "large as the observed one.",
        "Fisher 1935; Smucker, Allan and Carterette 2007",
        ("sign flips",),
    ),
    Term(
        "Pareto",
        "A system is Pareto-optimal where no other is at least as good in both quality and price "
        "(time or money) and better in one; the others are dominated.",
        also=("dominated",),
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
        "Qrels",
        "Query relevance judgments: the file of judgments, with query, document and grade.",
    ),
    Term(
        "R",
        "Recall: R@k is the share of a query's relevant documents among the first k. The recall of "
        "the candidates is the ceiling of what reranking can reach.",
        also=("recall", "R@k", "ceiling"),
    ),
    Term(
        "RBO",
        "Rank-biased overlap: agreement of two rankings, from 0 to 1, that weighs the top most. A "
        "reader goes on to the next rank with probability 0.9. The lab uses the extrapolated form.",
        "Webber, Moffat and Zobel 2010",
        ("rank-biased overlap",),
    ),
    Term(
        "Reranker",
        "What orders the candidates anew: a cross-encoder, late interaction, a hosted model, a "
        "fusion, or any other scorer.",
        also=("Rerankers",),
    ),
    Term(
        "RR",
        "Reciprocal rank: 1 divided by the rank of the first relevant document; RR@k is 0 where "
        "that rank is beyond k. Averaged over queries it is called MRR.",
        "Voorhees 1999",
        ("reciprocal rank", "MRR"),
    ),
    Term(
        "RRF",
        "Reciprocal rank fusion: joins several rankings by summing 1 / (60 + rank) for each "
        "document, whatever the scales of their scores.",
        "Cormack, Clarke and Büttcher 2009",
        ("fusion",),
    ),
    Term(
        "Run",
        "A system's rankings of a set of queries, with scores; in TREC format one line for each "
        "query and document.",
        also=("TREC run",),
    ),
    Term(
        "Seed",
        "The number that a random draw begins with: the same seed draws the same.",
    ),
    Term(
        "Split",
        "One of several sets of judgments of a corpus, such as dev and test.",
        also=("Judgments (split)",),
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
)
TERMS: Mapping[str, Term] = MappingProxyType(
    {term.name: term for term in sorted(_ALL, key=lambda term: term.name.lower())}
)
"""The terms by name, in the order of the alphabet."""
_BY_ANY_NAME = {name.lower(): term for term in _ALL for name in (term.name, *term.also)}


def term(name: str) -> Term | None:
    """Return the term of a name, in whatever case and at whatever cut-off: nDCG@10 is nDCG."""
    return _BY_ANY_NAME.get(name.lower()) or _BY_ANY_NAME.get(name.lower().partition("@")[0])


def explain(name: str) -> str:
    """Return a term's explanation; raise KeyError for what is not in the glossary."""
    entry = term(name)
    if entry is None:
        raise KeyError(f"{name} is not in the glossary")
    return str(entry)


def as_markdown(terms: Iterable[Term]) -> str:
    """Return terms as paragraphs of Markdown, each after its name in bold."""
    return "\n\n".join(f"**{term.name}.** {term}" for term in terms)
