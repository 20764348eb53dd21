"""`rerank-lab models`: what the catalog holds, and what can run here."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.text import Text

from components.cli.shared import Json, emit, out
from components.config import Settings
from components.lab import catalog, read_settings
from components.network.prices import price_of
from components.storage.spending import DaySpending, SpendingLedger


def models(as_json: Json = False) -> None:
    """List every first stage and reranker, whether it can run here, and what was spent."""
    settings = read_settings()
    entries = catalog.entries(settings)
    spent = SpendingLedger(settings.data_dir).days()
    if as_json:
        models = [_entry_json(entry, settings) for entry in entries]
        emit({"models": models, "spending": [_spending_json(day) for day in spent]})
        return
    for entry in entries:
        spec = entry.spec
        here = "ready" if entry.available else "not here"
        line = f"{spec.key:32}{entry.stage:13}{spec.family:18}{here:10}{spec.license}"
        out.print(Text(line), soft_wrap=True)
        about = ", ".join(filter(None, (spec.model, spec.authors, spec.device)))
        out.print(Text(f"    {about}", style="dim"), soft_wrap=True)
        if not entry.available:
            out.print(Text(f"    {entry.reason} {entry.remedy}"), soft_wrap=True)

    if spent:
        out.print()
        out.print(Text("Spent with API keys of this configuration, by day (UTC) and provider:"))
    for day in spent:
        out.print(Text(f"{day.day}  {day.provider:26}{day.amount}"), soft_wrap=True)


def _spending_json(day: DaySpending) -> dict[str, Any]:
    return {"day": day.day, "provider": day.provider, **asdict(day.amount)}


def _entry_json(entry: catalog.Entry, settings: Settings) -> dict[str, Any]:
    spec = entry.spec
    return {
        "key": spec.key,
        "label": spec.label,
        "family": spec.family,
        "stage": entry.stage,
        "available": entry.available,
        "reason": entry.reason,
        "remedy": entry.remedy,
        "license": spec.license,
        "source": spec.source,
        "model": spec.model,
        "device": spec.device,
        "authors": spec.authors,
        "scale": spec.scale,
        "instructions": spec.instructions,
        "listwise": spec.listwise,
        "languages": spec.languages,
        "price": str(price) if (price := price_of(spec, settings)) else "",
        "price_source": price.origin if price else "",
    }
