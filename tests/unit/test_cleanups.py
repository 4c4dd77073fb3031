"""A claim that our own clean-up may have decided, by closing connections, is open; what was so before stands."""

from __future__ import annotations

import dataclasses
from typing import Any

import alert_stories
import pytest
from small_drill import Load, Phase

from harness import facts as f
from harness.cleanups import BREAKS, COUNTED, SHOWS, STANDS, cut_in, judged_under, rows_before, under_cleanup
from harness.expectations import EXPECTATIONS
from harness.expectations.alert_fires import AlertFires
from harness.expectations.base import Line
from harness.expectations.errors_below import ErrorsBelow
from harness.expectations.log_seen import LogSeen
from harness.expectations.page_sent import PageSent
from harness.expectations.stays_up import StaysUp
from harness.judge_claim import judge_claim
from harness.stats import Condition
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Finding, Judged, Outcome, failed, passed

RECREATED = f.RungTried(
    fault="slow/latency-api->db", target="api->db:5432", rung="proxy deleted and created again", took_s=0.5,
    cut=("api->db",), seen_s=39.0,
)  # fmt: skip
REMOVED = f.RungTried(
    fault="slow/latency-api->db", target="", rung="toxics removed", took_s=3.0, error="hung", seen_s=38.5
)
STORY = (
    f.LoadBegan(begins_s=0.0),
    f.GateHeld(seen_s=9.0),
    f.PhaseBegan(phase="slow", seen_s=10.0),
    f.PhaseEnded(phase="slow", seen_s=40.0),
    f.PhaseSettled(phase="slow", steady=True, seen_s=50.0),
    f.PhaseBegan(phase="calm", seen_s=51.0),
    f.PhaseEnded(phase="calm", seen_s=60.0),
)
MANY = failed("4 % of all requests failed (limit 2 %)")
SEEN = passed("a line was seen")


def cut(finding: Finding, word: str, *facts: f.Fact, phase: str = "slow", then: bool = False) -> f.RungTried | None:
    return cut_in(journal_of(*STORY, *facts), Judged("id", "said", phase, "", finding), word, then)


def test_only_a_rung_that_closed_connections_in_the_stretch_of_the_claim_counts() -> None:
    assert cut(MANY, "errors_below") is None
    assert cut(MANY, "errors_below", REMOVED) is None
    assert cut(MANY, "errors_below", REMOVED, RECREATED) is not None
    assert cut(MANY, "errors_below", RECREATED, phase="calm") is None
    assert cut(MANY, "errors_below", RECREATED, phase="") is not None
    assert cut(MANY, "recovers", RECREATED, then=True) is not None, "it is about what the phase's clean-up left"
    assert cut(MANY, "recovers", dataclasses.replace(RECREATED, seen_s=5.0), then=True) is None


def test_what_closed_connections_cannot_bring_about_stands() -> None:
    assert cut(dataclasses.replace(MANY, census=True), "errors_below", RECREATED) is None
    assert cut(MANY, "alert_fires", RECREATED) is None, "a missing alert is not missing because of them"
    assert cut(passed("fine"), "errors_below", RECREATED) is None, "what passed in spite of them has passed"
    assert cut(SEEN, "log_seen", RECREATED) is not None, "but what was to be noticed may be they"


@pytest.mark.parametrize("word", [one.word for one in EXPECTATIONS])
def test_of_every_claim_it_is_decided_what_closed_connections_may_do_to_it(word: str) -> None:
    """A new expectation needs a line in exactly one of the three tables of harness/cleanups.py."""
    tables = [name for name, table in (("BREAKS", BREAKS), ("SHOWS", SHOWS), ("STANDS", STANDS)) if word in table]
    assert len(tables) == 1, f"{word} is in {tables or 'no table'}: may connections that our clean-up closed decide it?"
    assert word not in STANDS or STANDS[word], "why does it stand?"


def test_no_table_names_a_claim_that_is_not_there() -> None:
    words = {one.word for one in EXPECTATIONS}
    assert {*BREAKS, *SHOWS, *STANDS} <= words
    assert set(COUNTED) <= BREAKS


def counted(reason: str) -> Finding:
    return dataclasses.replace(MANY, census=True, reason=reason)


def test_a_container_that_died_when_we_closed_its_connections_is_nobodys_and_a_lost_order_is_lost() -> None:
    assert cut(counted("died"), "stays_up", RECREATED) is not None
    assert cut(counted("logged"), "log_quiet", RECREATED) is not None
    assert cut(counted("not_healed"), "healed", RECREATED) is not None
    assert cut(counted("step_failed"), "healed", RECREATED) is None
    assert cut(counted("restarted"), "state_restored", RECREATED, phase="") is not None
    assert cut(counted("image_differs"), "state_restored", RECREATED, phase="") is None
    assert cut(counted("secret_logged"), "log_coverage", RECREATED) is None
    assert cut(counted("lost"), "orders_kept", RECREATED, phase="") is None


@pytest.mark.parametrize(("at_s", "stands"), [(20.0, True), (39.2, False)])
def test_a_container_that_died_before_the_cut_has_died_of_its_own(at_s: float, stands: bool) -> None:
    died = f.ContainerChanged(container="api-1", service="api", event="die", exit_code=1, seen_s=at_s)
    looks = [f.Looked(probe="containers", target="", seen_s=float(at)) for at in range(63)]
    load = [f.LoadSampled(cpu_ratio=0.1, late_ms=1.0, due=20, dropped=0, seen_s=float(at)) for at in range(62)]
    end = f.LoadEnded(seen_s=61.0, ended_s=60.0, clean=True)
    journal = journal_of(*STORY, RECREATED, died, *looks, *load, end, f.Closed(seen_s=62.5))
    known = (Drill(), Claim(StaysUp(service="api")), journal, rows_of([{"at_s": 1.0}]), WrittenLogs([]))
    alone = judge_claim(*known, over=True)
    assert alone.finding.outcome is Outcome.FAILED, alone.finding.because
    finding = under_cleanup(alone, *known, series={}).finding
    assert (finding.outcome is Outcome.FAILED) == stands, finding.because


def test_what_was_so_before_stands_and_what_was_not_is_open_and_says_why() -> None:
    one = Judged("id", "said", "slow", "", MANY)
    assert judged_under(one, MANY, RECREATED) is one
    opened = judged_under(one, passed("fine"), RECREATED).finding
    assert (opened.outcome, opened.reason) == (Outcome.INCONCLUSIVE, "cut_by_cleanup")
    assert opened.because == (
        "to take slow/latency-api->db out, our clean-up had to close the connections of api->db at 39.0 s "
        "(proxy deleted and created again), which may have done this: 4 % of all requests failed (limit 2 %)"
    )
    assert opened.decide


def test_the_ledger_as_it_stood_knows_nothing_of_later() -> None:
    rows = rows_of(
        [
            {"at_s": 1.0, "took_ms": 100},
            {"at_s": 4.9, "took_ms": 500, "outcome": "5xx"},
            {"at_s": 4.9, "late_ms": 200, "took_ms": 10},
            {"at_s": 6.0},
        ]
    )
    then = rows_before(rows, 5.0)
    assert len(then) == 3
    assert list(then.outcome("ok")) == [True, False, False]
    assert list(then.outcome("5xx")) == [False, False, False]
    assert len(rows.array) == 4
    assert list(rows.outcome("5xx")) == [False, True, False, False], "the ledger itself is as it was"


@dataclasses.dataclass(frozen=True)
class SteadyState:
    for_s: float = 4.0
    all: tuple[Condition, ...] = (Condition.parse("errors < 5%"),)


@dataclasses.dataclass(frozen=True)
class Drill:
    name: str = "ladder"
    phases: tuple[Phase, ...] = (Phase("slow"), Phase("calm"))
    steady: SteadyState = dataclasses.field(default_factory=SteadyState)
    load: Load = dataclasses.field(default_factory=Load)


@dataclasses.dataclass(frozen=True)
class Claim:
    expectation: Any
    phase: str = "slow"
    then: bool = False
    where: str = ""
    text: str = ""
    id: str = "slow/it"


def outcome(claim: Any, broken: tuple[float, float], line_s: float = 100.0) -> Finding:
    """20 requests a second for a minute, all failing in a stretch; the rung is from 38.5 to 39 s."""
    rows = rows_of(
        [{"at_s": n / 20, "outcome": "5xx" if broken[0] <= n / 20 < broken[1] else "ok"} for n in range(1200)]
    )
    looks = [f.Looked(probe="logs", target="", seen_s=float(at)) for at in range(63)]
    load = [f.LoadSampled(cpu_ratio=0.1, late_ms=1.0, due=20, dropped=0, seen_s=float(at)) for at in range(62)]
    end = f.LoadEnded(seen_s=61.0, ended_s=60.0, clean=True)
    journal = journal_of(*STORY, REMOVED, RECREATED, *looks, *load, end, f.Closed(seen_s=62.5))
    logs = WrittenLogs([Line("api", "api-1", line_s, "ERROR store")])
    known = (Drill(), Claim(claim), journal, rows, logs)
    alone = judge_claim(*known, over=True)
    assert alone.finding.outcome is not Outcome.INCONCLUSIVE, alone.finding.because
    return under_cleanup(alone, *known, series={}).finding


def test_errors_that_came_with_the_cut_are_not_the_services() -> None:
    finding = outcome(ErrorsBelow(ratio="1%"), (38.6, 39.6))
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "cut_by_cleanup")


def test_errors_far_from_it_are_open_too_where_a_share_is_known_only_at_the_end() -> None:
    assert outcome(ErrorsBelow(ratio="1%"), (15.0, 25.0)).outcome is not Outcome.PASSED


def test_a_line_that_came_only_with_the_cut_does_not_show_that_the_fault_was_noticed() -> None:
    late = outcome(LogSeen(service="api", contains="ERROR store"), (0.0, 0.0), line_s=39.2)
    assert (late.outcome, late.reason) == (Outcome.INCONCLUSIVE, "cut_by_cleanup")


def test_a_line_before_the_cut_shows_it_though_the_time_of_the_claim_was_not_up_then() -> None:
    seen = outcome(LogSeen(service="api", contains="ERROR store"), (0.0, 0.0), line_s=20.0)
    assert seen.outcome is Outcome.PASSED


@pytest.mark.parametrize(("at_s", "stands"), [(20.0, True), (39.2, False)])
def test_an_alert_and_a_page_before_the_cut_stand_and_those_after_it_are_open(at_s: float, stands: bool) -> None:
    fired = alert_stories.alert("firing", at_s)
    paged = alert_stories.page(at_s + 0.1, start_s=at_s)
    looks = [f.Looked(probe=one, seen_s=float(at)) for one in ("alerts", "pages") for at in range(63)]
    journal = journal_of(
        *STORY,
        *alert_stories.BOUNDS[:7],
        fired,
        paged,
        RECREATED,
        *looks,
        f.LoadEnded(seen_s=61.0, ended_s=60.0, clean=True),
        f.Closed(seen_s=62.5),
    )
    for word in (AlertFires(alert=fired.alert), PageSent(alert=fired.alert)):
        known = (Drill(), Claim(word), journal, rows_of([{"at_s": 1.0}]), WrittenLogs([]))
        alone = judge_claim(*known, over=True)
        assert alone.finding.outcome is Outcome.PASSED, alone.finding.because
        finding = under_cleanup(alone, *known, series={}).finding
        assert (finding.outcome is Outcome.PASSED) == stands, finding.because
