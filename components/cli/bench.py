"""`rerank-lab bench`: the local cross-encoder beside its peers."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from components import pipeline
from components.cli.shared import Json, emit, out, progress_bars, steps_of
from components.pipeline.limits import MAX_REPEATS


def bench(
    peer: Annotated[
        list[str] | None, typer.Option("--peer", help="flashrank, fastembed or st; default all.")
    ] = None,
    repeats: Annotated[int, typer.Option(help="Rounds; systems take turns in each.")] = 3,
    as_json: Json = False,
) -> None:
    """Time the local cross-encoder beside its peers: same pairs, same weights, one run."""
    pipeline.check_depth("repeats", repeats, most=MAX_REPEATS)
    from components import bench as benchmark  # its peers are an optional extra

    with progress_bars() as bars:
        result = benchmark.run(
            tuple(peer) if peer else benchmark.PEERS, repeats, steps_of(bars, "bench")
        )
    if as_json:
        emit(benchmark.result_json(result))
        return
    for line in benchmark.result_lines(result):
        out.print(Text(line), soft_wrap=True)
