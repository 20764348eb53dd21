"""Terms of figures: judgments, measures, statistics, times."""

from __future__ import annotations

from components.glossary.records import Term

FIGURES = (
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
        "Confidence interval",
        "How much a mean might differ with other queries of the same kind. Of a mean it is found "
        "by drawing the queries again and again with replacement, and holds the middle 95% of "
        "those means; of a difference it holds what the test of sign flips does not reject.",
        "bootstrap: Efron 1979",
        ("95% CI", "95% interval", "interval"),
    ),
    Term(
        "Corrected p",
        "The p of a difference, allowing for how many systems are compared at once. If no system "
        "differed, each query's differences could as well have the opposite sign: it is the share "
        "of such sign flips in which the most conspicuous of all the differences is at least as "
        "conspicuous as this one (max-T).",
        "Westfall and Young 1993",
        ("p", "max-T", "maxT"),
    ),
    Term(
        "Cut-off",
        "The rank k at which a measure stops looking, as the 10 in nDCG@10. It is not the depth.",
        also=("k", "at k"),
    ),
    Term(
        "Distinguishable",
        "Said of a difference that is more than noise: its corrected p is below 0.05. Not "
        "distinguishable does not mean equal; it means that these queries do not tell.",
        also=("noise", "More than noise?"),
    ),
    Term(
        "Effect size",
        "The mean difference in standard deviations of the queries' differences. It says how "
        "regular a gain is, and needs no unit.",
        "Cohen 1988",
        ("effect",),
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
        "RR",
        "Reciprocal rank: 1 divided by the rank of the first relevant document; RR@k is 0 where "
        "that rank is beyond k. Averaged over queries it is called MRR.",
        "Voorhees 1999",
        ("reciprocal rank", "MRR"),
    ),
    Term(
        "Run",
        "A system's rankings of a set of queries, with scores; in TREC format one line for each "
        "query and document.",
        also=("TREC run",),
    ),
    Term(
        "Split",
        "One of several sets of judgments of a corpus, such as dev and test.",
        also=("Judgments (split)",),
    ),
)
