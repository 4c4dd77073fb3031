"""The gate waits for an alert that may hold pages back, until Alertmanager has heard of it; no longer than the drill has time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from test_engine import DRILL, make, play

from harness import facts as f
from harness.fakeworld import FakeWorld
from harness.world.handles import World

PAGED = DRILL.replace("errors_below: {ratio: 1%}", "page_sent: {alert: Slow}")
RULE = f.InhibitSeen(sources=(("severity", "=", "none"),), targets=())
NEVER = 1000.0


@dataclass(frozen=True, eq=False)
class Watchdog:
    """What is looked at of an alert that fires since 1 s and that Alertmanager has from heard_s on."""

    heard_s: float
    rules: tuple[f.Fact, ...] = (RULE,)
    env: str = "compose"  # as Alertmanager has it
    name: str = "silences"
    every_s: float = 1.0
    gap_s: float = 5.0
    lag_s: float = 1.0

    def look(self, world: World) -> Sequence[f.Fact]:
        now_s, seen = world.clock.now_s(), f.Looked(probe=self.name)
        if now_s < 1:
            return (*self.rules, seen)
        if now_s < 2:
            labels = {"severity": "none", "env": "compose"}
            return (f.AlertChanged(alert="Watchdog", state="firing", labels=labels, happened_s=1.0), seen)
        routed = f.AlertRouted(alert="Watchdog", state="active", labels={"severity": "none", "env": self.env})
        return (routed, seen) if now_s >= self.heard_s else (seen,)


def gate(world: FakeWorld, tmp_path: Path, probe: Watchdog, text: str = PAGED) -> tuple[f.GateHeld, list[str]]:
    said: list[str] = []
    record, _ = play(world, make(tmp_path, text), tmp_path, say=said.append, more=(probe,))
    (held,) = record.journal().of(f.GateHeld)
    return held, [text for text in said if "Alertmanager" in text]


def test_it_opens_as_soon_as_alertmanager_has_heard_of_it(tmp_path: Path) -> None:
    held, said = gate(FakeWorld(), tmp_path, Watchdog(heard_s=14.0))
    assert 14.0 <= held.seen_s < 17.0
    assert held.waited.startswith("Alertmanager had not heard of Watchdog, which may hold pages back, until 1")
    assert said == [
        "steady, but Alertmanager has not heard yet of Watchdog, which may hold pages back: a minute at the most"
    ]


@pytest.mark.parametrize(
    "probe", [Watchdog(2.0), Watchdog(2.0, env="prod"), Watchdog(NEVER, rules=()), Watchdog(NEVER, name="other")]
)
def test_it_waits_for_nothing_that_is_known_holds_nothing_back_or_is_not_looked_at(
    tmp_path: Path, probe: Watchdog
) -> None:
    held, said = gate(FakeWorld(), tmp_path, probe)
    assert held.seen_s < 7.5
    assert (held.waited, said) == ("", [])


def test_one_that_never_comes_holds_the_run_up_no_longer_than_the_steady_state_may_take(tmp_path: Path) -> None:
    held, _ = gate(FakeWorld(), tmp_path, Watchdog(NEVER))
    assert 22.0 < held.seen_s < 26.0, "20 s to begin, 5 s to hold"
    assert held.waited == "Alertmanager had not heard of Watchdog, which may hold pages back, when it opened"


def test_a_state_that_breaks_meanwhile_has_to_hold_again(tmp_path: Path) -> None:
    world = FakeWorld()
    world.load.broken = lambda at_s: 12 < at_s < 16
    held, _ = gate(world, tmp_path, Watchdog(heard_s=14.0))
    assert held.seen_s > 20


def slow(**labels: str) -> f.RuleSeen:
    return f.RuleSeen(rule="Slow", expr="up == 0", labels=labels)


@pytest.mark.parametrize(
    ("rule", "inhibit"),
    [
        (slow(severity="page"), f.InhibitSeen(sources=RULE.sources, targets=(("severity", "=", "info"),))),
        (slow(), f.InhibitSeen(sources=RULE.sources, targets=(("alertname", "=~", "Info.*"),))),
        (slow(severity="page"), f.InhibitSeen(sources=RULE.sources, targets=(), equal=("severity", "service"))),
        (slow(), f.InhibitSeen(sources=RULE.sources, targets=(), equal=("alertname",))),
    ],
)
def test_it_waits_for_nothing_that_holds_other_pages_back_than_the_drill_claims(
    tmp_path: Path, rule: f.RuleSeen, inhibit: f.InhibitSeen
) -> None:
    held, said = gate(FakeWorld(), tmp_path, Watchdog(NEVER, rules=(rule, inhibit)))
    assert (held.waited, said) == ("", [])


@pytest.mark.parametrize("rule", [slow(), slow(severity="{{ $labels.severity }}"), slow(severity="info", team="shop")])
def test_what_is_not_known_of_a_pages_labels_may_be_what_is_looked_for(tmp_path: Path, rule: f.RuleSeen) -> None:
    inhibit = f.InhibitSeen(sources=RULE.sources, targets=(("severity", "=", "info"),), equal=("team",))
    held, _ = gate(FakeWorld(), tmp_path, Watchdog(14.0, rules=(rule, inhibit)))
    assert held.waited.startswith("Alertmanager had not heard of Watchdog")


CLAIMS = [
    ("errors_below: {ratio: 1%}", False),
    ("alert_fires: {alert: Slow, within: 10s}", False),
    ("on_call: {acknowledged: 5s, trigger: alert Slow}", False),
    ("on_call: {acknowledged: 5s}", True),
    ("blame: {by: [pages]}", True),
    ("blame: {by: [logs]}", False),
    ("page_quality: {alert: S*}", True),
]


@pytest.mark.parametrize(("claim", "waits"), CLAIMS)
def test_it_waits_where_a_claim_is_about_pages(tmp_path: Path, claim: str, waits: bool) -> None:
    text = PAGED.replace("page_sent: {alert: Slow}", claim)
    held, _ = gate(FakeWorld(), tmp_path, Watchdog(14.0, rules=(slow(), RULE)), text)
    assert bool(held.waited) == waits
