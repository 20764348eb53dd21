"""What a browser session remembers, and what all sessions share. Every key is named here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import streamlit as st

from components.corpora import open_corpus, sample_names
from components.domain import Corpus
from components.lab import Lab, read_settings
from components.lab.work import BackgroundTask
from components.pipeline.job import ComparisonJob

T = TypeVar("T")

# Permanent keys. A widget's own key dies with its page, so widgets copy from and to these.
CORPUS = "corpus"
QUERY = "query"
SHOWN_QUERY = "shown_query"
FIRST_STAGE = "first_stage"
RERANKERS = "rerankers"
INITIAL_K = "initial_k"
FINAL_K = "final_k"
UPLOADS = "uploads"
JOB = "job"
TASK = "task"
SAMPLE_QUERY = "sample_query"
INSTRUCTION = "instruction"
WITHOUT = "without"
DEADLINE = "deadline"
KEYS = "keys"
VIEW = "view"
CHOSEN = "chosen"
EVALUATING = "evaluating"
EVALUATED = "evaluated"
EVIDENCE = "evidence"
MEASURE = "measure"
CUT = "cut"
BASELINE = "baseline"
SUBSET = "subset"
TAG = "evaluated_tag"
SAMPLE = "sample"
SEED = "seed"
REUSE = "reuse"
SPLITS = "splits"
QUERIES_A_DAY = "queries_a_day"
PRICED_K = "priced_k"
MACHINE_USD = "machine_usd"
BUSY = "busy"
MEMO = "memo"

DEFAULTS: Mapping[str, Any] = {
    FIRST_STAGE: "bge-small",
    RERANKERS: ("minilm-l12", "late-minilm", "bm25"),
    INITIAL_K: 100,
    FINAL_K: 10,
    INSTRUCTION: "",
    WITHOUT: False,
    DEADLINE: None,
    VIEW: "all",
    EVIDENCE: "quality",
    MEASURE: "nDCG",
    CUT: 10,
    BASELINE: "",
    SUBSET: "all",
    SAMPLE: 50,
    SEED: 0,
    REUSE: True,
    SPLITS: {},
    QUERIES_A_DAY: 10_000,
    PRICED_K: 100,
    MACHINE_USD: 60.0,
    BUSY: 30,
}
MEMO_ENTRIES = 64


@st.cache_resource(show_spinner=False)
def _lab() -> Lab:
    return Lab(read_settings())


def lab() -> Lab:
    """Return the process's lab with this session's keys; models and store are shared by all."""
    shared = _lab()
    return shared.with_keys({**_secret_keys(shared), **typed_keys()})


def _secret_keys(shared: Lab) -> dict[str, str]:
    """Return the keys in Streamlit's secrets, which go before those of the environment."""
    if not st.secrets.load_if_toml_exists():
        return {}
    variables = shared.settings.variables
    return {p: str(st.secrets[v]) for p, v in variables.items() if v in st.secrets}


def typed_keys() -> dict[str, str]:
    """Return the keys typed in this browser session, by provider."""
    held: dict[str, str] = st.session_state.setdefault(KEYS, {})
    return held


@st.cache_resource(show_spinner=False, max_entries=8)
def sample(name: str) -> Corpus:
    """Return a corpus that comes with the project."""
    return open_corpus(name)


def get(key: str) -> Any:  # noqa: ANN401  (session state holds anything)
    """Return a session value or its default."""
    return st.session_state.get(key, DEFAULTS.get(key))


def put(key: str, value: object) -> None:
    """Keep a session value."""
    st.session_state[key] = value


def bound(key: str) -> dict[str, Any]:
    """Return the arguments that tie a widget to a session value, whoever changes it."""
    widget = f"_{key}"
    st.session_state[widget] = get(key)
    return {"key": widget, "on_change": lambda: put(key, st.session_state[widget])}


def memo(key: tuple[object, ...], compute: Callable[[], T]) -> T:
    """Return what this session has computed under a key, or compute it; the oldest make room."""
    held: dict[tuple[object, ...], Any] = st.session_state.setdefault(MEMO, {})
    if key not in held:
        while len(held) >= MEMO_ENTRIES:
            held.pop(next(iter(held)))
        held[key] = compute()
    found: T = held[key]
    return found


def fingerprints() -> tuple[str, ...]:
    """Return the fingerprints of the corpora that this session holds."""
    return tuple(corpus_named(name).fingerprint for name in corpus_names())


def uploads() -> dict[str, Corpus]:
    """Return the corpora uploaded in this session, by name."""
    held: dict[str, Corpus] = st.session_state.setdefault(UPLOADS, {})
    return held


def corpus_names() -> tuple[str, ...]:
    """Return the samples and this session's uploads."""
    return (*sample_names(), *uploads())


def corpus() -> Corpus:
    """Return the session's corpus; the first sample until another is chosen."""
    names = corpus_names()
    name = get(CORPUS)
    return corpus_named(name if name in names else names[0])


def corpus_named(name: str) -> Corpus:
    """Return a sample or an upload of this session, with the judgments of the chosen split."""
    found = uploads().get(name) or sample(name)
    split = get(SPLITS).get(name, found.split)
    if split == found.split:
        return found
    return memo(("split", found, split), lambda: found.with_split(split))


def choose_split(name: str, split: str) -> None:
    """Look at a corpus by the judgments of a split; what was compared by others is forgotten."""
    if corpus_named(name).split != split:
        put(SPLITS, {**get(SPLITS), name: split})
        put(JOB, None)


def choose_corpus(name: str) -> None:
    """Make a corpus the session's own, with its first sample query."""
    put(CORPUS, name)
    put(QUERY, first_query(corpus()))
    put(SAMPLE_QUERY, None)


def first_query(found: Corpus) -> str:
    """Return the query to open a corpus with: its first, or else its first document's title."""
    if found.queries:
        return found.queries[0].text
    document = found.documents[0]
    return document.title or " ".join(document.text.split()[:8])


def query() -> str:
    """Return the session's query; a first visit begins with the corpus's first."""
    if QUERY not in st.session_state:
        put(QUERY, first_query(corpus()))
    return str(get(QUERY))


def job() -> ComparisonJob | None:
    """Return the session's comparison, if one was begun."""
    held: ComparisonJob | None = get(JOB)
    return held


def task() -> BackgroundTask | None:
    """Return the session's indexing, if one was begun."""
    held: BackgroundTask | None = get(TASK)
    return held
