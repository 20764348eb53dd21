"""The TREC formats: runs and judgments, written and read.

A line of a run is query, Q0, document, rank, score, system; a line of judgments is query, 0,
document, grade. White space inside an id, which the formats cannot hold, is percent-encoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from components.corpora import MAX_BYTES, MAX_SIZE, Upload, lines, printable, quoted
from components.corpora.trec import decode_id, encode_id, ids_of, is_comment, ordered, run_line
from components.domain import Corpus, CorpusError, Judgments, Ranking, Recorded
from components.exports.recording_format import MAX_HITS
from components.measures import Run, run_scores
from components.pipeline.limits import MAX_SYSTEMS
from components.wording import count

MAX_LINES: Final = 1_000_000
"""Lines of a run: 1,000 queries of 1,000 documents. Each takes up to 600 bytes in memory."""
MAX_RUNS: Final = MAX_SYSTEMS + 1
"""Runs of one file: the columns of a comparison, the first stage included."""
RUN_PREFIX = "run:"
"""Begins the keys of systems that were read from a run."""


# ---------------------------------------------------------------- writing


def run_lines(run: Run, system: str) -> Iterable[str]:
    """Yield the lines of a run, whose documents are in the order of their ranks."""
    for query, scores in run.items():
        for rank, (document, score) in enumerate(scores.items(), start=1):
            # nine digits tell any two 32-bit floats apart
            line = f"{encode_id(query)} Q0 {encode_id(document)} {rank} {score:.9g}"
            yield f"{line} {encode_id(system)}"


def qrels_lines(judgments: Judgments) -> Iterable[str]:
    """Yield the lines of judgments."""
    for query, grades in judgments.items():
        for document, grade in grades.items():
            yield f"{encode_id(query)} 0 {encode_id(document)} {grade}"


def comparison_run(rankings: Sequence[Ranking], query: str) -> str:
    """Return the rankings of a query as runs, one after another, each with its system as tag."""
    runs = (run_lines({query: run_scores(ranking)}, ranking.system) for ranking in rankings)
    return "".join(f"{line}\n" for run in runs for line in run)


def file_name(system: str) -> str:
    """Return a system's key as the name of its run's file."""
    return quote(system, safe="") + ".trec"


# ---------------------------------------------------------------- reading


def read_run(data: bytes, name: str, corpus: Corpus | None = None) -> dict[str, Recorded]:
    """Return a TREC run's ranking of each query; CorpusError for a file with several runs."""
    runs = read_runs(data, name, corpus)
    if len(runs) != 1:
        raise CorpusError(
            f"{printable(name, 60)} holds {count(len(runs), 'run')}; a column is one.",
            "Keep the lines of one run tag (the sixth field) in a file of their own.",
        )
    return next(iter(runs.values()))


def read_runs(
    data: bytes, name: str, corpus: Corpus | None = None
) -> dict[str, dict[str, Recorded]]:
    """Return the rankings of each query by the run's tag; CorpusError names file and line.

    Documents are in trec_eval's order: by falling score and not by rank, ties by descending id.
    The ids of a `corpus` tell whether those of the runs are encoded.
    """
    file = printable(name, 60)
    if len(data) > MAX_BYTES:
        raise CorpusError(f"{file} is larger than {MAX_SIZE}.", "Split the run.")
    runs = _read_lines(Upload(name, data), file)
    if not 0 < len(runs) <= MAX_RUNS:
        raise CorpusError(
            f"{file} holds {count(len(runs), 'run')}; expected 1 to {MAX_RUNS}.",
            "Each run has a tag of its own, the sixth field of its lines.",
        )
    names = {query for run in runs.values() for query in run}
    queries = ids_of(names, {query.id for query in corpus.queries} if corpus else ())
    tokens = {d for run in runs.values() for ranked in run.values() for d in ranked}
    ids = ids_of(tokens, corpus.by_id.keys() if corpus else ())
    return {
        tag: {
            queries.get(query, query): _recorded(
                printable(decode_id(tag), 40), file, {ids.get(d, d): s for d, s in ranked.items()}
            )
            for query, ranked in run.items()
        }
        for tag, run in runs.items()
    }


def _read_lines(upload: Upload, file: str) -> dict[str, dict[str, dict[str, float]]]:
    """Return the scores of a file's lines by tag, query and document."""
    runs: dict[str, dict[str, dict[str, float]]] = {}
    for read, (number, line) in enumerate(lines(upload), start=1):
        where = f"{file}:{number}"
        if read > MAX_LINES:
            raise CorpusError(f"{where}: more than {MAX_LINES:,} lines.", "Split the run.")
        if is_comment(line):
            continue
        query, document, _, score, tag = run_line(where, line)
        ranked = runs.setdefault(tag, {}).setdefault(query, {})
        if document in ranked:
            raise CorpusError(f"{where} ranks {quoted(document)} a second time.", "Remove a line.")
        if len(ranked) >= MAX_HITS:
            raise CorpusError(f"{where}: more than {MAX_HITS:,} documents.", "Cut the run.")
        ranked[document] = score
    return runs


def _recorded(label: str, file: str, scores: Mapping[str, float]) -> Recorded:
    documents = tuple((document, scores[document]) for document in ordered(scores))
    return Recorded(f"{RUN_PREFIX}{label}", label, f"from {file}", documents, "as in the run")
