"""One alert with very many instances, all of them paged: what a claim reads of a run grows no faster than each with each."""

from __future__ import annotations

from typing import Any

import pytest
from alert_stories import SERVICE, alert, judged, looks, page, story

from harness import facts as f
from harness.expectations.alert_fires import AlertFires
from harness.expectations.base import Expectation
from harness.expectations.page_sent import PageSent
from harness.journal import Journal
from harness.made_elsewhere import PROBE

FEW = 30
PAGED = PageSent(alert="Slow", receiver="oncall", within_s="20s")
ALL_CLEAR = PageSent(alert="Slow", receiver="oncall", status="resolved", within_s="20s")
FIRES = AlertFires(alert="Slow", within_s="20s")


def storm(many: int) -> Journal:
    happened: list[f.Fact] = []
    for number in range(many):
        labels = {**SERVICE, "pod": str(number)}
        from_s = 23 + number % 10
        own: dict[str, Any] = {"start_s": from_s, "labels": labels, "fingerprint": str(number)}
        happened += [alert(state, at_s, labels=labels) for state, at_s in (("pending", from_s - 1), ("firing", from_s))]
        happened += [alert("inactive", 52, labels=labels), page(from_s + 2, **own)]
        happened.append(page(55, status="resolved", ends_s=52.0, **own))
        held = f.AlertRouted(seen_s=from_s + 1, alert="Slow", state="active", labels=labels, fingerprint=str(number))
        happened.append(held)
    return story(*looks(PROBE), *happened)


@pytest.mark.parametrize(("claim", "then"), [(PAGED, False), (ALL_CLEAR, True), (FIRES, False)])
def test_what_is_read_of_a_run_grows_no_faster_than_each_with_each(
    monkeypatch: pytest.MonkeyPatch, claim: Expectation, then: bool
) -> None:
    """Twice as many are read four times as often at the most."""
    of, read = Journal.of, [0]

    def counted(self: Journal, *args: Any, **fields: Any) -> Any:
        found = of(self, *args, **fields)
        read[0] += len(found)
        return found

    monkeypatch.setattr(Journal, "of", counted)
    reads = []
    for many in (FEW, 2 * FEW):
        journal = storm(many)
        read[0] = 0
        assert judged(claim, journal, then=then).outcome.value == "passed"
        reads.append(read[0])
    assert reads[1] < 5 * reads[0]
