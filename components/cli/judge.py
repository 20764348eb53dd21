"""`rerank-lab judge`: judgments by hand, listed, taken out and in, and how far judges agree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.text import Text

from components.cli.shared import CorpusOption, Json, emit, err, new_lab, opened_corpus, out
from components.corpora import coverage, read_qrels
from components.domain import Corpus, InputError, Judgments
from components.exports.folders import write_files
from components.exports.judgments import FORMATS, judgments_csv
from components.judging.agreement import agreement as agreement_of
from components.judging.queues import Plan, PoolKind, Queue
from components.judging.records import Draw, Entry, Kind, Place, Row, digest_of, in_force
from components.judging.store import JudgingStore
from components.judging.use import Choice, Rule, Source, Used, in_use, partly_judged
from components.lab import read_settings
from components.storage.sqlite import WHOLE_LAB
from components.wording import count

judge = typer.Typer(no_args_is_help=True, help="Judgments by hand: list, take out and in, agree.")


class _Source(StrEnum):
    OURS = "ours"
    ADDED = "added"
    CORPUS = "corpus"


class _Rule(StrEnum):
    MAJORITY = "majority"
    MEDIAN = "median"
    LOWEST = "lowest"
    LATEST = "latest"


class _Format(StrEnum):
    TREC = "trec"
    BEIR = "beir"
    QUEPID = "quepid"
    TABLE = "table"


@judge.command("list")
def list_judgments(
    corpus: Annotated[
        str, typer.Option("--corpus", help="Only this corpus; all with judgments by default.")
    ] = "",
    as_json: Json = False,
) -> None:
    """List the corpora that were judged: judgments, judges, and how far queues are."""
    store = _store()
    places = [Place(_opened(corpus).name)] if corpus else store.places(WHOLE_LAB)
    listed = [_summary(store, place) for place in places]
    if as_json:
        emit({"corpora": listed})
        return
    for one in listed:
        judges = ", ".join(f"{name} {n:,}" for name, n in one["judges"].items())
        line = f"{one['corpus']}: {count(one['judgments'], 'judgment')} ({judges or 'nobody'})"
        out.print(Text(line), soft_wrap=True)
        for queue in one["queues"]:
            line = f"    {queue['made'][:16]} {queue['kind']}, {queue['judge']}: "
            out.print(Text(f"{line}{queue['judged']:,} of {queue['pairs']:,}"), soft_wrap=True)
    if not listed:
        out.print("Nobody has judged anything here.")


@judge.command("export")
def export_judgments(
    out_file: Annotated[Path, typer.Option("--out", help="The file to write.")],
    corpus: CorpusOption = "helpdesk",
    format: Annotated[_Format, typer.Option(help="The file's form.")] = _Format.TREC,
    source: Annotated[_Source, typer.Option(help="Whose judgments.")] = _Source.OURS,
    rule: Annotated[_Rule, typer.Option(help="One grade of several judges'.")] = _Rule.MEDIAN,
    by: Annotated[str, typer.Option(help="Only this judge's.")] = "",
    partly: Annotated[bool, typer.Option(help="Also queries that are partly judged.")] = False,
    outdated: Annotated[bool, typer.Option(help="Also of documents edited since.")] = False,
    names: Annotated[bool, typer.Option(help="Judges by name, in a table.")] = False,
    as_json: Json = False,
) -> None:
    """Write judgments: of queries whose pools are complete, or marked, with --partly."""
    store, opened = _store(), _opened(corpus)
    judgments = in_force(store.rows(Place(opened.name)))
    choice = Choice(Source[source.name], Rule.ONE if by else Rule[rule.name], by, outdated)
    if format is _Format.TABLE:
        text = judgments_csv((j for j in judgments if by in ("", j.judge)), opened, names=names)
        write_files(out_file.parent, [(out_file.name, text)])
        return emit({"out": str(out_file)}) if as_json else None
    used = in_use(judgments, opened, choice)
    pools = (p for *_, p in _plans(store, Place(opened.name)) if p.kind is PoolKind.TOP)
    part = partly_judged(used, opened, (plan.pairs for plan in pools))
    kept = {q: row for q, row in used.judgments.items() if partly or q not in part}
    if not kept:
        remedy = "Judge a whole pool, or add --partly."
        raise InputError(f"No query of {opened.name} is judged completely.", remedy)
    files = {out_file.name: FORMATS[format](kept, opened)}
    if partly and part:
        files[f"{out_file.name}.partly.txt"] = "".join(f"{query}\n" for query in part)
    write_files(out_file.parent, files.items())
    return _tell_export(out_file, used, kept, part, as_json=as_json, partly=partly)


@judge.command("import")
def import_judgments(
    file: Annotated[Path, typer.Argument(help="TREC qrels, BEIR's TSV, Quepid's CSV, …")],
    by: Annotated[str, typer.Option(help="Whose judgments these are.")],
    corpus: CorpusOption = "helpdesk",
    highest: Annotated[
        int | None, typer.Option(help="The scale's highest grade; that of the file by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take in a judge's judgments; a file that comes twice is taken once."""
    store, opened = _store(), _opened(corpus)
    read = read_qrels(file, opened)
    covered = coverage(read, opened)
    top = max(max(row.values()) for row in read.values()) if highest is None else highest
    draw = Draw(pool="imported")
    texts = {query.id: query.text for query in opened.queries}
    entries = [
        (
            Entry(
                *(by, texts[q], d, digest_of(opened.by_id[d]), Kind.GRADE, max(1, top), grade),
                draw=draw,
            ),
            hashlib.sha256(repr(("import", opened.name, by, q, d, grade)).encode()).hexdigest(),
        )
        for q, row in read.items()
        for d, grade in row.items()
        if q in texts and d in opened.by_id
    ]
    new = store.record_all(Place(opened.name), entries)
    left = sum(map(len, read.values())) - len(entries)
    if as_json:
        emit({"new": new, "known": len(entries) - new, "left_out": left, "highest": max(1, top)})
        return
    out.print(Text(f"{count(new, 'judgment')} of {by} taken in; {len(entries) - new:,} were here."))
    if left:
        queries = count(covered.unknown_queries, "query")
        what = f"{queries} and {count(covered.unknown_documents, 'document')}"
        out.print(Text(f"{left:,} left out: {opened.name} lacks {what}."), soft_wrap=True)


@judge.command("agreement")
def agreement(corpus: CorpusOption = "helpdesk", as_json: Json = False) -> None:
    """Show how far judges agree, each with each, all together, and with themselves."""
    opened = _opened(corpus)
    rows = _store().rows(Place(opened.name))
    agreed = agreement_of(in_force(rows), in_force(rows, repeats=True))
    if as_json:
        emit({"corpus": opened.name, "sentence": agreed.sentence, **asdict(agreed)})
        return
    out.print(Text(agreed.sentence), soft_wrap=True)
    for two in (*agreed.two, *agreed.own):
        whom = "again" if two.first == two.second else f"and {two.second}"
        line = f"{two.first} {whom}: {two.same:,} of {count(two.n, 'pair')} the same"
        kappas = f"kappa {two.kappa:.2f}, weighted {two.weighted:.2f}"
        out.print(Text(f"{line}, {kappas}"), soft_wrap=True)
    if agreed.disputed:
        out.print(f"{count(len(agreed.disputed), 'pair')} disputed.")


# ---------------------------------------------------------------- what they share


def _store() -> JudgingStore:
    return JudgingStore(read_settings().data_dir)


def _opened(corpus: str) -> Corpus:
    return opened_corpus(corpus, new_lab(), (None, None, None))


def _plans(store: JudgingStore, place: Place) -> Iterable[tuple[str, str, str, Plan]]:
    """Yield the queues that can be read: id, moment, judge, plan."""
    for kept in store.queues(place):
        if kept.plan.get("kind") == PoolKind.SIDES:
            continue  # of whole rankings: nothing in it is graded
        try:
            yield kept.id, kept.at.isoformat(), kept.judge, Plan.model_validate(kept.plan)
        except ValidationError:
            err.print(f"The queue {kept.id} is of another version, and left out.")


def _summary(store: JudgingStore, place: Place) -> dict[str, Any]:
    rows: list[Row] = store.rows(place)
    judgments = in_force(rows)
    judges = sorted({judgment.judge for judgment in judgments})
    return {
        "corpus": place.corpus,
        "judgments": len(judgments),
        "cannot_say": sum(judgment.grade is None for judgment in judgments),
        "pairs": len({judgment.pair for judgment in judgments}),
        "judges": {name: sum(j.judge == name for j in judgments) for name in judges},
        "scales": sorted({judgment.highest for judgment in judgments}),
        "rows": len(rows),
        "queues": [
            {
                "id": id,
                "made": made,
                "kind": plan.kind.value,
                "judge": name,
                "systems": list(plan.systems),
                "judged": len(Queue(id, plan, name, rows).judged),
                "pairs": len(set(plan.pairs)),
            }
            for id, made, name, plan in _plans(store, place)
        ],
    }


def _tell_export(
    out_file: Path, used: Used, kept: Judgments, part: list[str], *, as_json: bool, partly: bool
) -> None:
    marked = "marked" if partly else "left out"
    if as_json:
        grades = sum(map(len, kept.values()))
        fields = {"out": str(out_file), "queries": len(kept), "judgments": grades}
        emit({**fields, "partly": part, "marked": partly, "description": used.description})
        return
    out.print(Text(used.description), soft_wrap=True)
    if part:
        out.print(f"{count(len(part), 'query')} partly judged: {marked}.")
