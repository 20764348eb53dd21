"""The state of a browser session, all of its keys, and the lab that all sessions share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import streamlit as st

from components import measures
from components.config import Settings
from components.corpora import open_corpus, sample_names
from components.domain import NO_FILTER, Corpus, LabError, UnavailableError
from components.lab import BackgroundTask, Lab, Worker, catalog, read_settings
from components.lab.library import Entry, Library
from components.pipeline import limits
from components.ui.shared.visitor import Visitor, current, is_shared

T = TypeVar("T")

# Keys outlive a page; a widget's own key dies with it, so widgets copy from and to these.
# What is compared:
CORPUS = "corpus"
SPLITS = "splits"
QUERY = "query"
DRAWN_QUERY = "shown_query"
FIRST_STAGE = "first_stage"
RERANKERS = "rerankers"
INITIAL_K = "initial_k"
FINAL_K = "final_k"
INSTRUCTION = "instruction"
WITHOUT = "without"
FILTER, FILTER_FAULT = "filter", "filter_fault"
DEADLINE = "deadline"
# How a comparison is looked at:
VIEW = "view"
COMPARE_MEASURE = "compare_measure"
CHOSEN, CHOSEN_SYSTEM = "chosen", "chosen_system"
DEPTH = "depth"
DRAWING = "drawing"
OPEN_VIEW = "open_view"
PERMALINK_READ = "permalink_read"
NAVIGATED = "navigated"
PAST_JOBS = "past_jobs"
NOTICES = "permalink_notices"
UNOPENED = "unopened"
FROM_ADDRESS = "from_address"
CONFIRMED = "confirmed"
UNCONFIRMED = "unconfirmed"
LOOKED_AT = "looked_at"
# What is evaluated, and how an evaluation is looked at:
SUBSET = "subset"
TAG = "evaluated_tag"
SAMPLE, SEED = "sample", "seed"
REUSE = "reuse"
KEEP_IDENTICAL = "keep_identical"
COUNT_ZERO_ONLY = "count_zero_only"
COUNT_DANGLING = "count_dangling"
EVIDENCE = "evidence"
MEASURE, CUT = "measure", "cut"
BASELINE = "baseline"
SAVED_ROWS = "kept"
QUERIES_A_DAY = "queries_a_day"
PRICED_K = "priced_k"
MACHINE_USD = "machine_usd"
BUSY = "busy"
# What this session brought along, began or computed:
UPLOADS = "uploads"
LINKED = "linked"
UNKEPT = "unkept"
DELETED = "deleted"
NEW_CORPUS = "new_corpus"
UPLOADED = "uploaded"
READING = "reading"
KEYS = "keys"
TESTED = "tested"
JOB = "job"
TASK = "task"
MEASURING = "measuring"
EVALUATING = "evaluating"
EVALUATED = "evaluated"
EVALUATION_LINK = "evaluation_link"
COMPUTATIONS = "computations"
MEMO = "memo"
RECORDING = "recording"
RECORDING_READ = "recording_read"
RUNS = "runs"
HISTORY = "history"
LATEST = "latest"
JUDGING = "judging"

DEFAULTS: Mapping[str, Any] = {
    FIRST_STAGE: catalog.DEFAULT_FIRST_STAGE,
    RERANKERS: catalog.DEFAULT_RERANKERS,
    INITIAL_K: limits.INITIAL_K,
    FINAL_K: limits.FINAL_K,
    INSTRUCTION: "",
    WITHOUT: False,
    FILTER: NO_FILTER,
    DEADLINE: None,
    VIEW: "all",
    COMPARE_MEASURE: measures.DEFAULT,
    OPEN_VIEW: "gain",
    EVIDENCE: "quality",
    MEASURE: "nDCG",
    CUT: 10,
    BASELINE: "",
    SUBSET: "all",
    SAMPLE: 50,
    SEED: 0,
    REUSE: True,
    KEEP_IDENTICAL: False,
    COUNT_ZERO_ONLY: False,
    COUNT_DANGLING: False,
    SPLITS: {},
    QUERIES_A_DAY: 10_000,
    PRICED_K: limits.INITIAL_K,
    MACHINE_USD: 60.0,
    BUSY: 30,
}
MEMO_ENTRIES = 128


# ---------------------------------------------------------------- values


def get(key: str) -> Any:  # noqa: ANN401  (session state holds anything)
    """Return a session value or its default."""
    return st.session_state.get(key, DEFAULTS.get(key))


def put(key: str, value: object) -> None:
    """Set a session value."""
    st.session_state[key] = value


def mapping(key: str) -> dict[Any, Any]:
    """Return the session's dictionary under a key; an empty one is set where there is none."""
    values: dict[Any, Any] = st.session_state.setdefault(key, {})
    return values


def bound(key: str) -> dict[str, Any]:
    """Return the arguments that tie a widget to a session value, whoever changes it."""
    widget = f"_{key}"
    st.session_state[widget] = get(key)
    return {"key": widget, "on_change": lambda: put(key, st.session_state[widget])}


def memo(key: tuple[object, ...], compute: Callable[[], T]) -> T:
    """Return the session's cached value of a key, or compute it; the oldest entries are dropped."""
    cache = mapping(MEMO)
    if key not in cache:
        while len(cache) >= MEMO_ENTRIES:
            cache.pop(next(iter(cache)))
        cache[key] = compute()
    value: T = cache[key]
    return value


# ---------------------------------------------------------------- the lab


@st.cache_resource(show_spinner=False)
def _lab() -> Lab:
    settings = read_settings()
    return Lab(settings, shared=is_shared(settings)).swept()


def settings() -> Settings:
    """Return the settings of the process, without the keys of any session."""
    return _lab().settings


def visitor() -> Visitor:
    """Return whose session this is; raise UnavailableError where visitors must sign in first."""
    visitor = current(settings())
    if visitor is None:
        raise UnavailableError("This lab wants you to sign in.", "Reload the page.")
    return visitor


def lab() -> Lab:
    """Return the process's lab for this session's visitor; models and store are shared by all.

    Keys in Streamlit's secrets go before those of the environment, typed ones before both.
    """
    process_lab, secrets = _lab(), {}
    if st.secrets.load_if_toml_exists():
        variables = process_lab.settings.variables.items()
        secrets = {p: str(st.secrets[v]) for p, v in variables if v in st.secrets}
    return process_lab.with_keys(typed_keys(), visitor().owner, secrets)


def typed_keys() -> dict[str, str]:
    """Return the keys typed in this browser session, by provider."""
    return mapping(KEYS)


# ---------------------------------------------------------------- corpora


@st.cache_resource(show_spinner=False, max_entries=8)
def sample(name: str) -> Corpus:
    """Return a corpus that comes with the project."""
    return open_corpus(name)


def library() -> Library:
    """Return the corpora that stay, of all visitors."""
    return _lab().library


def kept() -> dict[str, Entry]:
    """Return the kept corpora that the visitor finds, or has a link to, by name."""
    links = ((name, library().linked(token)) for name, token in mapping(LINKED).items())
    linked = {name: entry for name, entry in links if entry}
    return {**library().named(visitor().owner), **linked}


def corpus_names() -> tuple[str, ...]:
    """Return the samples, the collections, the kept corpora and what this session brought along."""
    own = (*kept(), *mapping(UPLOADS))
    return tuple(dict.fromkeys((*sample_names(), *_lab().collection_names, *own)))


def corpus_named(name: str) -> Corpus:
    """Return a corpus with the judgments of the chosen split; a kept one stays on disk."""
    own = name in _lab().collection_names
    corpus = _lab().collections.open(name) if own else mapping(UPLOADS).get(name)
    if corpus is None:
        entry = kept().get(name)
        corpus = library().open(entry, name) if entry else sample(name)
    corpus = corpus.with_splits(mapping(JUDGING).get(("splits", name), {}))
    split = get(SPLITS).get(name, corpus.split)
    return memo(("split", corpus, split), lambda: corpus.with_split(split))


def corpus() -> Corpus:
    """Return the session's corpus; the first sample until another is chosen."""
    names = corpus_names()
    name = get(CORPUS) if get(CORPUS) in names else names[0]
    try:
        return corpus_named(name)
    except LabError as exc:  # it is damaged, was deleted at this moment, or its server is gone
        put(UNOPENED, exc)
        put(CORPUS, names[0])
        return corpus_named(names[0])


def choose_corpus(name: str) -> None:
    """Make a corpus the session's own, with its opening query and no filter."""
    put(CORPUS, name)
    st.session_state.update({FILTER: NO_FILTER, UNOPENED: None})
    put(QUERY, corpus().opening_query)
    put(FIRST_STAGE, lab().usable_first_stage(corpus(), get(FIRST_STAGE)))


def choose_split(name: str, split: str) -> None:
    """Judge a corpus by another split; comparisons that used the old one are dropped."""
    if corpus_named(name).split != split:
        put(SPLITS, {**get(SPLITS), name: split})
        put(JOB, None)
        put(PAST_JOBS, {})


def query() -> str:
    """Return the session's query; a first visit begins with the corpus's opening query."""
    if QUERY not in st.session_state:
        put(QUERY, corpus().opening_query)
    return str(get(QUERY))


# ---------------------------------------------------------------- work in threads


def work() -> list[Worker]:
    """Return the work in threads that this session began or watches."""
    begun = [get(key) for key in (JOB, TASK, MEASURING, EVALUATING)]
    return [w for w in (*begun, *mapping(COMPUTATIONS).values()) if w is not None]


def ask_about_work() -> None:
    """Say of all of this session's work that it is still wanted."""
    for one in work():
        if one.impatient:
            one.ask()


def task() -> BackgroundTask | None:
    """Return the session's indexing, if one was begun."""
    current: BackgroundTask | None = get(TASK)
    return current
