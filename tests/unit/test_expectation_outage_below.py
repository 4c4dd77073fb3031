"""outage_below: seconds without a good answer, between what they can have been at the least and at the most."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness import facts as f
from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.outage_below import OutageBelow
from harness.stats.outages import outages
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE


def evidence(entries: list[dict[str, Any]], ended: bool = False) -> Evidence:
    """A phase from 10 to 20 s, the load seen at work from 1 to 30 s."""
    facts: list[f.Fact] = [f.LoadBegan(begins_s=1.0, seen_s=0.9), f.PhaseBegan(phase="p", seen_s=10.0)]
    facts += [f.PhaseEnded(phase="p", seen_s=20.0)]
    facts += [f.LoadSampled(cpu_ratio=0.1, late_ms=1.0, due=1, dropped=0, seen_s=s + 0.5) for s in range(1, 30)]
    facts += [f.LoadEnded(clean=True, ended_s=30.0, seen_s=30.0)] if ended else []
    return Evidence(journal_of(*facts), rows_of(entries), WrittenLogs(), Steady(10.0, ()), phase="p", timeout_s=5.0)


def each_tenth(**bad: Any) -> list[dict[str, Any]]:
    """A request each 0.1 s; those due from `since` until before `until` are otherwise than well."""
    since, until = bad.pop("since", 0.0), bad.pop("until", 0.0)
    times = [10.05 + i / 10 for i in range(100)]
    return [{"at_s": at_s, "took_ms": 20, **(bad if since <= at_s < until else {})} for at_s in times]


def claim(**limits: str) -> OutageBelow:
    return OutageBelow.model_validate(limits)


def test_an_outage_lasts_from_its_first_bad_request_at_the_least_and_between_the_good_ones_at_the_most() -> None:
    finding = claim(total="2s").check(evidence(each_tenth(since=12, until=15, outcome="5xx")))
    assert (finding.outcome, finding.reason) == (FAILED, "outage_too_long")
    assert finding.measure is not None
    assert finding.measure.low == pytest.approx(2.9)
    assert finding.measure.high == pytest.approx(3.1)
    assert "2.90 to 3.10 s in all, limit 2s" in finding.because
    assert finding.cites[-2:] == ("row 0:20", "row 0:49")
    assert (
        claim(total="4s", longest="3.2s").check(evidence(each_tenth(since=12, until=15, outcome="5xx"))).outcome
        is PASSED
    )


def test_a_limit_between_the_two_is_not_decided() -> None:
    finding = claim(longest="3s").check(evidence(each_tenth(since=12, until=15, outcome="timeout")))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_near")


def test_several_short_ones_count_together_and_each_alone() -> None:
    rows = [{**row, "outcome": "5xx"} if int(row["at_s"]) in (11, 13, 15) else row for row in each_tenth()]
    assert claim(longest="1.5s").check(evidence(rows)).outcome is PASSED
    finding = claim(total="1.5s", longest="1.5s").check(evidence(rows))
    assert finding.outcome is FAILED
    assert "3 stretches" in finding.because


def test_a_slow_answer_is_a_good_one_unless_the_claim_says_otherwise() -> None:
    slow = evidence(each_tenth(since=12, until=15, took_ms=1500))
    assert claim(longest="1s").check(slow).outcome is PASSED
    assert claim(longest="1s", slower="1s").check(slow).outcome is FAILED


def test_what_was_never_answered_is_bad_once_the_load_has_ended_and_unknown_before() -> None:
    rows = each_tenth(since=12, until=15, took_ms=None)
    assert claim(longest="1s").check(evidence(rows)).reason == "unanswered"
    assert claim(longest="1s").check(evidence(rows, ended=True)).reason == "outage_too_long"


def test_a_time_in_which_nothing_was_due_shows_nothing() -> None:
    rows = [row for row in each_tenth() if not 12 <= row["at_s"] < 15]
    finding = claim(longest="2s").check(evidence(rows))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "too_few")
    assert claim(longest="4s").check(evidence(rows)).outcome is PASSED


def test_a_plan_whose_arrivals_cannot_resolve_the_limit_is_refused() -> None:
    assert claim(longest="1s").undecidable(Reach(60.0, 100.0, 5.0)).startswith("about 100 requests are due in 60 s")
    assert not claim(longest="2s").undecidable(Reach(60.0, 100.0, 5.0))


def test_a_claim_without_a_limit_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least one of total, longest"):
        claim(request="GET /")


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.data())
def test_more_bad_answers_never_make_the_outage_shorter(bad: list[bool], data: st.DataObject) -> None:
    due = sorted(data.draw(st.lists(st.floats(0, 60), min_size=len(bad), max_size=len(bad))))
    worse = [one or data.draw(st.booleans()) for one in bad]
    less, more = outages(due, bad, 0.0, 60.0), outages(due, worse, 0.0, 60.0)
    for one, other in ((less.total, more.total), (less.longest, more.longest)):
        assert one[0] <= other[0] + 1e-9
        assert one[1] <= other[1] + 1e-9
    assert more.longest[1] <= more.total[1] + 1e-9 <= 60.0 + 2e-9
