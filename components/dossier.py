"""An evaluation as files: runs and judgments, metrics, CSV, a LaTeX table, an HTML report."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from components import drawings, evidence
from components.catalog import reranker_specs
from components.config import Settings
from components.domain import Corpus, InputError
from components.evaluation import MEASURES, Metrics, Plan
from components.looks import Look, evaluated_looks, milliseconds
from components.prices import dollars
from components.report import file_name, qrels_lines, run_lines
from components.significance import Difference, Mean, differences, facts, means, sentence, signed
from components.snapshots import Snapshot

DIFFERENCES = (
    "paired by query. The interval is of the mean difference (bootstrap), p of a paired "
    "randomisation test, then corrected for the number of systems (Holm); the effect size is the "
    "mean in standard deviations; the last column counts the further queries that would show half "
    "the difference four times out of five."
)
EXTREMES = 3
SHOWN = 5
"""Queries at either end, and ranks of each, that the report shows in full."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """An evaluation with the view that is taken of it.

    `corpus` gives titles to documents; without it they are shown by their ids.
    """

    snapshot: Snapshot
    metrics: Mapping[str, Metrics]
    settings: Settings
    corpus: Corpus | None = None
    baseline: str = ""
    measure: str = MEASURES[0]
    dark: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the measures, the chosen one first."""
        known = next((list(m.mean) for m in self.metrics.values() if m.mean), list(MEASURES))
        return (self.measure, *(name for name in known if name != self.measure))

    @property
    def base(self) -> str:
        """Return the baseline: the first stage unless another was chosen."""
        return self.baseline or self.snapshot.plan.first_stage

    @property
    def looks(self) -> dict[str, Look]:
        """Return the systems' letters and colours."""
        return evaluated_looks(self.snapshot.plan.systems, self.settings, dark=self.dark)

    @property
    def listwise(self) -> frozenset[str]:
        """Return the systems whose scores depend on the other candidates."""
        specs = reranker_specs(self.settings)
        return frozenset(s for s in self.snapshot.plan.systems if s in specs and specs[s].listwise)

    @property
    def ranked(self) -> dict[str, Metrics]:
        """Return the metrics of the systems that ranked anything."""
        return {s: m for s, m in self.metrics.items() if m.per_query}


def with_rerankers(chosen: Plan, rerankers: Sequence[str]) -> Plan:
    """Return the same plan for other rerankers."""
    return replace(chosen, request=replace(chosen.request, rerankers=tuple(rerankers)))


def verdicts(view: Dossier, known: Sequence[Difference] | None = None) -> list[str]:
    """Return one sentence a system: whether it differs from the baseline, and how sure.

    Differences that are `known` already are not computed again.
    """
    if not view.ranked:
        return ["No query was ranked by every system: there is nothing to compare."]
    if view.base not in view.ranked:
        return [f"{view.base} ranked no query: there is nothing to compare with."]
    found = [sentence(d, view.base) for d in (changed(view) if known is None else known)]
    return found or [f"{view.base} was evaluated alone: choose a second system to compare it with."]


def changed(view: Dossier) -> tuple[Difference, ...]:
    """Return how every system differs from the baseline; empty where there is none to compare."""
    return differences(view.ranked, view.base, view.measure) if view.base in view.ranked else ()


# ---------------------------------------------------------------- files


def files(view: Dossier) -> Iterator[tuple[str, str]]:
    """Yield every file of an evaluation: its path and its text."""
    found, plan = view.snapshot.evaluation, view.snapshot.plan
    for system in found.rankings:
        yield f"runs/{file_name(system)}", _lines(run_lines(found.run(system), system))
    counted = {q: plan.judgments[q] for q in found.complete if q in plan.judgments}
    yield "qrels.trec", _lines(qrels_lines(counted))
    yield "metrics.json", _json({s: m.mean for s, m in view.metrics.items()})
    yield "per_query.json", _json({s: m.per_query for s, m in view.metrics.items()})
    yield "per_query.csv", per_query_csv(view)
    yield "differences.csv", differences_csv(view)
    yield "latency.csv", latency_csv(view)
    yield "table.tex", latex(view)
    yield "report.html", html_report(view)


def write(folder: Path, view: Dossier) -> None:
    """Write every file; raise InputError where the folder cannot be written."""
    try:
        for name, text in files(view):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as exc:
        raise InputError(f"{folder} cannot be written: {exc}.", "Choose another --out.") from exc


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def per_query_csv(view: Dossier) -> str:
    """Return one row a query and system: every measure, the times, what was billed."""
    plan, found, out = view.snapshot.plan, view.snapshot.evaluation, io.StringIO()
    table = csv.writer(out)
    times = ("embed_ms", "search_ms", "rerank_ms")
    table.writerow(["query_id", "query", "tags", "system", *view.names, *times, "pairs", "usd"])
    for query in plan.queries:
        for system, metrics in view.ranked.items():
            if query.id not in metrics.per_query:
                continue
            ranked, values = found.rankings[system][query.id], metrics.per_query[query.id]
            usd = ranked.usage.usd
            table.writerow(
                [
                    *map(_cell, (query.id, query.text, " ".join(query.tags), system)),
                    *(f"{values[name]:.6f}" for name in view.names),
                    *(f"{getattr(ranked.timing, t):.3f}" for t in times),
                    ranked.usage.pairs,
                    "" if usd is None else f"{usd:.8f}",
                ]
            )
    return out.getvalue()


def differences_csv(view: Dossier) -> str:
    """Return one row a system: its difference from the baseline; what is not known is empty."""
    out = io.StringIO()
    table = csv.writer(out)
    columns = ("mean", "low", "high", "p", "holm", "effect", "more")
    table.writerow(["system", "baseline", "measure", "n", *columns])
    for d in changed(view):
        values = (getattr(d, name) for name in columns)
        cells = ["" if v is None or v != v else v for v in values]
        table.writerow([_cell(d.system), _cell(view.base), d.measure, d.n, *cells])
    return out.getvalue()


def _cell(text: str) -> str:
    """Return a text that a spreadsheet does not run as a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def latency_csv(view: Dossier) -> str:
    """Return the percentiles of every stage."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["system", "stage", "p50_ms", "p95_ms", "p99_ms", "n", "pairs", "tokens"])
    for t in evidence.stage_times(view.snapshot.plan, view.snapshot.evaluation):
        ms = (f"{value:.3f}" for value in (t.p50, t.p95, t.p99))
        table.writerow([_cell(t.system), t.stage, *ms, t.n, f"{t.pairs:.1f}", f"{t.tokens:.0f}"])
    return out.getvalue()


_LATEX = {c: rf"\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def latex(view: Dossier) -> str:
    """Return the metrics as a booktabs table; a dagger marks what is more than noise."""
    head = " & ".join(["System", *map(_tex, view.names)])
    marked = {d.system for d in changed(view) if d.distinguishable}
    rows = []
    for system, metrics in view.ranked.items():
        values = [f"{metrics.mean[name]:.4f}" for name in view.names]
        values[0] += r"$^{\dagger}$" if system in marked else ""
        rows.append(" & ".join([_tex(system), *values]) + r" \\")
    plan, n = view.snapshot.plan, len(view.snapshot.evaluation.complete)
    caption = _tex(f"{plan.corpus}, {n} queries, {plan.depth} candidates.")
    note = _tex(f"differs from {view.base} in {view.measure}: p < 0.05, randomisation test, Holm")
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            r"\begin{table}",
            rf"\caption{{{caption} $^{{\dagger}}$ {note}.}}",
            rf"\begin{{tabular}}{{l{'r' * len(view.names)}}}",
            r"\toprule",
            head + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _tex(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in text)


# ---------------------------------------------------------------- the HTML report

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
        f"<h1>Is the second stage worth it? {_text(plan.corpus)}, {n:,} queries</h1>",
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
    look = view.looks[system]
    return drawings.Bar(f"{look.letter} {system}", mean.value, mean.low, mean.high, look.colour)


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
        looks = view.looks
        yield drawings.changes(values, titles, (looks[system].colour, looks[view.base].colour))


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
                drawings.Dot(p.system, p.price, p.quality, view.looks[p.system].colour, p.dominated)
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
    usd = evidence.usd_a_query(plan, found, hosted_systems(view.looks))
    rows = [
        (
            t.system,
            t.stage,
            *(milliseconds(value) for value in (t.p50, t.p95, t.p99)),
            f"{t.pairs:,.0f}",
            f"{t.tokens:,.0f}",
            _cost(t.system, t.stage, usd),
        )
        for t in times
    ]
    head = ("System", "Stage", "p50", "p95", "p99", "pairs", "tokens", "1,000 queries")
    yield _table(head, rows, text=2)


def hosted_systems(looks: Mapping[str, Look]) -> tuple[str, ...]:
    """Return the systems that a provider bills for: remote ones, save servers of one's own."""
    return tuple(s for s, look in looks.items() if look.remote and not s.startswith("compatible:"))


def _cost(system: str, stage: str, usd: Mapping[str, float]) -> str:
    if stage not in {"rerank"}:
        return ""
    return dollars(usd[system] * 1000) if system in usd else "unknown"


def reused_words(times: Sequence[evidence.StageTime]) -> str:
    """Say which times are of an earlier run; empty where none is."""
    old = {t.system: t for t in times if t.reused}
    words = ", ".join(f"{s} on {t.reused:,} of {t.n:,} queries" for s, t in old.items())
    return f"Times of scores kept from an earlier run are of that run: {words}." if old else ""


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
