"""A comparison as one HTML file that needs nothing else: no network, no script."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from components.analysis.comparison import Path, Verdict, movement_paths
from components.charts.palette import SystemStyle
from components.domain import Corpus, Failure, Hit, Ranking
from components.exports.trec import run_lines
from components.measures import run_scores
from components.wording import dollars, milliseconds

ROW, TOP, STEP = 24, 34, 150
"""Pixels from rank to rank, above the first, and from column to column of the movement chart."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows: rankings with the first stage first, their looks and models."""

    query: str
    corpus: Corpus
    rankings: tuple[Ranking, ...]
    styles: Mapping[int, SystemStyle]
    models: Sequence[str]
    failures: tuple[Failure, ...]
    grades: Mapping[str, int]
    verdict: Verdict | None
    final_k: int
    instruction: str
    made: datetime


_STYLE = """
:root{color-scheme:light dark;--ink:#1d1f23;--soft:#5c626b;--line:#e4e1d9;--bg:#fbfaf7;--card:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#eceae4;--soft:#a9afb9;--line:#2d323a;--bg:#14161a;
--card:#1b1e24}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1400px;padding:32px 22px;background:var(--bg);
color:var(--ink);font:15px/1.45 system-ui,"DejaVu Sans",sans-serif;overflow-wrap:anywhere}
h1{font-size:26px;margin:0 0 6px}h2{font-size:17px;margin:34px 0 8px}p{margin:4px 0}
.soft,small{color:var(--soft)}.verdict{border-left:3px solid;padding-left:14px;margin:14px 0}
.columns{display:flex;gap:18px;overflow-x:auto;align-items:flex-start}
.columns>section{flex:1 0 230px}
.tag{display:inline-block;min-width:22px;padding:0 6px;border-radius:6px;color:#fff;font-weight:700;
text-align:center}ol{list-style:none;margin:10px 0 0;padding:0}
li{background:var(--card);border:1px solid var(--line);border-radius:9px;padding:8px 10px;
margin-bottom:8px}li b{display:block}li span{margin-right:10px;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}table{border-collapse:collapse}td,th{padding:4px 16px 4px 0;text-align:left;
border-bottom:1px solid var(--line)}svg text{font:600 11px system-ui,sans-serif;fill:var(--ink)}
svg .title{font-weight:400}svg path{fill:none;stroke:var(--soft)}svg circle{fill:var(--bg)}
.time{display:inline-block;height:14px;border-radius:3px;vertical-align:middle}
"""


def card_html(card: Card) -> str:
    """Return the card; every text is escaped, and nothing is loaded from elsewhere."""
    columns = "".join(_column(card, i) for i in range(len(card.rankings)))
    parts = [
        f"<h1>{_text(card.query)}</h1>",
        f'<p class="soft">{_text(_provenance(card))}</p>',
        _verdict(card.verdict),
        f'<div class="columns">{columns}</div>',
        *(f"<p>{_text(f'{f.system} failed: {f.reason} {f.remedy}')}</p>" for f in card.failures),
        "<h2>Rank movement</h2>",
        '<p class="soft">How to read: one line a document, one column a system; bold are the '
        f"relevant ones. Below the dots stand ranks beyond {card.final_k}.</p>",
        f'<div class="scroll">{_movement(card)}</div>',
        "<h2>Where the time went</h2>",
        '<p class="soft">How to read: one bar a system, both stages together, in milliseconds.</p>',
        _times(card),
        "<h2>Models</h2>",
        _models(card),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_text(card.query[:80])}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>"
    )


def _text(value: str) -> str:
    return html.escape(value, quote=True)


def _provenance(card: Card) -> str:
    corpus = card.corpus
    told = f" Instruction: {card.instruction}." if card.instruction else ""
    return (
        f"{corpus.name}, {len(corpus.documents):,} documents, fingerprint "
        f"{corpus.fingerprint[:12]}. {card.made:%d %B %Y %H:%M} UTC.{told}"
    )


def _verdict(found: Verdict | None) -> str:
    if found is None:
        return ""
    return (
        f'<div class="verdict"><p>{_text(found.sentence)}</p>'
        f"<small>{_text(found.caution)}</small></div>"
    )


def _column(card: Card, i: int) -> str:
    ranking, style = card.rankings[i], card.styles[i]
    ms = ranking.timing.rerank_ms if i else ranking.timing.total_ms
    facts = [milliseconds(ms), style.scale]
    if ranking.usage.usd is not None:
        facts.append(dollars(ranking.usage.usd) + (" estimated" if ranking.usage.estimated else ""))
    facts += [f"recorded {ranking.recorded}"] if ranking.recorded else []
    facts += ["cached"] if ranking.cached else []
    hits = "".join(_item(card, hit, first=not i) for hit in ranking.hits[: card.final_k])
    return (
        f'<section><span class="tag" style="background:{style.colour}">{style.letter}</span> '
        f"<b>{_text(style.label)}</b><p><small>{_text(' · '.join(facts))}</small></p>"
        f"<ol>{hits}</ol></section>"
    )


def _item(card: Card, hit: Hit, *, first: bool) -> str:
    document = hit.document
    grade = card.grades.get(document.id)
    judged = "" if not card.grades else "unjudged" if grade is None else f"grade {grade}"
    words = [f"{hit.rank}", "" if first else _moved(hit, card.final_k), judged, f"{hit.score:.4g}"]
    line = "".join(f"<span>{_text(word)}</span>" for word in words if word)
    body = document.text if len(document.text) <= 160 else f"{document.text[:160]}…"
    title = f'<b dir="auto">{_text(document.title[:200])}</b>' if document.title else ""
    return f'<li>{title}<small dir="auto">{_text(body)}</small><br>{line}</li>'


def _moved(hit: Hit, k: int) -> str:
    if not hit.first_stage_rank:
        return "not retrieved"
    if hit.first_stage_rank > k:
        return f"from {hit.first_stage_rank}"
    ranks = hit.movement
    return f"▲ {ranks}" if ranks > 0 else f"▼ {-ranks}" if ranks < 0 else "="


# ---------------------------------------------------------------- pictures


def _movement(card: Card) -> str:
    paths = movement_paths(card.rankings, card.final_k)
    heights = [h for p in paths for h in p.heights if h is not None]
    if not heights:
        return ""
    wide = STEP * (len(card.rankings) - 1) + 40
    tall = _y(max(heights)) + ROW
    heads = "".join(
        f'<text x="{_x(i)}" y="14" text-anchor="middle">{card.styles[i].letter}</text>'
        for i in range(len(card.rankings))
    )
    cut = _y(card.final_k + 0.75)
    line = (
        f'<path d="M4 {cut}H{wide}" stroke-dasharray="2 4"/>' if max(heights) > card.final_k else ""
    )
    ways = "".join(_way(card, path) for path in paths)
    label = f"Ranks of {len(paths)} documents in {len(card.rankings)} systems"
    return (
        f'<svg role="img" aria-label="{label}" width="{wide + 340}" height="{tall}">'
        f"{heads}{line}{ways}</svg>"
    )


def _x(column: int) -> int:
    return 18 + STEP * column


def _y(height: float) -> float:
    return TOP + (height - 0.5) * ROW


def _way(card: Card, path: Path) -> str:
    bold = card.grades.get(path.document.id, 0) > 0
    width = 2.4 if bold else 1
    points = [(i, h, r) for i, (h, r) in enumerate(zip(path.heights, path.ranks, strict=True)) if h]
    steps = [
        f"C{_x(i) - STEP / 2} {_y(a)} {_x(i) - STEP / 2} {_y(b)} {_x(i)} {_y(b)}"
        if j == i - 1
        else f"M{_x(i)} {_y(b)}"
        for (j, a, _), (i, b, _) in pairwise(points)
    ]
    start = f"M{_x(points[0][0])} {_y(points[0][1])}"
    dots = "".join(
        f'<circle cx="{_x(i)}" cy="{_y(h)}" r="10" stroke="{card.styles[i].colour}" '
        f'stroke-width="{width}"/><text x="{_x(i)}" y="{_y(h) + 4}" text-anchor="middle">{r}</text>'
        for i, h, r in points
    )
    last, height, _ = points[-1]
    title = _text((path.document.title or path.document.text)[:48])
    name = ""
    if last == len(card.rankings) - 1:
        weight = "" if bold else ' class="title"'
        name = f'<text{weight} x="{_x(last) + 18}" y="{_y(height) + 4}">{title}</text>'
    return f'<g><path d="{start}{"".join(steps)}" stroke-width="{width}"/>{dots}{name}</g>'


def _times(card: Card) -> str:
    totals = [ranking.timing.total_ms for ranking in card.rankings]
    most = max([*totals, 1e-9])
    rows = "".join(
        f"<tr><td>{card.styles[i].letter} {_text(card.styles[i].label)}</td><td>"
        f'<span class="time" style="width:{max(2, 420 * ms / most):.0f}px;'
        f'background:{card.styles[i].colour}"></span> {milliseconds(ms)}</td></tr>'
        for i, ms in enumerate(totals)
    )
    return f'<div class="scroll"><table>{rows}</table></div>'


def _models(card: Card) -> str:
    rows = "".join(
        f"<tr><td>{card.styles[i].letter} {_text(card.styles[i].label)}</td>"
        f"<td>{_text(model)}</td></tr>"
        for i, model in enumerate(card.models)
    )
    return f'<div class="scroll"><table>{rows}</table></div>'


# ---------------------------------------------------------------- tables


_FIELDS = ("system", "rank", "id", "score", "first_stage_rank", "grade", "title")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def comparison_csv(rankings: Sequence[Ranking], grades: Mapping[str, int]) -> str:
    """Return all hits of all systems as CSV.

    A title or id that a spreadsheet would take for a formula begins with an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_FIELDS)
    for ranking in rankings:
        for hit in ranking.hits:
            d = hit.document
            row = (ranking.system, hit.rank, _cell(d.id), repr(hit.score), hit.first_stage_rank)
            writer.writerow((*row, grades.get(d.id, ""), _cell(d.title)))
    return out.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def comparison_run(rankings: Sequence[Ranking], query: str) -> str:
    """Return all rankings as TREC runs, one after another, each with its system as tag."""
    lines = [
        line
        for ranking in rankings
        for line in run_lines({query: run_scores(ranking)}, ranking.system)
    ]
    return "".join(f"{line}\n" for line in lines)
