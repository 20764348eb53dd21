"""An evaluation as one HTML page that needs no network and no script."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence

from components.domain import Corpus
from components.evaluation import summary as evidence
from components.evaluation.significance import Mean, facts, means
from components.exports import svg as drawings
from components.exports.evaluation_report import (
    DIFFERENCES,
    Dossier,
    changed,
    hosted_systems,
    reused_words,
    verdicts,
)
from components.wording import dollars, milliseconds, queries, signed

EXTREMES = 3
SHOWN = 5
"""Queries at either end, and ranks of each, that the report shows in full."""

_STYLE = """
:root{color-scheme:light dark;--ink:#1d1f23;--soft:#5c626b;--line:#e4e1d9;--bg:#fbfaf7;--card:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#eceae4;--soft:#a9afb9;--line:#2d323a;--bg:#14161a;
--card:#1b1e24}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1000px;padding:32px 20px;
background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,"DejaVu Sans",sans-serif;
overflow-wrap:anywhere}
h1{font-size:25px;margin:0 0 4px}h2{font-size:18px;margin:38px 0 2px}
h3{font-size:15px;margin:22px 0 4px}
p{margin:4px 0 10px}.soft{color:var(--soft);font-size:14px}
.verdict{border-left:3px solid;padding:2px 0 2px 14px;margin:18px 0;font-size:17px}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:5px 18px 5px 0;border-bottom:1px solid var(--line);text-align:right;
vertical-align:top}
th:first-child,td:first-child{text-align:left;max-width:460px}td.text,th.text{text-align:left}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:18px}ol{padding-left:22px;margin:4px 0}
@media(max-width:640px){.pair{grid-template-columns:1fr}}
.good{font-weight:700}svg{margin:8px 0}
"""


def html_report(view: Dossier) -> str:
    """Return a report that needs no network and no script; every text is escaped."""
    plan, n = view.snapshot.plan, len(view.snapshot.evaluation.complete)
    said = "".join(f"<div>{_text(line)}</div>" for line in verdicts(view))
    noted = evidence.cautions(plan, view.snapshot.evaluation, _cut(view.measure))
    parts = [
        f"<h1>Is the second stage worth it? {_text(plan.corpus)}, {queries(n)}</h1>",
        f'<p class="soft">{_text(_provenance(view))}</p>',
        f'<div class="verdict">{said}</div>',
        *(f'<p class="soft">{_text(line)}</p>' for line in noted),
        *(_evidence(view) if view.ranked else ()),
        *_failures(view),
        "<h2>Models</h2>",
        _table(("System", "Model and revision"), list(view.snapshot.models.items()), text=2),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_text(plan.corpus)} evaluated</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>"
    )


def _cut(measure: str) -> int:
    return int(measure.partition("@")[2] or 10)


def _text(value: str) -> str:
    return html.escape(value, quote=True)


def _how(line: str) -> str:
    return f'<p class="soft">How to read: {_text(line)}</p>'


def _provenance(view: Dossier) -> str:
    plan = view.snapshot.plan
    return (
        f"{plan.documents:,} documents (fingerprint {plan.fingerprint[:12]}), judgments "
        f"“{plan.split}”, queries: {plan.subset}, {plan.depth} candidates a query from "
        f"{plan.first_stage}, {view.snapshot.made:%d %B %Y %H:%M} UTC."
        + (f" Instruction: {told}." if (told := plan.request.instruction) else "")
    )


def _evidence(view: Dossier) -> Iterator[str]:
    yield from _quality(view)
    yield from _by_query(view)
    yield from _by_tag(view)
    yield from _headroom(view)
    yield from _worth(view)
    yield from _latency(view)
    yield from _extremes(view)


def _quality(view: Dossier) -> Iterator[str]:
    found = means(view.ranked, view.names)
    bars = [_bar(view, system, values[view.measure]) for system, values in found.items()]
    words = [f"{bar.value:.3f}" for bar in bars]
    rows = [(s, *(f"{m[n].value:.4f}" for n in view.names)) for s, m in found.items()]
    yield "<h2>Quality</h2>"
    yield _how(f"a dot is the mean {view.measure}, the bar its 95% bootstrap interval.")
    yield drawings.intervals(bars, words)
    yield _table(("System", *view.names), rows)
    changes = [facts(d) for d in changed(view)]
    if changes:
        yield f"<h3>Differences from {_text(view.base)}</h3>"
        yield _how(DIFFERENCES)
        yield _table(tuple(changes[0]), [tuple(row.values()) for row in changes])


def _bar(view: Dossier, system: str, mean: Mean) -> drawings.Bar:
    style = view.styles[system]
    return drawings.Bar(f"{style.letter} {system}", mean.value, mean.low, mean.high, style.colour)


def _others(view: Dossier) -> list[str]:
    return [s for s in view.ranked if s != view.base] if view.base in view.ranked else []


def _by_query(view: Dossier) -> Iterator[str]:
    for system in _others(view):
        found = evidence.changes(view.snapshot.plan, view.ranked, view.base, system, view.measure)
        values = [c.change for c in found]
        titles = [f"{c.query.text[:120]}: {signed(c.change)}" for c in found]
        up, down = sum(v > 0 for v in values), sum(v < 0 for v in values)
        yield f"<h2>{_text(system)} against {_text(view.base)}, query by query</h2>"
        yield _how(
            f"one bar a query, sorted; up is a gain in {view.measure}. {up:,} better, {down:,} "
            f"worse, {len(values) - up - down:,} the same."
        )
        styles = view.styles
        yield drawings.changes(values, titles, (styles[system].colour, styles[view.base].colour))


def _by_tag(view: Dossier) -> Iterator[str]:
    groups = evidence.by_tag(view.snapshot.plan, view.ranked, view.measure)
    if groups:
        yield "<h2>By kind of query</h2>"
        yield _how(f"mean {view.measure} of the queries with a tag; small n says little.")
        rows = [(g.tag, f"{g.n:,}", *(f"{v:.3f}" for v in g.means.values())) for g in groups]
        yield _table(("Tag", "n", *groups[0].means), rows)


def _headroom(view: Dossier) -> Iterator[str]:
    plan, found = view.snapshot.plan, view.snapshot.evaluation
    top = evidence.ceiling(plan, found, view.measure)
    yield "<h2>Headroom</h2>"
    yield _how(
        f"the candidates hold {top.recall:.1%} of the relevant documents; the rest no reranker "
        f"can bring back. The best order of the same candidates has {view.measure} "
        f"{top.best:.3f}."
    )
    rows = [
        (s, f"{m.mean[view.measure]:.3f}", f"{top.best - m.mean[view.measure]:.3f}")
        for s, m in view.ranked.items()
    ]
    yield _table(("System", view.measure, "short of the best order"), rows)


def _worth(view: Dossier) -> Iterator[str]:
    plan, found = view.snapshot.plan, view.snapshot.evaluation
    quality = {s: m.mean[view.measure] for s, m in view.ranked.items()}
    dots = evidence.points(quality, evidence.median_ms(plan, found))
    if len(dots) > 1:
        yield "<h2>Quality against latency</h2>"
        yield _how(
            "left is faster, up is better; faint are systems that another one equals or beats in "
            "both. Median of both stages, this machine, warm, one system at a time."
        )
        yield drawings.scatter(
            [
                drawings.Dot(
                    p.system, p.price, p.quality, view.styles[p.system].colour, p.dominated
                )
                for p in dots
            ],
            "ms a query",
            view.measure,
        )


def _latency(view: Dossier) -> Iterator[str]:
    plan, found = view.snapshot.plan, view.snapshot.evaluation
    times = evidence.stage_times(plan, found)
    if not times:
        return
    yield "<h2>Latency and cost</h2>"
    yield _how(reused_words(times) or "percentiles over the queries, measured in this run.")
    usd = evidence.usd_a_query(plan, found, hosted_systems(view.styles))
    rows = [
        (
            t.system,
            t.stage,
            *(milliseconds(value) for value in (t.p50, t.p95, t.p99)),
            f"{t.pairs:,.0f}" if t.pairs else "",
            f"{t.tokens:,.0f}" if t.tokens else "not counted" if t.pairs else "",
            _cost(t.system, t.stage, usd),
        )
        for t in times
    ]
    head = ("System", "Stage", "p50", "p95", "p99", "pairs", "tokens", "cost of 1,000 queries")
    yield _table(head, rows, text=2)


def _cost(system: str, stage: str, usd: Mapping[str, float]) -> str:
    if stage not in {"rerank"}:
        return ""
    return dollars(usd[system] * 1000) if system in usd else "unknown"


def _extremes(view: Dossier) -> Iterator[str]:
    others = _others(view)
    if not others:
        return
    best = max(others, key=lambda s: view.ranked[s].mean[view.measure])
    found = evidence.changes(view.snapshot.plan, view.ranked, view.base, best, view.measure)
    gains = [c for c in found[:EXTREMES] if c.change > 0]
    losses = [c for c in found[::-1][:EXTREMES] if c.change < 0]
    for title, group in ((f"Where {best} helped most", gains), ("Where it did harm", losses)):
        if group:
            yield f"<h2>{_text(title)}</h2>"
            yield _how("the first documents of both rankings; bold are those judged relevant.")
            yield from (_query(view, best, change) for change in group)


def _query(view: Dossier, system: str, change: evidence.Change) -> str:
    lists = "".join(
        f"<div><b>{_text(s)}</b> {_text(view.measure)} {value:.3f}"
        f"{_top(view, s, change.query.id)}</div>"
        for s, value in ((view.base, change.before), (system, change.after))
    )
    head = f"{change.query.text} ({signed(change.change)})"
    return f'<h3 dir="auto">{_text(head)}</h3><div class="pair">{lists}</div>'


def _top(view: Dossier, system: str, query: str) -> str:
    documents = view.snapshot.evaluation.rankings[system][query].documents[:SHOWN]
    grades = view.snapshot.plan.judgments.get(query, {})
    items = "".join(
        f'<li dir="auto"{_good(grades.get(d))}>{_text(_title(view.corpus, d))}'
        f'<span class="soft"> · {_judged(grades.get(d))}</span></li>'
        for d in documents
    )
    return f"<ol>{items}</ol>"


def _good(grade: int | None) -> str:
    return ' class="good"' if grade and grade > 0 else ""


def _judged(grade: int | None) -> str:
    return "unjudged" if grade is None else f"grade {grade}"


def _title(corpus: Corpus | None, document: str) -> str:
    known = corpus.by_id.get(document) if corpus else None
    text = " ".join((known.title or known.text).split()) if known else ""
    return (text if len(text) <= 120 else f"{text[:119]}…") or document


def _failures(view: Dossier) -> Iterator[str]:
    rows = [
        (system, query, f"{failure.reason} {failure.remedy}")
        for system, failures in view.snapshot.evaluation.failures.items()
        for query, failure in failures
    ]
    if rows:
        yield "<h2>Failures</h2>"
        yield _table(("System", "Query", "Reason"), rows, text=3)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], text: int = 1) -> str:
    """Return a table; the first `text` columns hold words, the others numbers."""

    def line(cells: Sequence[str], kind: str) -> str:
        words = (' class="text"' if i < text else "" for i in range(len(cells)))
        return "".join(f"<{kind}{w}>{_text(c)}</{kind}>" for c, w in zip(cells, words, strict=True))

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{line(head, "th")}</tr>{body}</table></div>'
