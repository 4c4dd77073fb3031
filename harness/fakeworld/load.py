"""Load on the fake world, at an even rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from harness.facts import (
    Fact,
    LoadBegan,
    LoadEnded,
    LoadSaid,
    LoadSampled,
)
from harness.fakeworld.clock import FakeClock
from harness.fakeworld.releases import FakeReleases
from harness.fakeworld.stack import FakeLookout
from harness.ledger import NO_ROWS, Rows, rows_of


class FakeLoad:
    """Arrivals at an even rate from `begin` to `stop`; each passes over all edges of the world.

    Replicas of the service `front` answer in turn, and name their version; a bad one answers an error to `bad_ratio` of them.
    """

    def __init__(
        self,
        rate: float,
        clock: FakeClock,
        lookout: FakeLookout,
        edges: Sequence[str],
        releases: FakeReleases | None = None,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._lookout = lookout
        self._edges = tuple(edges)
        self._rows: list[dict[str, Any]] = []
        self._known = NO_ROWS
        self._began_s: float | None = None
        self._sampled_s = 0.0
        self._news: list[Fact] = []
        self._releases = releases
        self._versions = [""]
        self.front = ""
        self.bad_ratio = 0.5
        self.broken: Callable[[float], bool] = lambda _at_s: False
        self.late_ms: Callable[[float], float] = lambda _at_s: 0.0
        self.asked: Callable[[int, bool], None] = lambda _row, _well: None  # of each request, and how it ended
        self.dies_at_s = float("inf")
        self.hangs_at_s = float("inf")  # its process is there, and says and does nothing any more
        self.cannot_record_at_s = float("inf")  # its ledger's disk is full: said first, then its end

    def begin(self, at_s: float) -> None:
        self._began_s = at_s
        self._sampled_s = at_s
        self._news.append(LoadBegan(begins_s=at_s))
        self._arrive(0)

    def poll(self) -> list[Fact]:
        now_s = self._clock.now_s()
        if now_s >= self.hangs_at_s:
            return []
        if self._began_s is not None and now_s >= self._sampled_s + 1:
            self._sampled_s = now_s
            self._news.append(LoadSampled(cpu_ratio=0.1, late_ms=0.2, due=len(self._rows), dropped=0))
        if now_s >= self.cannot_record_at_s:
            self.cannot_record_at_s, self.dies_at_s = float("inf"), now_s
            self._news.append(
                LoadSaid(kind="broken", text="[Errno 28] the ledger cannot grow: No space left on device")
            )
        if now_s >= self.dies_at_s:
            self.dies_at_s = float("inf")
            self._news.append(LoadEnded(clean=False, ended_s=now_s, detail="killed"))
            self._began_s = None
        news, self._news = self._news, []
        return news

    def stop(self) -> list[Fact]:
        if self._began_s is None:
            return []
        self._began_s = None
        ended_s = self._clock.now_s()
        self._clock.wait_until(ended_s + 2)
        return [
            LoadSampled(cpu_ratio=0.1, late_ms=0.2, due=len(self._rows), dropped=0),
            LoadEnded(clean=ended_s < self.hangs_at_s, ended_s=ended_s),
        ]

    def rows(self) -> Rows:
        fresh = rows_of(self._rows[len(self._known) :])  # all have one endpoint, so their names agree
        if len(fresh):
            self._versions += [name for name in fresh.versions if name not in self._versions]
            fresh.array["version"] = [self._versions.index(fresh.versions[n]) for n in fresh.array["version"]]
            array = np.concatenate([self._known.array, fresh.array])
            numbers = np.arange(len(array), dtype=np.uint32)
            array["parent"] = numbers
            workers = np.zeros(len(array), np.uint16)
            self._known = Rows(array, workers, numbers, fresh.endpoints, tuple(self._versions))
        return self._known

    def _arrive(self, number: int) -> None:
        if self._began_s is None:
            return
        due_s = self._began_s + number / self._rate

        def due() -> None:
            if self._began_s is None or due_s >= self.hangs_at_s:
                return
            met = [self._lookout.condition(edge) for edge in self._edges]
            bad = self.broken(due_s) or any(outcome != "answered" for outcome, _ in met)
            took_ms = 5.0 + sum(extra for _, extra in met)
            version = self._answering(number)
            bad = bad or (version == "bad" and (number * 37) % 100 < 100 * self.bad_ratio)
            row = {"at_s": due_s, "took_ms": took_ms, "endpoint": "GET /", "outcome": "5xx" if bad else "ok"}
            self._rows.append({**row, "late_ms": self.late_ms(due_s), "version": version})
            self.asked(number, not bad)
            self._arrive(number + 1)

        self._clock.at(due_s, due)

    def _answering(self, number: int) -> str:
        run = self._releases.running.get(self.front, []) if self._releases else []
        return run[number % len(run)] if run else ""
