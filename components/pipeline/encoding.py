"""Encoding a query for the first stage: its vectors, how long that took, and what it cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from components.domain import Billed, Timing, Usage, Vector
from components.domain.billing import total_billed
from components.encoders.remote import RemoteEncoder, RemoteSparseEncoder
from components.lab import Lab
from components.models.bm25 import SparseVector
from components.models.gate import GATE
from components.network.prices import usd_of
from components.pipeline.scoring import since
from components.retrieval.first_stages import FirstStage


@dataclass(frozen=True, slots=True)
class Encoded:
    """A query's vectors by encoder, with the time they took and what they cost."""

    vectors: Mapping[str, Vector | SparseVector]
    timing: Timing
    usage: Usage


def encode(
    lab: Lab, stage: FirstStage, query: str, report: Callable[[str, int, int], None]
) -> Encoded:
    """Return the query as each encoder of a first stage sees it; local ones take turns."""
    vectors: dict[str, Vector | SparseVector] = {}
    bills: list[Billed] = []
    costs: list[float] = []
    load_ms = embed_ms = wait_ms = 0.0
    for entry in stage.encoders:
        encoder, ms = lab.encoder(entry)
        load_ms += ms
        if isinstance(encoder, RemoteEncoder | RemoteSparseEncoder):
            begun = time.perf_counter()
            vectors[entry.spec.key] = encoder.encode_query(query, lambda *_: report("run", 0, 0))
            embed_ms += since(begun)
            bills.append(encoder.billed)
            usd = usd_of(entry.spec, encoder.billed, lab.settings)
            costs += [] if usd is None else [usd]
        else:
            with GATE.hold(urgent=True, check=partial(report, "wait", 0, 0)) as waited_ms:
                begun = time.perf_counter()
                vectors[entry.spec.key] = encoder.encode_query(query)
                embed_ms += since(begun)
            wait_ms += waited_ms
    timing = Timing(embed_ms, load_ms=load_ms, wait_ms=wait_ms)
    billed = total_billed(bills) if bills else Billed(requests=0)
    usd = sum(costs) if costs else None
    usage = Usage(
        requests=billed.requests, billed_tokens=billed.tokens, usd=usd, estimated=billed.estimated
    )
    return Encoded(vectors, timing, usage)
