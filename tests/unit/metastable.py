"""A service with one worker, and callers who ask again: a simulator of metastable failure, for tests. No part of the harness.

M/M/1: operations arrive at random, each attempt takes a random time of one worker, an attempt that is not answered within
its deadline is given up by its caller, and asked again, while the worker still works through what nobody waits for.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Told:
    """Rows for the ledger, and the counter of attempts at the dependency, read every second."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[tuple[float, float]] = field(default_factory=list)


def simulate(  # noqa: PLR0912, PLR0915 (one story, told once)
    seed: int,
    *,
    rho: float,
    tries: int,
    trigger: tuple[float, float],
    end_s: float,
    rate: float = 20.0,
    deadline_s: float = 1.0,
    budget: float | None = None,
    broken_after: bool = False,
    heals_over_s: float = 0.0,
) -> Told:
    """
    rho       load without retries, as a share of what the worker can do
    tries     attempts for each operation at most, the next one at once when one is given up
    trigger   from when to when the worker is ten times slower
    budget    retries at most this share of the operations (a token bucket), None: no budget
    broken_after   three of four operations fail at once after the trigger, and nobody retries: permanent damage
    heals_over_s   after the trigger nine of ten do, then fewer and fewer, none after so long: a cold cache
    """
    dice, told = random.Random(seed), Told()
    mean_s = rho / rate
    events: list[tuple[float, int, str, Any]] = []
    order = iter(range(10**9))

    def push(at_s: float, what: str, of: Any = None) -> None:
        heapq.heappush(events, (at_s, next(order), what, of))

    queue: deque[dict[str, Any]] = deque()
    busy, count, tokens = False, 0, 10.0
    push(dice.expovariate(rate), "arrive")
    push(0.0, "scrape")

    def slow(at_s: float) -> float:
        if trigger[0] <= at_s < trigger[1]:
            return 10.0
        return 1.0

    def fails(at_s: float) -> float:
        since_s = at_s - trigger[1]
        if since_s < 0:
            return 0.0
        return 0.75 if broken_after else max(0.0, 0.9 * (1 - since_s / heals_over_s)) if heals_over_s else 0.0

    def attempt(operation: dict[str, Any], at_s: float) -> None:
        nonlocal count
        count += 1
        operation["tries"] += 1
        queue.append({"of": operation, "try": operation["tries"]})
        push(at_s + deadline_s, "deadline", (operation, operation["tries"]))

    def serve(at_s: float) -> None:
        nonlocal busy
        if not busy and queue:
            busy = True
            push(at_s + dice.expovariate(1 / mean_s) * slow(at_s), "served", queue.popleft())

    while events:
        at_s, _, what, of = heapq.heappop(events)
        if at_s > end_s + tries * deadline_s + 1:
            break
        if what == "scrape":
            told.attempts.append((at_s, float(count)))
            push(at_s + 1.0, "scrape")
        elif what == "arrive":
            if at_s < end_s:
                push(at_s + dice.expovariate(rate), "arrive")
                tokens = min(10.0, tokens + (budget or 0.0))
                operation = {"at_s": at_s, "tries": 0, "over": False}
                if dice.random() < fails(at_s):
                    count += 1
                    told.rows.append({"at_s": at_s, "took_ms": 5.0, "outcome": "5xx"})
                else:
                    attempt(operation, at_s)
        elif what == "served":
            busy = False
            operation = of["of"]
            if not operation["over"] and of["try"] == operation["tries"]:
                operation["over"] = True
                told.rows.append({"at_s": operation["at_s"], "took_ms": (at_s - operation["at_s"]) * 1e3})
        else:
            operation, number = of
            if not operation["over"] and number == operation["tries"]:
                if operation["tries"] < tries and (budget is None or tokens >= 1):
                    tokens -= 1 if budget is not None else 0
                    attempt(operation, at_s)
                else:
                    operation["over"] = True
                    told.rows.append(
                        {"at_s": operation["at_s"], "took_ms": (at_s - operation["at_s"]) * 1e3, "outcome": "5xx"}
                    )
        serve(at_s)
    told.rows.sort(key=lambda row: row["at_s"])
    told.rows = [row for row in told.rows if row["at_s"] < end_s]
    return told
