"""rolled_back: a bad release is noticed, taken back everywhere and in time, and every way in which it is not has its own name."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness import facts as f
from harness.expectations import release_watched as module
from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.rolled_back import RolledBack
from harness.faults.bad_release import BadRelease
from harness.journal import Journal
from harness.ledger import DUE, NEVER, OUTCOMES, SENT, Rows
from harness.probes.releases import ReleasesProbe
from harness.stats import Condition, first_bad, was_broken
from harness.testing import WrittenLogs, journal_of, machine_of, rows_of
from harness.verdict import Finding, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
FAULT, LEVER = "release/bad_release-api", "release/rolled_back-runbook"
BAD = BadRelease(service="api", image="api:bad", id=FAULT)
STEADY = Steady(5.0, (Condition.parse("errors < 1%"), Condition.parse("p95 < 300ms")))
BEGAN, OUT, ENDED, SETTLED, CLOSED = 20.0, 22.0, 60.0, 75.0, 90.0


def claim(**changes: Any) -> RolledBack:
    fields = {"by": "runbook", "command": ["./rollback.sh"], "trigger": "page", "within": "35s", "id": LEVER, **changes}
    if fields["by"] != "runbook":
        fields.pop("command")
    return RolledBack.model_validate(fields)


@dataclass
class Run:
    """A phase from 20 s to 60 s whose release is out at 22 s, on two containers; judged until 75 s.

    paged_s, alert_s     when the page came, and the alert fired
    pulled_s, done_s     when the lever was pulled, and its command ended (with `code`)
    back_s               when each container got the good release back
    ill                  stretches in which the service fails; by default while the bad release serves anywhere
    slow                 a stretch in which answers take 0.6 s
    failing              while it fails, one of so many requests (with `timeouts`: none is answered, and their users give up)
    header               whether answers name their version; looks: whether containers are looked at
    """

    paged_s: float | None = 30.0
    alert_s: float | None = 28.0
    pulled_s: float | None = 30.1
    done_s: float | None = 33.0
    code: int | None = 0
    back_s: Sequence[float] = (32.0, 33.0)
    ill: Sequence[tuple[float, float]] | None = None
    header: bool = True
    looks: bool = True
    extra: Sequence[f.Fact] = ()
    settled: bool = True
    slow: tuple[float, float] = (0.0, 0.0)
    failing: int = 2
    timeouts: bool = False
    rate: float = 20.0
    lever: str = LEVER

    def releases(self) -> list[f.Fact]:
        found: list[f.Fact] = []
        tick_s = OUT
        seen: dict[int, str] = {}
        bad_s, told = tick_s, False
        while self.looks and tick_s < CLOSED:
            for number in range(2):
                taken_back = tick_s >= self.back_s[number]
                release = "good" if taken_back else "bad"
                if seen.get(number) != release:
                    seen[number] = release
                    one = f.ReleaseSeen(
                        service="api", container=f"api-{number + 1}", release=release, image=f"api:{release}"
                    )
                    found.append(dataclasses.replace(one, seen_s=tick_s + 0.01, happened_s=tick_s))
            if "bad" in seen.values():
                bad_s = tick_s
            elif not told:
                told = True
                by = "rollback" if max(self.back_s) < SETTLED else "mend"
                back = f.Deployed(service="api", image="api:good", by=by, replicas=2, begun_s=bad_s, happened_s=tick_s)
                found.append(dataclasses.replace(back, seen_s=tick_s + 0.02))
            found.append(f.Looked(probe="releases", target="api", seen_s=tick_s + 0.03))
            tick_s += 0.5
        return found

    def facts(self) -> list[f.Fact]:
        found: list[f.Fact] = [
            f.LoadBegan(begins_s=1.0, seen_s=0.9),
            f.PhaseBegan(phase="release", seen_s=BEGAN),
            f.Injecting(fault=FAULT, kind="bad_release", target="api", planned_s=BEGAN, seen_s=BEGAN),
            f.Injected(fault=FAULT, begun_s=BEGAN + 0.01, seen_s=OUT, readback={"api-1": "bad: api:bad"}),
            f.PhaseEnded(phase="release", seen_s=ENDED),
            f.LoadEnded(clean=True, ended_s=SETTLED + 2, seen_s=SETTLED + 4),
            f.Closed(seen_s=CLOSED),
            *self.releases(),
            *self.extra,
        ]
        if self.settled:
            found.append(f.PhaseSettled(phase="release", steady=True, seen_s=SETTLED))
        if self.alert_s is not None:
            found.append(f.AlertChanged(alert="Errors", state="firing", seen_s=self.alert_s, before_s=self.alert_s - 5))
        if self.paged_s is not None:
            found.append(
                f.Paged(receiver="oncall", alert="Errors", status="firing", seen_s=self.paged_s, starts_s=self.alert_s)
            )
        if self.pulled_s is not None:
            found.append(f.LeverPulled(lever=self.lever, by="runbook", command="./rollback.sh", seen_s=self.pulled_s))
        if self.done_s is not None and self.pulled_s is not None:
            ended = f.LeverEnded(lever=self.lever, begun_s=self.pulled_s, exit_code=self.code, seen_s=self.done_s)
            found.append(
                dataclasses.replace(
                    ended, output="line one\nno such image", detail="" if self.code is not None else "was killed"
                )
            )
        found += [
            f.LoadSampled(cpu_ratio=0.1, late_ms=1, due=1, dropped=0, seen_s=s + 0.5)
            for s in range(1, int(SETTLED) + 4)
        ]
        return found

    def rows(self) -> Rows:
        entries: list[dict[str, Any]] = []
        for tick in range(int(self.rate), int(self.rate * (SETTLED + 2))):
            at_s = tick / self.rate
            out_s, back_s = (OUT - 1, OUT)[tick % 2], self.back_s[tick % 2]
            bad = out_s <= at_s < back_s
            ill = bad if self.ill is None else any(start <= at_s < end for start, end in self.ill)
            version = ("bad" if bad else "good") if self.header else ""
            failing = ill and (tick % 10 < 5 if self.failing == 2 else tick % self.failing == 0)
            took = {"took_ms": 600.0} if self.slow[0] <= at_s < self.slow[1] else {}
            outcome = ("timeout" if self.timeouts else "5xx") if failing else "ok"
            entries.append({"at_s": at_s, "outcome": outcome, "version": version, **took})
        return rows_of(entries)

    def evidence(self, cut_s: float = CLOSED) -> Evidence:
        rows = rows_at(self.rows(), cut_s)
        journal = journal_of(*self.facts()).cut(cut_s)
        over = cut_s >= CLOSED
        return Evidence(journal, rows, WrittenLogs(), STEADY, "release", False, {FAULT: BAD}, over=over)


def rows_at(rows: Rows, cut_s: float) -> Rows:
    """The ledger as it stood at an instant."""
    part = rows.select(rows.intended_s <= cut_s).snapshot()
    running = ~np.isnan(part.done_s) & (part.done_s > cut_s)
    part.array["took_us"][running] = NEVER
    part.array["outcome"][running] = 0
    part.array["state"][running] = SENT
    unsent = ~np.isnan(part.sent_s) & (part.sent_s > cut_s)
    part.array["sent_us"][unsent] = NEVER
    part.array["state"][unsent] = DUE
    return part


NEVER_BACK = (math.inf, math.inf)


def judged(run: Run, **changes: Any) -> Finding:
    return claim(**changes).check(run.evidence())


# --- the good end -----------------------------------------------------------------------------------------------------------


def test_a_release_rolled_back_by_the_runbook_when_the_page_came_passes_with_its_durations() -> None:
    finding = judged(Run())
    assert finding.outcome is PASSED, finding.because
    assert finding.measure is not None
    assert finding.measure.low == pytest.approx(33.0 - BEGAN, abs=0.2)
    for span in ("to detect", "to page", "to decide", "to execute", "to restore"):
        assert span in finding.because
    assert "requests after it were answered by good" in finding.because


def test_since_when_the_steady_state_was_back_is_told_from_the_phases_beginning_and_held_where_it_was_never_away() -> (
    None
):
    assert re.search(
        r"the steady state was back from [\d.–]+ s after the beginning of 'release' on", judged(Run()).because
    )
    never = judged(Run(ill=[]), trigger="after 5s").because
    assert re.search(r"the steady state held from [\d.–]+ s after the beginning of 'release' on", never)


def test_a_rollback_by_another_file_than_the_runs_passes_and_is_told_to_have_left_its_edges() -> None:
    theirs = f.ReleaseSeen(service="api", container="api-4", release="good", aside=True, seen_s=33.0)
    finding = judged(Run(extra=[theirs]))
    assert finding.outcome is PASSED, finding.because
    assert "api-4 was made from another Compose file than COMPOSE_FILE" in finding.because
    assert "another Compose file" not in judged(Run()).because


def test_durations_say_what_they_count_from_and_other_alerts_and_those_from_before_notice_nothing() -> None:
    other = f.AlertChanged(alert="Slow", state="firing", seen_s=23.0, before_s=22.0)
    early = f.AlertChanged(alert="Errors", state="firing", seen_s=20.5, before_s=20.2)  # it was in nobody's way yet
    named = judged(Run(extra=[other, early]), trigger="page Errors").because
    assert "from its first answer to detect 2.0–7.0 s, to page 9.0 s; from the harm to decide" in named
    late = judged(Run(extra=[other, early], done_s=36.0), trigger="page Errors").because
    assert "; from the decision to execute 5.9 s, to last bad answer 2.9 s" in late
    assert "to detect 1.0–2.0 s" in judged(Run(extra=[other, early])).because, "any alert may be what the page is about"


def test_without_a_version_in_any_answer_the_containers_images_tell() -> None:
    finding = judged(Run(header=False))
    assert finding.outcome is PASSED, finding.because
    assert finding.measure is not None
    assert finding.measure.kind == "grid"


def test_without_version_and_without_images_nobody_knows_and_the_finding_says_how_to() -> None:
    finding = judged(Run(header=False, looks=False))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "no_version")
    assert "load.version_header" in finding.decide


def test_answers_alone_decide_where_nobody_looked_at_containers() -> None:
    assert judged(Run(looks=False)).outcome is PASSED


@pytest.mark.parametrize(("every_s", "outcome"), [(0.5, PASSED), (5.0, UNKNOWN)])
def test_a_version_that_few_requests_reach_is_not_gone_because_it_was_silent_for_a_while(
    every_s: float, outcome: Outcome
) -> None:
    run = Run(looks=False, ill=[(22.0, 24.0)])
    rows = run.rows()
    shown = np.isclose(rows.intended_s % every_s, 0.0, atol=1e-6) & (rows.intended_s < 32)
    rows.array["version"][~shown] = rows.versions.index("good")
    finding = claim().check(dataclasses.replace(run.evidence(), rows=rows))
    assert finding.outcome is outcome, finding.because
    assert outcome is PASSED or finding.reason == "too_few"


def test_what_failed_when_the_limit_passed_is_not_left_open_for_want_of_answers_later() -> None:
    run = Run(looks=False, back_s=(57.0, 57.0), pulled_s=None, paged_s=None)
    rows = run.rows()
    few = rows.select(rows.intended_s < 57.3)
    early = claim().check(dataclasses.replace(run.evidence(58.0), rows=rows_at(few, 58.0)))
    late = claim().check(dataclasses.replace(run.evidence(), rows=few))
    assert (early.outcome, late.outcome) == (FAILED, FAILED), late.because


def test_the_system_that_rolls_back_after_its_alert_passes() -> None:
    finding = judged(Run(pulled_s=None), by="system", trigger="alert Errors")
    assert finding.outcome is PASSED, finding.because


def test_a_request_that_was_under_way_when_the_command_ended_is_not_held_against_it() -> None:
    finding = judged(Run(done_s=32.9))
    assert finding.outcome is PASSED, finding.because


# --- every way in which it is not -----------------------------------------------------------------------------------------


def test_a_rollback_that_says_done_and_does_nothing_is_named_with_version_requests_and_containers() -> None:
    finding = judged(Run(back_s=NEVER_BACK))
    assert (finding.outcome, finding.reason) == (FAILED, "said_done_but_still_serving")
    assert finding.census
    assert "version bad" in finding.because
    assert "api-1 (api:bad), api-2 (api:bad) still run" in finding.because
    assert "requests sent after that" in finding.because


def test_a_half_rollback_names_the_replica_that_keeps_the_bad_release() -> None:
    finding = judged(Run(back_s=(32.0, math.inf)))
    assert (finding.outcome, finding.reason) == (FAILED, "said_done_but_still_serving")
    assert "api-2 (api:bad) still runs" in finding.because
    assert "api-1" not in finding.because


def test_a_half_rollback_is_seen_in_the_answers_alone_too() -> None:
    finding = judged(Run(back_s=(32.0, math.inf), looks=False))
    assert (finding.outcome, finding.reason) == (FAILED, "said_done_but_still_serving")


def test_a_half_rollback_fails_also_when_no_request_reaches_the_replica_that_keeps_it() -> None:
    run = Run(back_s=(32.0, math.inf))
    rows = run.rows()
    late = rows.intended_s > 33
    evidence = dataclasses.replace(
        run.evidence(), rows=rows.select(~late | (rows.array["version"] == rows.versions.index("good")))
    )
    finding = claim().check(evidence)
    assert (finding.outcome, finding.reason) == (FAILED, "said_done_but_still_serving")


def test_a_command_that_fails_is_told_with_its_code_and_its_last_words() -> None:
    finding = judged(Run(back_s=NEVER_BACK, code=1))
    assert (finding.outcome, finding.reason) == (FAILED, "rollback_failed")
    assert "ended with 1 (no such image)" in finding.because


def test_a_command_that_was_killed_at_its_time_out_is_told_so() -> None:
    finding = judged(Run(back_s=NEVER_BACK, code=None))
    assert (finding.outcome, finding.reason) == (FAILED, "rollback_failed")
    assert "was killed" in finding.because


def test_a_command_that_says_that_it_failed_is_believed_though_the_release_has_left() -> None:
    finding = judged(Run(code=3))
    assert (finding.outcome, finding.reason) == (FAILED, "rollback_failed")
    assert "version bad left at 13.0 s" in finding.because
    assert "./rollback.sh ended with 3 (no such image) at 13.0 s" in finding.because
    assert not finding.census, "on a run that is invalid it may have failed by that"


def test_a_command_that_was_killed_when_the_release_had_left_may_have_had_more_to_do() -> None:
    finding = judged(Run(code=None))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "command_killed")
    assert "was killed" in finding.because
    assert "`timeout`" in finding.decide


def test_a_command_that_still_ran_when_all_was_judged_is_told() -> None:
    finding = judged(Run(done_s=None))
    assert finding.outcome is PASSED, finding.because
    assert "./rollback.sh had not ended by 55.0 s" in finding.because


def test_a_person_whose_command_failed_saw_that_and_it_is_told() -> None:
    asked = f.LeverAsked(lever=LEVER, question="Roll back?", command="./rollback.sh", seen_s=30.0)
    run = Run(code=3, extra=(asked,))
    people = [
        dataclasses.replace(fact, by="human") if isinstance(fact, f.LeverPulled) else fact for fact in run.facts()
    ]
    finding = claim(by="human").check(dataclasses.replace(run.evidence(), journal=journal_of(*people)))
    assert finding.outcome is PASSED, finding.because
    assert "./rollback.sh ended with 3" in finding.because


def test_a_service_that_is_still_broken_is_told_with_how_the_command_ended() -> None:
    finding = judged(Run(ill=[(21.0, 99.0)], code=3))
    assert finding.reason == "rolled_back_and_still_broken"
    assert "./rollback.sh ended with 3" in finding.because


def test_without_a_page_nobody_pulled_the_lever() -> None:
    finding = judged(Run(back_s=NEVER_BACK, paged_s=None, pulled_s=None))
    assert (finding.outcome, finding.reason) == (FAILED, "never_decided")
    assert "a page never came" in finding.because


NOBODY_SEES = f.MonitoringFound(why="one and two could be alertmanager", seen_s=0.5)
SEEN = f.MonitoringFound(prometheus="prometheus:9090", alertmanager="alertmanager:9093", seen_s=0.5)


DUTY = f.ReceiverSeen(receiver="duty", kind="pagerduty", why="it is a receiver of the kind pagerduty", seen_s=0.5)


@pytest.mark.parametrize("by", ["runbook", "human"])
@pytest.mark.parametrize(
    ("found", "reason", "says"),
    [
        ([SEEN], "never_decided", "a page never came, so that nobody pulled the lever"),
        ([SEEN, DUTY, dataclasses.replace(DUTY, receiver="oncall", observable=True)], "never_decided", "never came"),
        ([NOBODY_SEES], "no_alertmanager", "a page could not be seen, for the stack has no Alertmanager"),
        ([SEEN, DUTY], "not_observable", "a page could not be seen, for pages to duty cannot be seen"),
    ],
)
def test_a_lever_whose_page_nobody_can_see_is_never_pulled_and_that_is_not_the_runbooks_fault(
    by: str, found: list[f.Fact], reason: str, says: str
) -> None:
    changes: dict[str, Any] = {"by": by, "trigger": "page"}
    run = Run(extra=found, back_s=NEVER_BACK, pulled_s=None, paged_s=None, done_s=None)
    finding = judged(run, **changes)
    assert (finding.outcome, finding.reason) == (FAILED if reason == "never_decided" else UNKNOWN, reason)
    assert says in finding.because


def test_of_a_system_that_nobody_could_see_prompted_only_what_it_did_not_do_is_held_against_it() -> None:
    blind = f.MonitoringFound(why="none", seen_s=0.5)
    changes = {"by": "system", "trigger": "alert Errors"}
    back = judged(Run(extra=[blind], pulled_s=None, alert_s=None), **changes)
    assert (back.outcome, back.reason) == (UNKNOWN, "no_prometheus"), back.because
    idle = judged(Run(extra=[blind], pulled_s=None, alert_s=None, back_s=NEVER_BACK), **changes)
    assert (idle.outcome, idle.reason) == (FAILED, "never_decided"), idle.because


def test_a_system_that_does_nothing_has_never_decided_though_its_alert_fired() -> None:
    finding = judged(Run(back_s=NEVER_BACK, pulled_s=None), by="system", trigger="alert Errors")
    assert (finding.outcome, finding.reason) == (FAILED, "never_decided")
    assert "though the alert Errors came" in finding.because


def test_a_lever_pulled_after_the_limit_was_decided_late() -> None:
    finding = judged(Run(paged_s=57.0, pulled_s=57.1, done_s=59.0, back_s=(58.0, 59.0)))
    assert (finding.outcome, finding.reason) == (FAILED, "decided_late")


def test_a_slow_rollback_is_late_with_the_count_of_requests_that_it_served_beyond_the_limit() -> None:
    finding = judged(Run(done_s=60.0, back_s=(40.0, 60.0)))
    assert (finding.outcome, finding.reason) == (FAILED, "late")
    assert "answered 50 requests sent after the limit" in finding.because


def test_a_rollback_before_any_page_is_the_right_deed_for_the_wrong_reason() -> None:
    finding = judged(Run(pulled_s=None, paged_s=None, alert_s=None), by="system", trigger="page")
    assert (finding.outcome, finding.reason) == (FAILED, "wrong_trigger")


def test_a_page_for_an_alert_that_fired_before_the_deployment_is_not_about_it() -> None:
    finding = judged(Run(pulled_s=None, alert_s=15.0), by="system", trigger="page")
    assert (finding.outcome, finding.reason) == (FAILED, "wrong_trigger")


def test_a_release_taken_back_by_another_hand_than_the_runbooks_is_not_the_runbooks_merit() -> None:
    finding = judged(Run(pulled_s=None))
    assert (finding.outcome, finding.reason) == (FAILED, "wrong_trigger")
    assert "not by the runbook" in finding.because


def test_a_command_that_comes_after_another_hand_has_taken_everything_back_has_rolled_back_nothing() -> None:
    finding = judged(Run(back_s=(26.0, 27.0)))
    assert (finding.outcome, finding.reason) == (FAILED, "wrong_trigger")
    assert "by another hand" in finding.because


def test_a_command_that_comes_when_another_hand_has_taken_one_of_two_back_has_rolled_back_the_other() -> None:
    assert judged(Run(back_s=(26.0, 33.0))).outcome is PASSED


def test_a_service_that_heals_by_itself_with_the_bad_release_still_serving_was_not_rolled_back() -> None:
    run = Run(back_s=NEVER_BACK, pulled_s=None, ill=[(21.0, 40.0)])
    finding = judged(run, by="system")
    assert (finding.outcome, finding.reason) == (FAILED, "restored_without_rollback")


def test_a_calm_stretch_of_a_bad_release_is_no_return() -> None:
    run = Run(back_s=NEVER_BACK, pulled_s=None, ill=[(21.0, 40.0), (60.0, 65.0)])
    finding = judged(run, by="system")
    assert (finding.outcome, finding.reason) == (FAILED, "never_decided")


def test_a_calm_stretch_of_a_release_that_fails_one_request_in_fifty_may_be_chance() -> None:
    finding = judged(Run(back_s=NEVER_BACK, pulled_s=None, ill=[(21.0, 63.0)], failing=50), by="system")
    assert (finding.outcome, finding.reason) == (FAILED, "never_decided")


def test_a_release_that_others_made_slow_is_not_known_to_be_bad() -> None:
    """Its rollback would be a false one, were it healthy: what users felt may be the neighbours' doing."""
    busy = machine_of(20, 33, others=1.5)
    slow = Run(ill=[], slow=(23.0, 31.0), extra=busy)
    finding = judged(slow)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "host_disturbed"), finding.because
    assert "processes outside of this run used 1.5 of 2 processors" in finding.because
    assert judged(dataclasses.replace(slow, extra=machine_of(20, 33, stack=1.8))).outcome is PASSED, "by itself"
    assert judged(dataclasses.replace(slow, extra=())).outcome is PASSED, "alone"
    assert judged(dataclasses.replace(slow, ill=None)).outcome is PASSED, "its errors are no want of processors"
    late = judged(dataclasses.replace(slow, ill=[(22.0, 33.0)], timeouts=True, slow=(0.0, 0.0)))
    assert (late.outcome, late.reason) == (UNKNOWN, "host_disturbed"), late.because
    timed = judged(dataclasses.replace(slow), trigger="after 10s")
    assert timed.outcome is PASSED, "asked for whatever users feel"


def test_that_nobody_knows_who_made_a_release_slow_is_told_of_the_time_until_the_decision() -> None:
    why = f.Blinded(probe="processors", target="", error="not observable here", seen_s=5.0)

    def unseen(waited: float) -> tuple[f.Fact, ...]:
        return (*(fact for fact in machine_of(20, 33, waited=waited) if isinstance(fact, f.PressureSeen)), why)

    slow = Run(ill=[], slow=(23.0, 31.0), extra=unseen(0.8))
    finding = judged(slow)
    assert finding.outcome is PASSED
    assert dict(finding.details)["machine"] == "processes waited for a processor 80% of that time; not observable here"
    assert judged(dataclasses.replace(slow, extra=unseen(0.02))).details == ()
    assert judged(dataclasses.replace(slow, extra=(*machine_of(20, 33), why))).details == ()
    assert judged(dataclasses.replace(slow, ill=None)).details == (), "its errors are no want of processors"
    assert judged(slow, trigger="after 10s").details == ()


@pytest.mark.parametrize(
    ("errors", "after", "outcome", "reason"),
    [
        ((27.0, 28.0, 29.0, 29.5, 30.3, 30.5, 31.0, 31.3), (), PASSED, "met"),  # 5 of them before the decision
        ((29.0, 29.5), (), UNKNOWN, "too_few"),
        ((29.0,), (45.0, 50.0), FAILED, "false_rollback"),  # as often as the other version
        ((30.3, 30.5, 31.0, 31.3, 31.5), (), FAILED, "false_rollback"),  # what the rollback itself broke
        ((), (), FAILED, "false_rollback"),
    ],
)
def test_a_release_that_is_noticed_before_a_steady_condition_is_broken_is_known_by_its_own_answers(
    errors: tuple[float, ...], after: tuple[float, ...], outcome: Outcome, reason: str
) -> None:
    """Seen as it happened: the alert on each version's own share fired upon three failed checkouts, rightly."""
    run = Run(ill=[])
    rows = run.rows()
    for at_s in (*errors, *after):
        whose = "bad" if at_s in errors else "good"
        free = (rows.array["version"] == rows.versions.index(whose)) & (rows.array["outcome"] == OUTCOMES.index("ok"))
        place = int(np.flatnonzero(free & (rows.intended_s >= at_s))[0])
        rows.array["outcome"][place] = OUTCOMES.index("5xx")
    lax = Steady(5.0, (Condition.parse("errors < 6%"),))
    assert was_broken(rows, lax.conditions, lax.for_s, 21.0, 30.1) is False, "too few for it"
    finding = claim().check(dataclasses.replace(run.evidence(), rows=rows, steady=lax))
    assert (finding.outcome, finding.reason) == (outcome, reason), finding.because
    if reason != "false_rollback":
        assert f"{len(errors)} of its " in finding.because


def test_a_service_that_stays_broken_after_its_rollback_fails_though_the_version_is_gone() -> None:
    finding = judged(Run(ill=[(21.0, 99.0)]))
    assert (finding.outcome, finding.reason) == (FAILED, "rolled_back_and_still_broken")


HARM = {"query": "parked", "below": 1}


def parked(from_s: float, until_s: float, *, watched: bool = True) -> list[f.Fact]:
    """A number that is 3 in [from_s, until_s), else 0; asked each second."""
    found: list[f.Fact] = []
    for number in range(int(CLOSED)):
        at_s = number + 0.5
        value = 3.0 if from_s <= at_s < until_s else 0.0
        found.append(f.Sampled(query="parked", value=value, happened_s=at_s, seen_s=at_s))
        found += [f.Looked(probe="samples", target="parked", seen_s=at_s + 0.01)] if watched else []
    return found


def test_a_release_whose_harm_no_user_feels_is_known_by_the_number_that_tells_of_it() -> None:
    assert judged(Run(ill=[], extra=parked(25, 50)), harm=HARM).outcome is PASSED
    assert judged(Run(ill=[], extra=parked(0, 0)), harm=HARM).reason == "false_rollback"
    finding = judged(Run(ill=[], extra=parked(0, 0, watched=False)), harm=HARM)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_watched")


def test_a_service_that_is_well_for_its_users_while_the_number_tells_of_harm_was_not_restored() -> None:
    run = Run(back_s=NEVER_BACK, pulled_s=None, ill=[(21.0, 40.0)], extra=parked(25, CLOSED))
    finding = judged(run, by="system", harm=HARM)
    assert (finding.outcome, finding.reason) == (FAILED, "never_decided")


def test_the_rollback_of_a_release_that_did_no_harm_is_false() -> None:
    finding = judged(Run(ill=[]))
    assert (finding.outcome, finding.reason) == (FAILED, "false_rollback")


def test_an_outage_that_the_rollback_itself_makes_is_no_harm_of_the_release() -> None:
    finding = judged(Run(ill=[(30.5, 34.0)]))
    assert (finding.outcome, finding.reason) == (FAILED, "false_rollback")


def test_a_hiccup_of_its_deployment_makes_no_healthy_release_a_bad_one() -> None:
    """A few slow answers in a row, less than the percentile leaves: in one short window they are many, in a whole hold they are not."""
    slow = Condition.parse("p95 < 300ms")
    run = Run(paged_s=40.0, alert_s=38.0, pulled_s=40.1, done_s=43.0, back_s=(42.0, 43.0), ill=[], slow=(23.0, 23.3))
    assert first_bad(run.rows(), (slow,), STEADY.for_s, BEGAN, 40.0) is not None
    finding = judged(run)
    assert (finding.outcome, finding.reason) == (FAILED, "false_rollback")


def test_a_release_hurts_that_was_ill_for_a_moment_only_but_thoroughly() -> None:
    run = Run(paged_s=40.0, alert_s=38.0, pulled_s=40.1, done_s=43.0, back_s=(42.0, 43.0), ill=[(30.0, 32.0)])
    assert judged(run).outcome is PASSED


def test_a_release_whose_harm_shows_in_a_number_alone_and_that_nobody_takes_back_fails() -> None:
    finding = judged(Run(ill=[], back_s=NEVER_BACK, pulled_s=None, extra=parked(25, CLOSED)), harm=HARM)
    assert (finding.outcome, finding.reason) == (FAILED, "never_decided")


def test_a_rollback_that_the_drill_itself_times_is_not_false() -> None:
    assert judged(Run(ill=[]), trigger="after 8s").outcome is PASSED


def test_a_person_who_was_asked_and_said_nothing_is_silence() -> None:
    asked = f.LeverAsked(lever=LEVER, question="roll back api?", seen_s=30.1)
    finding = judged(Run(back_s=NEVER_BACK, pulled_s=None, extra=(asked,)), by="human")
    assert (finding.outcome, finding.reason) == (FAILED, "never_decided")
    assert "nobody answered" in finding.because


def test_a_person_who_said_no_is_quoted() -> None:
    asked = f.LeverAsked(lever=LEVER, question="roll back api?", seen_s=30.1)
    said = f.LeverAnswered(lever=LEVER, text="not yet", seen_s=31.0)
    finding = judged(Run(back_s=NEVER_BACK, pulled_s=None, extra=(asked, said)), by="human")
    assert "'not yet'" in finding.because


def test_without_a_terminal_nobody_could_be_asked_and_nothing_is_decided() -> None:
    asked = f.LeverAsked(lever=LEVER, question="roll back api?", there=False, seen_s=30.1)
    finding = judged(Run(back_s=NEVER_BACK, pulled_s=None, extra=(asked,)), by="human")
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_asked")


def test_what_we_put_back_ourselves_is_no_rollback() -> None:
    mended = f.Mended(fault=FAULT, begun_s=76.0, seen_s=79.0)
    finding = judged(Run(back_s=(77.0, 78.0), pulled_s=None, paged_s=None, extra=(mended,)))
    assert (finding.outcome, finding.reason) == (FAILED, "never_decided")


# --- what is not known ------------------------------------------------------------------------------------------------------


def test_a_run_that_ended_early_with_the_bad_release_serving_beyond_the_limit_has_failed_for_good() -> None:
    finding = claim().check(Run(back_s=NEVER_BACK, settled=False, paged_s=None, pulled_s=None).evidence(58.0))
    assert (finding.outcome, finding.reason) == (FAILED, "never_decided")
    assert finding.census


def test_before_its_window_has_closed_a_rollback_is_not_judged() -> None:
    assert claim().check(Run().evidence(70.0)).reason == "window_open"


def test_a_page_from_before_the_decision_is_awaited_and_no_other() -> None:
    by_itself = Run(paged_s=None, pulled_s=None)  # back at 33 s
    early = dataclasses.replace(by_itself, back_s=(SETTLED - 1.0, SETTLED - 0.5))
    waits = claim(by="system", trigger="page", within="70s").check(early.evidence(SETTLED + 1.6))
    assert (waits.reason, waits.decide) == ("window_open", "3 s more")
    paged = dataclasses.replace(early, paged_s=60.0)
    known = claim(by="system", trigger="page", within="70s").check(paged.evidence(SETTLED + 1.6))
    assert known.reason != "window_open"
    assert claim(by="system", trigger="page").check(by_itself.evidence(SETTLED + 1.6)).reason == "wrong_trigger"
    assert claim(by="system", trigger="after 2s").check(by_itself.evidence(SETTLED + 1.6)).outcome is PASSED


def test_a_release_that_could_not_be_deployed_decides_nothing() -> None:
    run = Run(extra=(f.NotInjected(fault=FAULT, begun_s=BEGAN, error="no such image", seen_s=BEGAN + 1),))
    finding = judged(run)
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_deployed")
    assert "no such image" in finding.because


def test_a_load_that_nobody_saw_leaves_a_rollback_open() -> None:
    evidence = Run().evidence()
    blind = Journal(tuple(fact for fact in evidence.journal.facts if not isinstance(fact, f.LoadSampled)))
    finding = claim().check(dataclasses.replace(evidence, journal=blind))
    assert (finding.outcome, finding.reason) == (UNKNOWN, "not_watched")


@st.composite
def runs(draw: st.DrawFn) -> Run:
    paged = draw(st.sampled_from([None, 26.0, 30.0, 57.0]))
    pulled = None if paged is None else draw(st.sampled_from([None, paged + 0.1]))
    done = None if pulled is None else draw(st.sampled_from([None, pulled + 2.0, pulled + 20.0]))
    back = st.sampled_from([24.0, 31.0, 32.5, 50.0, 54.9, 58.0, 74.0, math.inf])
    ill = st.sampled_from([None, (), ((21.0, 40.0),), ((21.0, 99.0),), ((30.0, 45.0), (60.0, 66.0))])
    return Run(
        paged_s=paged,
        alert_s=draw(st.sampled_from([None, 15.0, 25.0, 28.0])),
        pulled_s=pulled,
        done_s=done,
        code=draw(st.sampled_from([0, 1, None])),
        back_s=(draw(back), draw(back)),
        ill=draw(ill),
        header=draw(st.booleans()),
        looks=draw(st.booleans()),
        settled=draw(st.sampled_from([True, True, True, False])),
        rate=draw(st.sampled_from([4.0, 20.0])),
    )


CLAIMS = (
    claim(),
    claim(trigger="after 8s"),
    claim(by="system", trigger="alert Errors"),
    claim(by="human", within="14s"),
)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(run=runs(), cuts=st.lists(st.floats(0, CLOSED), min_size=3, max_size=3), number=st.integers(0, len(CLAIMS) - 1))
def test_a_tape_cut_anywhere_never_says_the_opposite_of_the_whole(run: Run, cuts: list[float], number: int) -> None:
    whole = CLAIMS[number].check(run.evidence())
    for cut_s in cuts:
        part = CLAIMS[number].check(run.evidence(cut_s))
        assert {part.outcome, whole.outcome} != {PASSED, FAILED}, (cut_s, part.because, whole.because)
        assert part.outcome is not PASSED or cut_s >= SETTLED


# --- the claim itself -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"command": []}, "needs the `command`"),
        ({"command": "./rollback.sh"}, "shell: true"),
        ({"shell": True}, "one text"),
        ({"trigger": "tomorrow"}, "page, page NAME, alert NAME or after 20s"),
        ({"trigger": "alert"}, "page, page NAME"),
    ],
)
def test_a_claim_that_cannot_be_meant_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        claim(**changes)


def test_a_system_has_no_command() -> None:
    with pytest.raises(ValidationError, match="only watched"):
        RolledBack.model_validate({"by": "system", "command": ["x"], "within": "5s"})


@pytest.mark.parametrize("text", ["page", "page Errors", "alert Errors", "after 20s"])
def test_a_trigger_is_written_as_it_is_read(text: str) -> None:
    assert str(claim(trigger=text).trigger) == text
    kind, _, rest = text.partition(" ")
    assert not rest or str(claim(trigger={kind: rest}).trigger) == text


@pytest.mark.parametrize(
    ("changes", "reach", "why"),
    [
        ({}, {"then": True}, "write it under `expect`"),
        ({}, {"releases": ()}, "no bad_release"),
        ({"service": "worker"}, {}, "of worker"),
        ({"within": "2m"}, {}, "the phase is over after 1m"),
        ({"trigger": "after 40s"}, {}, "when the limit"),
        ({}, {}, ""),
    ],
)
def test_what_a_run_could_never_decide_is_refused_at_plan_time(
    changes: dict[str, Any], reach: dict[str, Any], why: str
) -> None:
    given = {"window_s": 60.0, "arrivals": 100.0, "timeout_s": 10.0, "releases": ("api",), **reach}
    said = claim(**changes).undecidable(Reach(**given))
    assert why in said
    assert bool(said) == bool(why)


def test_the_claim_and_the_probe_agree_on_how_often_somebody_must_look() -> None:
    probe = ReleasesProbe()
    assert (probe.name, probe.gap_s, probe.lag_s) == (module.PROBE, module.GAP_S, module.LAG_S)
