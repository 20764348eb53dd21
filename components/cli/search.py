"""`rerank-lab search` and `rerank`: one query, one list of texts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from components import pipeline
from components.advice.costs import tokens_of_corpus
from components.advice.estimates import estimate_first_stage, estimate_queries, estimate_texts
from components.analysis.depth import beyond_settled
from components.cli.imports import import_fields, tell_import
from components.cli.order_effects import (
    OrderOption,
    measure_all,
    order_effects_json,
    print_order_effects,
    with_passes,
)
from components.cli.shared import (
    CorpusOption,
    FilterOption,
    FirstStage,
    IdOption,
    InitialK,
    Instruction,
    Json,
    Rerankers,
    TextOption,
    TitleOption,
    Yes,
    check_spending,
    current_key,
    emit,
    err,
    new_lab,
    opened_corpus,
    out,
    progress_bars,
)
from components.corpora import read_texts
from components.domain import RANKS_ONLY, Comparison, Filter, InputError, Ranking
from components.exports.as_json import comparison_json, ranking_json
from components.lab import Lab, catalog
from components.pipeline import PipelineRun, Pipelines, QueryInput, Request
from components.pipeline.limits import FINAL_K, INITIAL_K
from components.wording import agree, count, dollars


def search(
    query: str,
    corpus: CorpusOption = "helpdesk",
    text_column: TextOption = None,
    title_column: TitleOption = None,
    id_column: IdOption = None,
    first_stage: FirstStage = catalog.DEFAULT_FIRST_STAGE,
    reranker: Rerankers = None,
    initial_k: InitialK = INITIAL_K,
    final_k: Annotated[
        int | None,
        typer.Option("--final-k", help=f"Hits shown of each; {FINAL_K}, or fewer candidates."),
    ] = None,
    instruction: Instruction = "",
    filter: FilterOption = None,
    order_effects: OrderOption = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Search a corpus and show what each reranker makes of the same candidates."""
    keys = tuple(reranker or ())
    conditions = Filter.parse(filter or ())
    pipelines = Pipelines(first_stage, keys, initial_k, instruction, filter=conditions)
    most = min(FINAL_K, initial_k) if final_k is None else final_k
    if final_k is not None:
        pipeline.check_depth("final_k", final_k, initial_k)
    lab = new_lab()
    pipeline.check_request(Request(pipelines, QueryInput(query)), lab)
    _check_instruction(lab, keys, instruction)
    opened = opened_corpus(corpus, lab, (text_column, title_column, id_column))
    opened.fields.check(conditions)
    candidates = min(initial_k, len(opened.documents))
    passes = with_passes(keys, lab.settings, order_effects=order_effects)
    mean = partial(tokens_of_corpus, opened)
    estimate = estimate_queries(passes, 1, candidates, mean, lab.settings)
    estimate += estimate_first_stage(first_stage, opened, 1, mean, lab)
    check_spending(estimate, lab.settings, yes=yes)
    tell_import(opened)
    with progress_bars() as bars:
        run = PipelineRun(lab, opened, pipelines, bars)
        comparison = asyncio.run(pipeline.compare(run, QueryInput(query)))
        effects = measure_all(run, comparison, bars) if order_effects else []
    if as_json:
        fields = {"import": import_fields(opened)} | order_effects_json(effects)
        emit(comparison_json(comparison, opened, most) | fields)
    else:
        _print_comparison(comparison, most, lab)
        print_order_effects(effects)
    if comparison.failures:
        raise typer.Exit(1)


def _check_instruction(lab: Lab, keys: Sequence[str], instruction: str) -> None:
    """Raise InputError if no reranker follows an instruction; mention those that do not."""
    if not instruction.strip():
        return
    specs = {key: catalog.reranker_spec(key, lab.settings) for key in keys}
    without = [k for k, s in specs.items() if not s.instructions and k == catalog.base(k)]
    if len(without) == len(keys):
        raise InputError(
            f"None of the chosen rerankers takes an instruction: {', '.join(keys) or 'none'}.",
            "Leave --instruction out.",
        )
    if without:
        note = f"Asked without the instruction, which they do not take: {', '.join(without)}"
        err.print(Text(note))


def _print_notes(ranking: Ranking, k: int) -> None:
    for note in (*beyond_settled(ranking, k), *ranking.notes):
        err.print(Text(f"{ranking.system}: {note}"), soft_wrap=True)


def _print_comparison(comparison: Comparison, final_k: int, lab: Lab) -> None:
    """Print every ranking as a table, with the scores of those that have any."""
    if filter := comparison.first_stage.filter:
        n = comparison.first_stage.matching
        met = f"{count(n, 'document')} that {agree(n, 'meets', 'meet')}"
        err.print(Text(f"Searched: {met} the filter {filter}."), soft_wrap=True)
    rankings = comparison.rankings
    specs = {r.system: catalog.reranker_spec(r.system, lab.settings) for r in rankings}
    ordered = {system for system, spec in specs.items() if spec.scale == RANKS_ONLY}
    for ranking in (comparison.first_stage, *rankings):
        ms = ranking.timing.rerank_ms or ranking.timing.total_ms
        table = Table("", "from", "score", "id", "title", box=None, title_justify="left")
        title = f"{ranking.system} · {ms:,.0f} ms"
        if ranking.usage.usd is not None:
            estimated = " (estimated)" if ranking.usage.estimated else ""
            title += f" · {dollars(ranking.usage.usd)}{estimated}"
        table.title = Text(title)
        for hit in ranking.hits[:final_k]:
            name = hit.document.title or hit.document.text[:80]
            scored = hit.scored and ranking.system not in ordered
            score = f"{hit.score:.4f}" if scored else "none"
            row = (str(hit.rank), str(hit.first_stage_rank), score, hit.document.id)
            table.add_row(*map(Text, (*row, name)))
        out.print(table)
        _print_notes(ranking, final_k)
    for failure in comparison.failures:
        err.print(Text(f"{failure.system}: {failure.reason} {failure.remedy}"), soft_wrap=True)


def rerank(
    query: str,
    documents: Annotated[
        Path,
        typer.Option(help="JSON, JSONL or a table with a column text, or one document a line."),
    ],
    reranker: Annotated[
        str, typer.Option("--reranker", help="A reranker's key.", callback=current_key)
    ] = catalog.DEFAULT_RERANKER,
    top_k: Annotated[int | None, typer.Option("--top-k", help="Results shown.")] = None,
    instruction: Instruction = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Rerank the documents of a file, without any index."""
    pipeline.check_query(query)
    pipeline.check_depth("top_k", 1 if top_k is None else top_k)
    lab = new_lab()
    spec = catalog.require(reranker, catalog.reranker_specs(lab.settings), "reranker")
    _check_instruction(lab, [reranker], instruction)
    texts = read_texts(documents)
    estimate = estimate_texts([reranker], query, texts, lab.settings)
    check_spending(estimate, lab.settings, yes=yes)
    with progress_bars() as bars:
        ranking = pipeline.rerank_texts(
            query, texts, reranker=reranker, instruction=instruction, lab=lab, watcher=bars
        )
    results = [
        {
            "text": hit.document.text,
            "relevance_score": hit.score if hit.scored else None,
            "original_index": hit.original_index,
        }
        for hit in ranking.hits[:top_k]
    ]
    if as_json:
        fields = ranking_json(ranking, 0)
        names = ("timing", "truncated", "usage", "notes")
        emit({"results": results} | {name: fields[name] for name in names if name in fields})
        return
    _print_notes(ranking, len(results))
    for hit in ranking.hits[:top_k]:
        score = f"{hit.score:.4f}" if hit.scored else "no score"
        score = f"rank {hit.rank}" if spec.scale == RANKS_ONLY else score
        out.print(Text(f"{score}  [{hit.original_index}]  {hit.document.text}"), soft_wrap=True)
