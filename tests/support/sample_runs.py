"""Every offline system over a sample corpus, and the tables that its card reports.

`python -m tests.support.sample_runs helpdesk` prints the tables.
"""

import sys
from collections.abc import Mapping
from statistics import mean

import numpy as np

from components import pipeline
from components.analysis.quality import quality
from components.corpora import open_corpus
from components.domain import Corpus, Query, Ranking, Scores
from components.encoders import ENCODERS
from components.evaluation.samples import sample_evaluation
from components.lab import Lab, read_settings
from components.retrieval.vectors import dense_vectors
from tests.support.asking import asked, retrieve

FIRST_STAGES = ("bge-small", "minilm-l6", "bm25", "hybrid")
RECORDED = ("minilm-l12", "late-bge", "bm25")
DEPTH = 100
NDCG, BEST = "nDCG@10", "best order of bge-small's 100"
Runs = Mapping[str, Mapping[str, Ranking]]


def reranked(reranker: str) -> str:
    return f"bge-small → {reranker}"


def offline_runs(lab: Lab, corpus: Corpus) -> dict[str, dict[str, Ranking]]:
    """System -> query id -> ranking: four first stages, five rerankers over 100 candidates.

    What the slow rerankers say is taken from the evaluation that comes with the sample.
    """
    for first in FIRST_STAGES:
        lab.index(corpus, first)
    runs: dict[str, dict[str, Ranking]] = {}
    for query in corpus.queries:
        for system, ranking in _one_query(lab, corpus, query).items():
            runs.setdefault(system, {})[query.id] = ranking
    return runs


def _one_query(lab: Lab, corpus: Corpus, query: Query) -> dict[str, Ranking]:
    found = {
        first: retrieve(lab, corpus, asked(query.text, first, (), DEPTH)) for first in FIRST_STAGES
    }
    first = found["bge-small"]
    for key in RECORDED:
        found[reranked(key)] = recorded_ranking(corpus, query, first, key)
    found[reranked("biencoder-minilm")] = bi_encoder_ranking(lab, corpus, query, first)
    members = [found[reranked("minilm-l12")], found[reranked("bm25")]]
    found[reranked("rrf")] = pipeline.fuse_rankings(first, members)
    return found


def recorded_ranking(corpus: Corpus, query: Query, first: Ranking, reranker: str) -> Ranking:
    """Order candidates by recorded scores; one that only this processor fetches stands last."""
    shipped = sample_evaluation(corpus.fingerprint)
    assert shipped is not None
    recorded = shipped.evaluation.rankings[reranker][query.id].run
    last = min(recorded.values()) - 1
    values = np.array([recorded.get(hit.document.id, last) for hit in first.hits])
    return pipeline.sort(reranker, first, Scores(values), first.timing)


def bi_encoder_ranking(lab: Lab, corpus: Corpus, query: Query, first: Ranking) -> Ranking:
    """biencoder-minilm from vectors that are known already: the same numbers, much sooner."""
    encoder, _ = lab.encoder(ENCODERS["minilm-l6"])
    spec, folder = ENCODERS["minilm-l6"].spec, lab.settings.cache_dir
    vectors = dense_vectors(corpus, spec, encoder, folder)
    places = {document.id: i for i, document in enumerate(corpus.documents)}
    rows = vectors[[places[hit.document.id] for hit in first.hits]]
    scores = Scores((rows @ encoder.encode_query(query.text)).astype(np.float64))
    return pipeline.sort("biencoder-minilm", first, scores, first.timing)


# ---------------------------------------------------------------- figures


def by_query(corpus: Corpus, rankings: Mapping[str, Ranking]) -> dict[str, float]:
    """Return nDCG@10 of every query."""
    return {q: quality(r, corpus.judgments[q], NDCG) or 0.0 for q, r in rankings.items()}


def oracle(corpus: Corpus, rankings: Mapping[str, Ranking]) -> float:
    """Return the mean nDCG@10 of the best possible order of the same candidates."""
    values = []
    for query, ranking in rankings.items():
        grades = corpus.judgments[query]
        best = np.array([float(grades.get(h.document.id, 0)) for h in ranking.hits])
        ideal = pipeline.sort("oracle", ranking, Scores(best), ranking.timing)
        values.append(quality(ideal, grades, NDCG) or 0.0)
    return mean(values)


def figures(corpus: Corpus, runs: Runs) -> dict[tuple[str, str], float]:
    """Return the card's figures by row and column, of the systems that ranked all its queries."""
    values = {system: by_query(corpus, rankings) for system, rankings in runs.items()}
    base = values["bge-small"]
    found: dict[tuple[str, str], float] = {(BEST, NDCG): oracle(corpus, runs["bge-small"])}
    for system, row in values.items():
        if row.keys() == base.keys():
            found[system, NDCG] = mean(row.values())
            if "→" in system:
                found[system, "wins"] = sum(row[q] > base[q] + 0.005 for q in base)
                found[system, "losses"] = sum(row[q] < base[q] - 0.005 for q in base)
    for tag in sorted({tag for query in corpus.queries for tag in query.tags}):
        tagged = [q.id for q in corpus.queries if tag in q.tags]
        found[tag, "n"] = len(tagged)
        for system, row in values.items():
            if all(q in row for q in tagged):
                found[tag, system] = mean(row[q] for q in tagged)
    return found


def tables(corpus: Corpus, runs: Runs) -> str:
    """Return the card's tables: nDCG@10 by system, and by tag and system."""
    found = figures(corpus, runs)
    lines = [f"| system | {NDCG} | wins | losses |", "| --- | --- | --- | --- |"]
    for system in [*runs, BEST]:
        moved = [str(found.get((system, way), "-")) for way in ("wins", "losses")]
        lines.append(f"| {system} | {found[system, NDCG]:.3f} | {' | '.join(moved)} |")
    lines += ["", "| tag | n | " + " | ".join(runs) + " |", "| --- " * (len(runs) + 2) + "|"]
    for tag in sorted({tag for query in corpus.queries for tag in query.tags}):
        cells = [f"{found[tag, s]:.2f}" for s in runs]
        lines.append(f"| {tag} | {found[tag, 'n']:.0f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    found = open_corpus(sys.argv[1])
    sys.stdout.write(tables(found, offline_runs(Lab(read_settings()), found)) + "\n")
