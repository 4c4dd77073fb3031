"""What Locust itself keeps for ever, cut back: a load's memory must not grow with its length, nor with what a service answers.

Locust counts requests per second in two dictionaries of each entry, of which it reads the last dozen seconds; it makes an entry
for each name that a locustfile gives its requests, and keeps each distinct error with its text. The ledger has all of them.
"""

from __future__ import annotations

import time
from typing import Any

SECONDS_KEPT = 120  # Locust reads the last 12, and those of a slow answer's time
MOST_ENTRIES = 5000  # as the ledger's names of requests (harness/load/names.py)
MOST_ERRORS = 1000
EVERY_S = 30.0


class Housekeeping:
    """`tidy` costs nothing until its next time."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._next_s = 0.0

    def tidy(self) -> None:
        """What a locustfile may read at its end stays: the totals, the entries and errors of the last."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        self._next_s = now_s + EVERY_S
        stats = self._runner.stats
        for kept, most in (
            (stats.entries, MOST_ENTRIES),
            (stats.errors, MOST_ERRORS),
            (self._runner.exceptions, MOST_ERRORS),
        ):
            for key in list(kept)[: max(0, len(kept) - most)]:
                del kept[key]
        oldest = int(time.time()) - SECONDS_KEPT
        for entry in (stats.total, *stats.entries.values()):
            for seconds in (entry.num_reqs_per_sec, entry.num_fail_per_sec):
                for second in [one for one in seconds if one < oldest]:
                    del seconds[second]
