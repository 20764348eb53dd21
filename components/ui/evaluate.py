"""The Evaluate page's run: what is evaluated, how far it is, and which evaluation is shown."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

import streamlit as st

from components import catalog, evaluation
from components.domain import Corpus, LabError
from components.dossier import Dossier
from components.evaluation import MEASURES, Metrics, Plan, Subset
from components.jobs import Evaluating, at_work
from components.looks import evaluated_looks
from components.money import Traffic, bills
from components.pipeline import check_request
from components.prices import dollars
from components.snapshots import Snapshot
from components.ui import ask, page, state
from components.ui.choosing import reading

POLL_SECONDS = 0.3
SUBSETS = {"all": "all", "tag": "one kind", "sample": "some, at random"}


# ---------------------------------------------------------------- what to evaluate


def form() -> Plan | LabError:
    """Show the settings and return what would be evaluated, or why nothing can be."""
    with st.container(horizontal=True, key="evaluation-settings", vertical_alignment="bottom"):
        page.corpus_picker("_evaluated_corpus", 170)
        _choose_split()
        st.selectbox(
            "Queries",
            list(SUBSETS),
            format_func=lambda key: SUBSETS[key],
            width=170,
            **state.bound(state.SUBSET),
        )
        _choose_subset()
        with st.popover("Systems and depth", icon=":material/tune:", width="content"):
            ask.choose_systems()
            st.checkbox(
                "Take scores that are kept from earlier runs",
                help="A pair of query and document that a model has scored is not scored again. "
                "Its time is that of the earlier run, and the evaluation says so.",
                **state.bound(state.REUSE),
            )
    try:
        return _plan()
    except LabError as exc:
        return exc


def _choose_split() -> None:
    """Let the visitor choose among several sets of judgments."""
    found = state.corpus()
    if len(found.splits) < 2:
        return
    counts = {name: len(judged) for name, judged in found.splits.items()}
    key = f"_split_{found.fingerprint[:12]}"
    st.session_state[key] = found.split
    st.selectbox(
        "Judgments (split)",
        list(counts),
        format_func=lambda name: f"{name} ({counts[name]:,} queries)",
        on_change=lambda: state.choose_split(found.name, st.session_state[key]),
        key=key,
        width=190,
    )


def _choose_subset() -> None:
    kind = state.get(state.SUBSET)
    if kind == "tag":
        counts = Counter(tag for query in state.corpus().queries for tag in query.tags)
        tags = sorted(counts)
        if state.get(state.TAG) not in tags:
            state.put(state.TAG, tags[0] if tags else None)
        st.selectbox(
            "Which kind",
            tags,
            format_func=lambda tag: f"{tag} ({counts[tag]:,})",
            placeholder="no query has a tag",
            width=230,
            **state.bound(state.TAG),
        )
    elif kind == "sample":
        st.number_input("How many", *(1, 100_000), width=130, **state.bound(state.SAMPLE))
        st.number_input(
            "Seed",
            *(0, 1_000_000),
            width=110,
            help="The same seed draws the same queries.",
            **state.bound(state.SEED),
        )


def _plan() -> Plan:
    kind = state.get(state.SUBSET)
    subset = Subset(
        tag=str(state.get(state.TAG) or "") if kind == "tag" else "",
        sample=int(state.get(state.SAMPLE)) if kind == "sample" else None,
        seed=int(state.get(state.SEED)) if kind == "sample" else 0,
    )
    asked = replace(
        ask.request(), query="-", recorded=(), recorded_first=None, reuse=state.get(state.REUSE)
    )
    check_request(asked, state.lab())
    found = state.corpus()
    return evaluation.plan(found, asked, subset=subset, split=found.split)


# ---------------------------------------------------------------- the run


def run(chosen: Plan | LabError) -> None:
    """Offer to evaluate; show a run's progress until it ends."""
    job: Evaluating | None = state.get(state.EVALUATING)
    live = job is not None and not job.shown
    if isinstance(chosen, LabError):
        page.complain(chosen)
    else:
        with st.container(horizontal=True, vertical_alignment="center", key="evaluate"):
            if st.button("Evaluate", type="primary", key="evaluate_now", disabled=live):
                _begin(chosen, None)
            _offer_resume(job)
            page.soft(_plan_words(chosen), "plan")
    if not live:
        _offer_others()
    if job is not None:
        every = None if job.finished else POLL_SECONDS
        st.fragment(_watch, run_every=every)(job, every is not None)


def _plan_words(chosen: Plan) -> str:
    systems = ", ".join(chosen.systems[1:]) or "alone"
    said = (
        f"{len(chosen.queries):,} judged queries of {chosen.corpus} ({chosen.subset}), "
        f"{chosen.depth} candidates each from {chosen.first_stage}: {systems}."
    )
    return " ".join([said, *_takes(chosen), *_costs(chosen)])


def _takes(chosen: Plan) -> Iterator[str]:
    """Say how long the chosen rerankers will take, where their speed is known."""
    lab, pairs = state.lab(), len(chosen.queries) * chosen.depth
    speeds = [lab.ms_a_pair(system) for system in chosen.systems[1:]]
    known = [ms for ms in speeds if ms is not None]
    if known and sum(known) * pairs >= 1000:
        yield (
            f"About {_span(sum(known) * pairs / 1000)} at the speed measured here, "
            "less where scores are kept."
        )


def _costs(chosen: Plan) -> Iterator[str]:
    """Say what providers will charge, about."""
    settings = state.lab().settings
    specs = [catalog.reranker_spec(key, settings) for key in chosen.request.rerankers]
    if not any(spec.provider for spec in specs):
        return
    read = reading(state.corpus())
    traffic = Traffic(len(chosen.queries), chosen.depth, read.query, read.document)
    for bill in bills(specs, traffic, settings):
        usd = bill.usd_a_query * len(chosen.queries)
        yield f"{bill.spec.key} will charge about {dollars(round(usd, 2) or usd)}."


def _offer_others() -> None:
    """Offer to watch an evaluation that another window, or this one before a reload, began."""
    for i, other in enumerate(at_work(state.fingerprints())):
        with st.container(horizontal=True, vertical_alignment="center", key=f"other-{i}"):
            if st.button("Watch it", key=f"watch_{i}"):
                state.put(state.EVALUATING, other)
                st.rerun()
            done = len(other.found.complete)
            page.soft(
                f"An evaluation of {other.chosen.corpus} is at work: {done:,} of "
                f"{len(other.chosen.queries):,} queries, {', '.join(other.chosen.systems)}.",
                f"other-words-{i}",
            )


def _offer_resume(job: Evaluating | None) -> None:
    """Offer to go on with a run that was stopped, or to try again what failed."""
    if job is None or not job.finished or job.snapshot is None:
        return
    open_ = len(job.chosen.queries) - len(job.found.complete)
    if open_ and st.button(
        f"Go on with {open_:,} queries",
        key="resume",
        help="Finished queries are kept; failed ones are tried again.",
    ):
        _begin(job.chosen, job.snapshot)


def _begin(chosen: Plan, before: Snapshot | None) -> None:
    old: Evaluating | None = state.get(state.EVALUATING)
    if old is not None:
        old.stop()
    corpus = old.corpus if before is not None and old is not None else state.corpus()
    # Streamlit's first table imports pandas, most of a second that nobody need wait for at the end
    threading.Thread(target=import_module, args=("pandas",), daemon=True).start()
    state.put(state.EVALUATING, Evaluating(state.lab(), corpus, chosen, before).start())
    st.rerun()


def _watch(job: Evaluating, live: bool) -> None:
    # read before drawing, so that nothing is missed in between
    finished, shown, one = job.finished, job.shown, job.snapshot
    if not shown:
        _progress(job)
    else:
        _ended(job)
    fresh = live and one is not None and state.get(state.EVALUATED) is not one
    if fresh and one is not None:
        state.put(state.EVALUATED, one)
        state.memo(_usual(one), lambda: dict(job.metrics))
    if fresh or (finished and live):
        st.rerun()


def _progress(job: Evaluating) -> None:
    looks = evaluated_looks(job.chosen.systems, state.lab().settings, dark=page.dark())
    total, step = len(job.chosen.queries), job.step
    with st.container(border=True, key="evaluating"):
        for system in job.chosen.systems:
            done = job.found.ended(system)
            left = job.seconds_left(system)
            words = f"{looks[system].letter} `{system}`: {done:,} of {total:,} queries"
            st.progress(min(done / total, 1.0), text=words + _left_words(left, done < total))
        doing = f"{step.state}: {step.done:,} of {step.total:,}" if step.total else step.state
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Stop", key="stop_evaluation", icon=":material/stop:"):
                job.stop()
            page.soft(f"Now {doing}. Finished queries are kept.", "doing")


def _left_words(seconds: float | None, unfinished: bool) -> str:
    if not unfinished:
        return ""
    if seconds is None:
        return " · not begun"
    if seconds < 1:
        return " · less than a second left"
    return f" · about {_span(seconds)} left"


def _span(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 90 else f"{seconds / 60:,.0f} min"


def _ended(job: Evaluating) -> None:
    if job.error:
        page.complain(job.error, key="complaint-evaluation")
    if job.not_kept:
        page.complain(job.not_kept, key="complaint-kept")
    if job.stopped:
        page.soft("Stopped. What had finished is shown and kept.", "stopped")


# ---------------------------------------------------------------- what is shown


def shown() -> Dossier | None:
    """Return the session's evaluation as it is looked at: measure and baseline included."""
    one: Snapshot | None = state.get(state.EVALUATED)
    if one is None or one.plan.fingerprint not in state.fingerprints():
        return None
    name, systems = measure_name(), one.plan.systems
    baseline = state.get(state.BASELINE)
    return Dossier(
        one,
        metrics_of(one, name),
        state.lab().settings,
        next((c for c in _corpora() if c.fingerprint == one.plan.fingerprint), None),
        baseline if baseline in systems else "",
        name,
        page.dark(),
    )


def _corpora() -> Iterator[Corpus]:
    return (state.corpus_named(name) for name in state.corpus_names())


def measure_name() -> str:
    """Return the measure that the session looks at, such as nDCG@10."""
    family = state.get(state.MEASURE)
    return "AP" if family == "AP" else f"{family}@{state.get(state.CUT)}"


def metrics_of(one: Snapshot, name: str) -> dict[str, Metrics]:
    """Return an evaluation's metrics: the usual ones, and all at the named measure's cut-off."""
    usual = state.memo(_usual(one), lambda: one.evaluation.metrics(one.plan.judgments))
    cut = int(name.partition("@")[2] or 10)
    names = tuple(n for n in evaluation.measures_at(cut) if n not in MEASURES)
    if not names:
        return usual
    others = state.memo(
        (*_usual(one), *names), lambda: one.evaluation.metrics(one.plan.judgments, names)
    )
    return {system: _joined(others[system], usual[system]) for system in usual}


def _usual(one: Snapshot) -> tuple[object, ...]:
    """Return the key of an evaluation's usual metrics; a resumed one has more queries."""
    return ("metrics", one.id, len(one.evaluation.complete))


def _joined(first: Metrics, second: Metrics) -> Metrics:
    per_query = {q: {**first.per_query[q], **second.per_query[q]} for q in second.per_query}
    return Metrics({**first.mean, **second.mean}, per_query)
