"""What was spent with the operator's API keys, and the budget."""

from __future__ import annotations

import math

import streamlit as st

from components.config import Budget
from components.lab import catalog
from components.ui.shared import page, state
from components.wording import count, dollars


def spent() -> None:
    """Show what was spent by day and provider, and the limits of a day."""
    lab = state.lab()
    page.heading(
        "Spent",
        "With the keys of the configuration, by day (UTC) and provider; keys typed in a session "
        f"are not counted. {_describe(lab.budget)}",
    )
    with page.complaints():
        days = lab.spending.days()
        if not days:
            st.text("Nothing yet.")
            return
        labels = catalog.provider_labels()
        rows = [
            {
                "Day": day.day,
                "Provider": labels.get(day.provider, day.provider),
                "Spent": dollars(day.amount.usd) if day.amount.usd else "price not on file",
                "Requests": day.amount.requests,
                "Without a price": day.amount.unpriced,
            }
            for day in days
        ]
        st.dataframe(rows, hide_index=True, width="stretch", key="spent")


def _describe(budget: Budget) -> str:
    """Say what may be spent in a day."""
    limits = [
        f"{dollars(usd)} {whose}"
        for usd, whose in ((budget.day_usd, "in all"), (budget.visitor_usd, "each visitor"))
        if math.isfinite(usd)
    ] + [
        f"{count(round(requests), 'request')} without a price {whose}"
        for requests, whose in (
            (budget.day_requests, "in all"),
            (budget.visitor_requests, "each visitor"),
        )
        if math.isfinite(requests)
    ]
    return f"Limits of a day: {', '.join(limits)}." if limits else "There is no limit."
