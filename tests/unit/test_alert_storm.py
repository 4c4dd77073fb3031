"""One alert with very many instances, all of them paged: what is judged of twice as many takes twice as long, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from alert_stories import SERVICE, alert, judged, looks, page, story
from counted_calls import calls

from harness import facts as f
from harness import inhibiting, quiet
from harness.alerting import Quiet
from harness.expectations.alert_fires import AlertFires
from harness.expectations.alert_quiet import AlertQuiet
from harness.expectations.base import Expectation
from harness.expectations.page_quality import PageQuality
from harness.expectations.page_sent import PageSent
from harness.journal import Journal
from harness.made_elsewhere import PROBE, made_elsewhere

FEW = 40
PAGED = PageSent(alert="Slow", receiver="oncall", within_s="25s")
ALL_CLEAR = PageSent(alert="Slow", receiver="oncall", status="resolved", within_s="20s")
FIRES = AlertFires(alert="Slow", within_s="20s")
READ = PageQuality(alert="Slow", receiver="oncall", require=("severity",))
QUIET = AlertQuiet(alert="*", allow=("Slow",))
CLUSTER = {"cluster": "eu"}
REWRITTEN = {"service": "shop"}
OTHER = f.RuleSeen(seen_s=5, rule="Other", group="h", interval_s=1.0, health="ok")
HOLDS_BACK = f.InhibitSeen(
    seen_s=1, sources=(("alertname", "=", "Down"),), targets=(("alertname", "=", "Slow"),), equal=("pod", "cluster")
)


def storm(
    many: int,
    *more: f.Fact,
    waits_s: float = 2,
    added: dict[str, str] = {},  # noqa: B006
    held: bool = True,
    seconds: int = 10,
) -> Journal:
    """`waits_s`: from firing to the page; `added`: labels that they get on their way; `held`: whether Alertmanager was seen to have them;
    `seconds`: in which they fire."""
    happened: list[f.Fact] = []
    for number in range(many):
        labels = {**SERVICE, "pod": str(number)}
        from_s = 23 + number % seconds
        own: dict[str, Any] = {"start_s": from_s, "labels": {**labels, **added}, "fingerprint": str(number)}
        happened += [alert(state, at_s, labels=labels) for state, at_s in (("pending", from_s - 1), ("firing", from_s))]
        happened += [alert("inactive", 52, labels=labels), page(from_s + waits_s, **own)]
        happened.append(page(55, status="resolved", ends_s=52.0, **own))
        if held:
            happened.append(routed(from_s + 1, "Slow", {**labels, **added}))
    return story(OTHER, *looks(PROBE), *happened, *more)


def routed(at_s: float, name: str, labels: dict[str, str]) -> f.AlertRouted:
    fingerprint = f"{name}{labels}"
    return f.AlertRouted(seen_s=at_s, alert=name, state="active", labels=labels, fingerprint=fingerprint)


def down(many: int) -> list[f.Fact]:
    """As many that fire since before, and that Alertmanager did not hear of."""
    return [alert("firing", 20, name="Down", labels={"pod": str(number)}) for number in range(many)]


def loki(many: int) -> list[f.Fact]:
    """As many that another makes."""
    return [routed(30, "LokiErrors", {"service": str(number)}) for number in range(many)]


def growth(asked: Callable[[int], Callable[[], object]]) -> float:
    """By how much more is done for twice as many; each with each would be four times as much."""
    asked(2)()  # what is imported, and compiled, at the first
    few, twice = (calls(asked(many)) for many in (FEW, 2 * FEW))
    return twice / few


NONE: tuple[f.Fact, ...] = ()
CLAIMS: list[tuple[Expectation, tuple[f.Fact, ...], dict[str, Any]]] = [
    (PAGED, NONE, {}),
    (PAGED, NONE, {"waits_s": 10}),  # by then Alertmanager had to have what would hold them back
    (PAGED, (HOLDS_BACK,), {"waits_s": 10, "added": CLUSTER}),
    (PAGED, (replace(HOLDS_BACK, sources=()),), {"waits_s": 10}),
    (PAGED, (replace(HOLDS_BACK, sources=()),), {"waits_s": 10, "held": False}),
    (ALL_CLEAR, NONE, {}),
    (ALL_CLEAR, NONE, {"added": CLUSTER}),
    (FIRES, NONE, {}),
    (READ, NONE, {}),
    (QUIET, NONE, {}),
    (QUIET, NONE, {"added": CLUSTER}),
    (PAGED, NONE, {"added": REWRITTEN}),
    (ALL_CLEAR, NONE, {"added": REWRITTEN}),
    (ALL_CLEAR, NONE, {"added": REWRITTEN, "seconds": 1}),
    (QUIET, NONE, {"added": REWRITTEN}),
]


@pytest.mark.parametrize(("claim", "rules", "more"), CLAIMS)
def test_a_claim_about_twice_as_many_takes_twice_as_much(
    claim: Expectation, rules: tuple[f.Fact, ...], more: dict[str, Any]
) -> None:
    def asked(many: int) -> Callable[[], object]:
        journal = storm(many, *rules, **more)

        def answer() -> None:
            assert judged(claim, journal, then=claim is ALL_CLEAR).outcome.value == "passed"

        return answer

    assert growth(asked) < 2.5


def test_a_storm_of_which_each_page_would_be_held_back_takes_no_more() -> None:
    def asked(many: int) -> Callable[[], object]:
        journal = storm(many, HOLDS_BACK, *down(many), waits_s=10, added=CLUSTER)

        def answer() -> None:
            assert judged(PAGED, journal).reason == "inhibitor_unsent"

        return answer

    assert growth(asked) < 2.5


def test_each_look_of_the_gate_takes_no_more() -> None:
    def asked(many: int) -> Callable[[], object]:
        journal = storm(many, HOLDS_BACK, *down(many))

        def answer() -> None:
            assert quiet.quiet_since(journal, Quiet(("Slow", "Down")), 94.0) == 0.5
            assert len(inhibiting.unsent(journal, 40.0)) == many

        return answer

    assert growth(asked) < 2.5


def test_as_many_that_another_makes_take_no_more() -> None:
    def asked(many: int) -> Callable[[], object]:
        journal = storm(many, *loki(many))

        def answer() -> None:
            assert len(made_elsewhere(journal)) == many

        return answer

    assert growth(asked) < 2.5
