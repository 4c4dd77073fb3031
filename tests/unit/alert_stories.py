"""A small run with monitoring, written by hand: the stretches and looks that the tests of claims about alerts have in common.

The gate holds at 10 s. Phase `hurt` lasts from 20 to 50 s, with a fault asked for at 21 s and on at 21.2 s until 49.5 s; it is
settled at 80 s. The load ends at 90 s. Prometheus evaluates each second, and somebody looks until 95 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from harness import facts as f
from harness.expectations.base import Evidence, Expectation, Steady
from harness.faults.base import Fault
from harness.journal import Journal
from harness.ledger import NO_ROWS, Rows
from harness.series import Book
from harness.stats import Condition
from harness.testing import WrittenLogs, journal_of
from harness.verdict import Finding

SERVICE = {"service": "api", "severity": "page"}
FAULT = "hurt/latency-api->db"


class Hurt(Fault):
    """A fault of the story; nothing is asked of it but its name."""

    @property
    def target(self) -> str:
        return "api->db"


BOUNDS: tuple[f.Fact, ...] = (
    f.Opened(drill="d", run="r", wall_unix_s=1.7e9, monotonic_ns=1),
    f.MonitoringFound(seen_s=1, prometheus="prometheus:9090", alertmanager="alertmanager:9093"),
    f.ReceiverSeen(seen_s=1, receiver="oncall", kind="webhook", observable=True, group_wait_s=1.0),
    f.ReceiverSeen(seen_s=1, receiver="tickets", kind="webhook", observable=True, group_wait_s=1.0),
    f.ReceiverSeen(seen_s=1, receiver="vault", kind="webhook", why="its URL is https://"),
    f.TargetSeen(seen_s=5, job="api", instance="api:80", health="up", interval_s=2.0),
    f.RuleSeen(seen_s=5, rule="Slow", group="g", for_s=5.0, interval_s=1.0, health="ok"),
    f.GateHeld(seen_s=10),
    f.PhaseBegan(seen_s=20, phase="hurt"),
    f.Injecting(seen_s=21, fault=FAULT, kind="latency", target="api->db", planned_s=21),
    f.Injected(seen_s=21.2, fault=FAULT, begun_s=21),
    f.Mended(seen_s=49.5, fault=FAULT, begun_s=49.4),
    f.PhaseEnded(seen_s=50, phase="hurt"),
    f.PhaseSettled(seen_s=80, phase="hurt", steady=True),
    f.LoadEnded(seen_s=91, clean=True, ended_s=90),
)


def looks(probe: str, target: str = "", *, hole: tuple[float, float] = (0, 0), every_s: float = 1.0) -> list[f.Fact]:
    times = (0.5 + every_s * number for number in range(int(95 / every_s)))
    return [f.Looked(seen_s=at_s, probe=probe, target=target) for at_s in times if not hole[0] <= at_s < hole[1]]


def alert(
    state: str, at_s: float, name: str = "Slow", labels: dict[str, str] | None = None, **more: Any
) -> f.AlertChanged:
    """One change, seen half a second after its evaluation."""
    given = SERVICE if labels is None else labels
    return f.AlertChanged(
        alert=name, state=state, labels=given, happened_s=at_s, seen_s=at_s + 0.5, before_s=at_s - 1, **more
    )


def page(at_s: float, *, start_s: float | None = None, receiver: str = "oncall", **more: Any) -> f.Paged:
    """One delivery about Slow, of an alert that began to fire a second before it."""
    began_s = at_s - 1.0 if start_s is None else start_s
    values: dict[str, Any] = {
        "receiver": receiver,
        "alert": "Slow",
        "status": "firing",
        "labels": SERVICE,
        "fingerprint": "a",
        "group_key": "{}",
        "start": str(began_s),
        "starts_s": began_s,
        "delivery": 1,
        "happened_s": at_s,
        "seen_s": at_s + 0.1,
    }
    return f.Paged(**{**values, **more})


def rule(evaluated_s: float | None = None, seen_s: float = 5.0, **more: Any) -> f.RuleSeen:
    """The rule Slow, evaluated each second and firing at once; without an evaluation it was loaded only."""
    health = "unknown" if evaluated_s is None else "ok"
    return f.RuleSeen(
        **{
            "seen_s": seen_s,
            "rule": "Slow",
            "group": "g",
            "interval_s": 1.0,
            "evaluated_s": evaluated_s,
            "health": health,
            **more,
        }
    )


def ruled(*happened: f.Fact) -> Journal:
    """The run with these rules alone, and what happened in it."""
    return story(*happened, but=(f.RuleSeen,))


def story(*happened: f.Fact, but: Sequence[type[f.Fact]] = (), hole: tuple[float, float] = (0, 0)) -> Journal:
    """The run, and what happened in it. `but`: kinds of facts left out; `hole`: nobody looked at Prometheus in it."""
    given = [fact for fact in BOUNDS if type(fact) not in but]
    return journal_of(*given, *looks("alerts", hole=hole), *looks("pages"), *happened)


def judged(
    claim: Expectation,
    journal: Journal,
    phase: str = "hurt",
    *,
    then: bool = False,
    series: Book = MappingProxyType({}),
    rows: Rows = NO_ROWS,
    conditions: tuple[Condition, ...] = (),
) -> Finding:
    evidence = Evidence(
        journal=journal,
        rows=rows,
        logs=WrittenLogs(),
        steady=Steady(5.0, conditions),
        phase=phase,
        then=then,
        faults={FAULT: Hurt(id=FAULT)},
        over=True,
        series=series,
    )
    return claim.check(evidence)
