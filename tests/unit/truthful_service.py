"""A service that counts its requests, simulated: what its load wrote down, and what Prometheus scraped of it. Known truth.

It imports nothing that judges. Everything is drawn from the generator given; times in seconds of the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import facts as f
from harness.expectations.base import Evidence, Steady
from harness.journal import Journal
from harness.ledger import DONE, DTYPE, OUTCOMES, Rows
from harness.series import Book, RawSeries
from harness.testing import WrittenLogs, journal_of

WALL_S = 1_700_000_000.0
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
ENDPOINTS = ("", "GET /catalog", "POST /checkout", "GET /orders/[id]")
ROUTES = {1: ("GET", "/catalog"), 2: ("POST", "/checkout"), 3: ("GET", "/orders/{id}")}
Floats = NDArray[np.float64]


@dataclass
class Traffic:
    """Requests as both sides saw them. `served_s`: when the service counted it, inf for one that never reached it."""

    sent_s: Floats
    took_s: Floats
    endpoint: NDArray[np.int64]
    status: NDArray[np.int64]
    outcome: NDArray[np.int64]
    served_s: Floats
    inside_s: Floats
    counted_status: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.sent_s)

    def rows(self) -> Rows:
        array = np.zeros(len(self), DTYPE)
        array["intended_us"] = np.round(self.sent_s * 1e6)
        array["took_us"] = np.round(self.took_s * 1e6)
        array["parent"] = np.arange(len(self))
        array["endpoint"], array["status"], array["outcome"] = self.endpoint, self.status, self.outcome
        array["state"], array["user"] = DONE, 1
        return Rows(array, np.zeros(len(self), np.uint16), np.arange(len(self), dtype=np.uint32), ENDPOINTS)


def traffic(
    random: np.random.Generator,
    *,
    rate: float = 30.0,
    length_s: float = 120.0,
    start_s: float = 5.0,
    errors: float = 0.0,
    timeouts: float = 0.0,
    refused: float = 0.0,
    timeout_s: float = 10.0,
    mean_s: float = 0.05,
) -> Traffic:
    """Poisson arrivals. A time-out is given up by its asker and served later, with 200; a refused one is never served."""
    n = int(random.poisson(rate * length_s))
    sent_s = np.sort(start_s + random.uniform(0, length_s, n))
    inside_s = random.lognormal(math.log(mean_s), 0.7, n)
    before_s, after_s = random.exponential(0.0008, n), random.exponential(0.0015, n)
    fate = random.choice(4, n, p=(1 - errors - timeouts - refused, errors, timeouts, refused))
    slow, gone = fate == 2, fate == 3
    inside_s = np.where(slow, timeout_s + random.exponential(2.0, n), inside_s)
    took_s = np.where(slow, timeout_s, np.where(gone, 0.001, before_s + inside_s + after_s))
    status = np.where(fate == 1, random.choice((500, 503), n), np.where(fate == 0, 200, 0))
    names = np.array([OUTCOMES.index(name) for name in ("ok", "5xx", "timeout", "conn")])
    return Traffic(
        sent_s,
        took_s,
        random.choice((1, 2, 3), n, p=(0.5, 0.3, 0.2)),
        status,
        names[fate],
        np.where(gone, np.inf, sent_s + before_s + inside_s),
        inside_s,
        np.where(status == 0, 200, status),
    )


@dataclass
class Replica:
    """One target: the stretches in which a process of it ran, each with counters of its own."""

    instance: str
    lives: Sequence[tuple[float, float]] = ((-60.0, math.inf),)


@dataclass
class Scraped:
    """How Prometheus looked: on its interval, each target at an offset of its own, each scrape taking a while."""

    random: np.random.Generator
    replicas: Sequence[Replica] = (Replica("api-1:8080"),)
    every_s: float = 2.0
    until_s: float = 160.0
    takes_s: float = 0.02
    tells_start: bool = True
    preregistered: bool = True

    def book(
        self,
        seen: Traffic,
        counted: Callable[[Traffic], NDArray[np.bool_]] = lambda seen: np.ones(len(seen), bool),
        *,
        metric: str = "http_requests_total",
        selectors: Mapping[str, Callable[[Mapping[str, str]], bool]] | None = None,
        buckets_s: Sequence[float] = BUCKETS_S,
        hidden_until: float = math.inf,
    ) -> Book:
        """The series of a selector are those for which its function is true. Series are no longer exposed from `hidden_until`."""
        which = self.random.integers(0, len(self.replicas), len(seen))
        alive = np.zeros((len(self.replicas), len(seen)), bool)
        for i, replica in enumerate(self.replicas):
            for low_s, high_s in replica.lives:
                alive[i] |= (seen.served_s >= low_s) & (seen.served_s < high_s)
        for j in np.flatnonzero(~alive[which, np.arange(len(seen))] & alive.any(axis=0)):
            which[j] = self.random.choice(np.flatnonzero(alive[:, j]))
        told = counted(seen) & alive.any(axis=0)
        every: list[RawSeries] = []
        up, took, start = [], [], []
        for i, replica in enumerate(self.replicas):
            mine = told & (which == i)
            scrapes_s = np.arange(self.random.uniform(0, self.every_s) - 10, self.until_s, self.every_s)
            scrapes_s = np.round(scrapes_s + self.random.uniform(-0.01, 0.01, len(scrapes_s)), 3)
            takes_s = np.minimum(
                self.random.exponential(self.takes_s, len(scrapes_s)) + 0.001, 0.9 * self.every_s
            )  # one at a time
            read_s = scrapes_s + self.random.uniform(0, 1, len(scrapes_s)) * takes_s
            life = np.full(len(scrapes_s), -1)
            for number, (low_s, high_s) in enumerate(replica.lives):
                life[(scrapes_s >= low_s) & (scrapes_s + takes_s < high_s)] = number
            listed = (scrapes_s >= replica.lives[0][0]) & (scrapes_s < replica.lives[-1][1] + 4)
            labels = {"job": "api", "instance": replica.instance}
            good = life >= 0
            up.append(RawSeries({"__name__": "up", **labels}, scrapes_s[listed], good[listed].astype(float)))
            took.append(
                RawSeries({"__name__": "scrape_duration_seconds", **labels}, scrapes_s[listed], takes_s[listed])
            )
            began_s = np.array([low_s for low_s, _ in replica.lives])[life[good]] + WALL_S
            start.append(RawSeries({"__name__": "process_start_time_seconds", **labels}, scrapes_s[good], began_s))
            from_s = np.array([low_s for low_s, _ in replica.lives])[life]
            shown = good & (scrapes_s < hidden_until)
            for endpoint, (method, route) in ROUTES.items():
                route_labels = {**labels, "method": method, "route": route}
                for code in (200, 500, 503):
                    at_s = np.sort(seen.served_s[mine & (seen.endpoint == endpoint) & (seen.counted_status == code)])
                    name = {"__name__": metric, **route_labels, "code": str(code)}
                    there = shown if self.preregistered else shown & (np.searchsorted(at_s, read_s) > 0)
                    every.append(counter(name, at_s, scrapes_s, read_s, from_s, there))
                for le_s in (*buckets_s, math.inf):
                    at_s = np.sort(seen.served_s[mine & (seen.endpoint == endpoint) & (seen.inside_s <= le_s)])
                    le = "+Inf" if math.isinf(le_s) else f"{le_s:g}"
                    name = {"__name__": "http_request_duration_seconds_bucket", **route_labels, "le": le}
                    every.append(counter(name, at_s, scrapes_s, read_s, from_s, shown))
        book: dict[str, tuple[RawSeries, ...]] = {
            selector: tuple(one for one in every if len(one) and fits(one.labels))
            for selector, fits in (selectors or {metric: lambda labels: labels["__name__"] == metric}).items()
        }
        book["up"], book["scrape_duration_seconds"] = tuple(up), tuple(took)
        book["process_start_time_seconds"] = tuple(start) if self.tells_start else ()
        return book


def counter(
    labels: Mapping[str, str], at_s: Floats, stamps_s: Floats, read_s: Floats, from_s: Floats, there: NDArray[np.bool_]
) -> RawSeries:
    """A counter of these instants, each process counting from its own beginning; shown where it is `there`."""
    value = np.searchsorted(at_s, read_s, side="right") - np.searchsorted(at_s, from_s)
    return RawSeries(dict(labels), stamps_s[there], value[there].astype(float))


def journal(
    *, gate_s: float = 20.0, end_s: float = 128.0, over_s: float = 170.0, more: Sequence[f.Fact] = ()
) -> Journal:
    """A run with a phase in it, watched all the time."""
    facts: list[f.Fact] = [
        f.Opened(drill="d", run="r1", wall_unix_s=WALL_S, monotonic_ns=0),
        f.MonitoringFound(prometheus="prometheus:9090", seen_s=0.1),
        f.LoadBegan(begins_s=4.0, seen_s=4.0),
        f.GateHeld(seen_s=gate_s),
        f.PhaseBegan(phase="slow", seen_s=40.0),
        f.PhaseEnded(phase="slow", seen_s=90.0),
        f.PhaseSettled(phase="slow", steady=True, seen_s=100.0),
        *(f.LoadSampled(cpu_ratio=0.1, late_ms=0.0, due=1, dropped=0, seen_s=float(s)) for s in range(4, int(end_s))),
        f.LoadEnded(clean=True, ended_s=end_s - 3, seen_s=end_s),
        *(f.Looked(probe="series", seen_s=float(s)) for s in range(2, int(over_s), 2)),
        *(f.Looked(probe="alerts", seen_s=float(s)) for s in range(2, int(over_s), 2)),
        f.Closed(seen_s=over_s),
        *more,
    ]
    return journal_of(*facts)


def evidence(
    rows: Rows, book: Book, told: Journal | None = None, *, phase: str = "", over: bool = True, **more: Any
) -> Evidence:
    return Evidence(
        told or journal(), rows, WrittenLogs(), Steady(10.0, ()), phase=phase, over=over, series=book, **more
    )


__all__ = ["Replica", "Scraped", "Traffic", "evidence", "journal", "traffic"]
