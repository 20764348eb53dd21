"""An evaluation as tables: CSV for spreadsheets, LaTeX for papers."""

from __future__ import annotations

import csv
import io

from components.evaluation import summary as evidence
from components.exports.evaluation_report import Dossier, changed


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
