"""A release on trial, simulated request by request with the promoter that decides on it, and what a run would leave behind."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness import facts as f
from harness.expectations.base import Evidence, Steady
from harness.expectations.canary_judged import CanaryJudged
from harness.facts import Fact
from harness.faults.bad_release import BadRelease
from harness.stats import Condition
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Finding

FAULT = "canary/bad_release-canary"
RELEASE = BadRelease(service="canary", image="api:new", id=FAULT)
STEADY = Steady(5.0, (Condition.parse("errors < 1%"),))
BEGAN, OUT, ENDED, CLOSED = 20.0, 24.0, 110.0, 120.0
RETAIL, WHOLESALE = "POST /checkout (retail)", "POST /checkout (wholesale)"
CLAIM = CanaryJudged.model_validate({"errors": "+20pp", "p95": "+200%", "within": "65s"})
LOOK_S, LAG_S, LEAST, ENOUGH = 2.0, 2.0, 5, 40
HURT: Mapping[str, float] = {WHOLESALE: 1.0}


@dataclass(frozen=True)
class Promoter:
    """
    segments    whether it compares by segment, or looks at all answers in one sum
    limit       by how much more errors a release is worse; `slower` how often as slow
    looks       whether it sees anything; first_s how long the first share is kept, then_s the second
    waits_s     how long it thinks a withdrawal over
    """

    segments: bool = True
    limit: float = 0.2
    slower: float = 3.0
    looks: bool = True
    first_s: float = 38.0
    then_s: float = 8.0
    waits_s: float = 0.0


@dataclass(frozen=True)
class Trial:
    """
    errors      of the new release's answers, by request; `usual` those of either
    tied_s      errors and slowness of all come in stretches of so many seconds, in which they are three times the usual
    slower      what the new release's times are multiplied with
    """

    promoter: Promoter = Promoter()
    errors: Mapping[str, float] = field(default_factory=dict)
    usual: float = 0.01
    tied_s: float = 4.0
    slower: float = 1.0
    rate: float = 12.0

    def evidence(self, seed: int) -> Evidence:
        rows = rows_of(self._entries(random.Random(seed)))
        journal = journal_of(*facts())
        return Evidence(journal, rows, WrittenLogs(), STEADY, "canary", False, {FAULT: RELEASE}, over=True)

    def judged(self, seed: int) -> Finding:
        return CLAIM.check(self.evidence(seed))

    def _entries(self, dice: random.Random) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        desk = _Desk(self.promoter)
        ill: dict[int, bool] = {}
        for tick in range(int(self.rate), int(self.rate * (CLOSED - 2))):
            at_s = tick / self.rate
            desk.look(at_s)
            level = 3.0 if ill.setdefault(int(at_s / self.tied_s), dice.random() < 0.25) else 1.0
            new = dice.random() < desk.share
            name = WHOLESALE if dice.random() < 1 / 6 else RETAIL
            bad = dice.random() < self.usual * level + (self.errors.get(name, 0.0) if new else 0.0)
            took_ms = dice.lognormvariate(math.log(30), 0.4) * level**0.3 * (self.slower if new else 1.0)
            desk.count(at_s, name, bad, took_ms, new=new)
            version, outcome = "new" if new else "old", "5xx" if bad else "ok"
            found.append({"at_s": at_s, "endpoint": name, "outcome": outcome, "version": version, "took_ms": took_ms})
        return found


class _Desk:
    """The promoter at work: what it knows of, and the share that the canary has."""

    def __init__(self, promoter: Promoter) -> None:
        self.promoter, self.share = promoter, 0.0
        self._seen: list[tuple[float, str, bool, float, bool]] = []
        self._next_s, self._stepped_s, self._bad_s = OUT + 2.0, math.inf, math.inf

    def count(self, at_s: float, name: str, bad: bool, took_ms: float, *, new: bool) -> None:
        self._seen.append((at_s, name, bad, took_ms, new))

    def look(self, now_s: float) -> None:
        if now_s < self._next_s or self._next_s == math.inf:
            return
        self._next_s += LOOK_S
        if self._stepped_s == math.inf:
            self.share, self._stepped_s = 1 / 3, now_s
            return
        due = now_s - self._stepped_s >= (self.promoter.first_s if self.share < 0.5 else self.promoter.then_s)
        worse = self.promoter.looks and self._worse(now_s - LAG_S, due)
        if worse and self._bad_s == math.inf:
            self._bad_s = now_s
        if now_s - self._bad_s >= self.promoter.waits_s:
            self.share, self._next_s = 0.0, math.inf
        elif due and self.promoter.looks and not worse:
            self.share, self._stepped_s = (2 / 3, now_s) if self.share < 0.5 else (1.0, now_s)
            self._next_s = math.inf if self.share == 1.0 else self._next_s

    def _worse(self, until_s: float, due: bool) -> bool:
        known = [one for one in self._seen if OUT < one[0] <= until_s]
        groups = [[one for one in known if one[1] == name] for name in (RETAIL, WHOLESALE)]
        if not self.promoter.segments:
            return sum(one[2] for one in known) > self.promoter.limit * len(known) + 5
        return any(self._beyond(group, due) for group in groups)

    def _beyond(self, group: list[tuple[float, str, bool, float, bool]], due: bool) -> bool:
        mine, theirs = ([one for one in group if one[4] is new] for new in (True, False))
        if min(len(mine), len(theirs)) < LEAST:
            return False
        more = sum(one[2] for one in mine) / len(mine) - sum(one[2] for one in theirs) / len(theirs)
        if more > self.promoter.limit + 0.25:
            return True
        if not due or min(len(mine), len(theirs)) < ENOUGH:
            return False
        tails = [sorted(one[3] for one in side)[int(0.95 * len(side))] for side in (mine, theirs)]
        return tails[0] > self.promoter.slower * tails[1]


def facts(ended_s: float = ENDED, *, deployed: bool = True) -> list[Fact]:
    """A phase in which a release went to the canary."""
    sampled = [f.LoadSampled(cpu_ratio=0.1, late_ms=1, due=1, dropped=0, seen_s=s + 0.5) for s in range(1, int(CLOSED))]
    injected = [f.Injected(fault=FAULT, begun_s=BEGAN, seen_s=OUT, readback={})] if deployed else []
    return [
        f.LoadBegan(begins_s=1.0, seen_s=0.9),
        f.PhaseBegan(phase="canary", seen_s=BEGAN),
        f.Injecting(fault=FAULT, kind="bad_release", target="canary", planned_s=BEGAN, seen_s=BEGAN),
        *injected,
        f.PhaseEnded(phase="canary", seen_s=ended_s),
        f.LoadEnded(clean=True, ended_s=CLOSED - 2, seen_s=CLOSED - 1),
        f.Closed(seen_s=CLOSED),
        *sampled,
    ]
