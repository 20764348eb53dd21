"""What the requests of one scoring pass are entered for with the meter, before they are sent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from components.domain import Billed, Spec
from components.domain.billing import total_billed
from components.network.metering import Meter, Settle

Batch = range
"""Which texts of the pass go into a request."""


class Account:
    """The entries of a pass: each request's estimate, until all are settled.

    `estimate` says what a request is billed for as far as the lab can tell.
    """

    def __init__(self, meter: Meter, spec: Spec, estimate: Callable[[Batch], Billed]) -> None:
        self._meter, self._spec, self.estimate = meter, spec, estimate
        self._entries: list[tuple[Settle, list[Batch]]] = []
        self._lock = threading.Lock()

    def enter(self, batches: Sequence[Batch]) -> None:
        """Enter requests; raises BudgetError, and enters none, where they may not be sent."""
        settle = self._meter.reserve(self._spec, total_billed([self.estimate(b) for b in batches]))
        with self._lock:
            self._entries.append((settle, list(batches)))

    def divide(self, batch: Batch, parts: Sequence[Batch]) -> None:
        """Enter the parts of a request instead of the whole, which cost nothing.

        Raises BudgetError, and leaves the whole withdrawn, where the parts may not be sent.
        """
        with self._lock:
            settle, batches = next(entry for entry in self._entries if batch in entry[1])
            batches.remove(batch)
            settle(total_billed([self.estimate(b) for b in batches]))
        self.enter(parts)

    def close(self, bills: Mapping[Batch, Billed]) -> None:
        """Settle all entries with what the requests that may be billed are billed for."""
        with self._lock:
            for settle, batches in self._entries:
                settle(total_billed([bills[b] for b in batches if b in bills]))
