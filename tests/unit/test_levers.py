"""Whole drills with a bad release on the fake world: who pulls the lever, when, and what holds however it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.drill.parse import parse_text
from harness.errors import NotApplied, NotMended
from harness.expectations.base import Line, Steady
from harness.facts import (
    Deployed,
    Injected,
    Injecting,
    Interrupted,
    LeverAnswered,
    LeverAsked,
    LeverEnded,
    LeverPulled,
    Mended,
    NotInjected,
    Paged,
    PhaseBegan,
    PhaseEnded,
    PhaseSettled,
    ReleaseSeen,
)
from harness.fakeworld import FakeWorld, InlineWatch
from harness.journal import Journal, read
from harness.judge import judge
from harness.plan import Plan, make_plan
from harness.probes.clock import ClockProbe
from harness.probes.containers import ContainersProbe
from harness.probes.releases import ReleasesProbe
from harness.probes.survey import SurveyProbe
from harness.run.engine import Engine
from harness.run.injector import Injector
from harness.run.levers import Levers
from harness.run.people import People
from harness.run.recorder import Recorder
from harness.run.stop import Stopped
from harness.verdict import Finding, Outcome, Verdict

DRILL = """
drill: fake
stack: {compose: [compose.yaml], edges: [api->db]}
load: {locustfile: locustfile.py, against: "api:80", arrivals: [{for: 1m, rate: 20/s}]}
steady: {for: 5s, within: 20s, all: [errors < 1%, p95 < 100ms]}
phases:
  - name: release
    for: 40s
    faults: [{bad_release: {service: api, image: "api:bad"}}]
    expect: [{rolled_back: {by: runbook, command: [./rollback.sh], trigger: page, within: 30s, timeout: 20s, id: back}}]
  - name: after
    for: 6s
abort: {max_duration: 5m}
"""
SYSTEM = "{by: system, trigger: page, within: 30s, id: back}"
HUMAN = "{by: human, command: [./rollback.sh], trigger: page, within: 30s, id: back}"
RUNBOOK = "{by: runbook, command: [./rollback.sh], trigger: page, within: 30s, timeout: 20s, id: back}"


class NoLogs:
    def lines(self, service: str, start_s: float, end_s: float) -> list[Line]:
        return []


class Pager:
    """A probe that finds a page so many seconds after the bad release was first seen to serve."""

    name, every_s, gap_s, lag_s = "pages", 0.5, 3.0, 0.0

    def __init__(self, world: FakeWorld, after_s: float | None, alert: str = "Errors") -> None:
        self._world, self._after_s, self._alert = world, after_s, alert
        self._since_s: float | None = None
        self._paged = False

    def look(self, world: Any) -> tuple[Paged, ...]:
        now_s = self._world.clock.now_s()
        if self._since_s is None and any("bad" in run for run in self._world.releases.running.values()):
            self._since_s = now_s
        due = self._since_s is not None and self._after_s is not None and now_s >= self._since_s + self._after_s
        if not due or self._paged:
            return ()
        self._paged = True
        return (Paged(receiver="oncall", alert=self._alert, status="firing", happened_s=now_s, starts_s=self._since_s),)


class Ends:
    """Nobody asks for the end, unless at the given second."""

    def __init__(self, world: FakeWorld, at_s: float) -> None:
        self._world, self._at_s = world, at_s

    def check(self) -> None:
        if self._world.clock.now_s() >= self._at_s:
            raise Stopped("signal", Interrupted(signal="SIGINT"))


def make(tmp_path: Path, claim: str = RUNBOOK) -> Plan:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "locustfile.py").write_text("from locust import HttpUser\n")
    (tmp_path / "rollback.sh").write_text("#!/bin/sh\n")
    (tmp_path / "rollback.sh").chmod(0o755)
    plan = make_plan(parse_text(DRILL.replace(RUNBOOK, claim), file=tmp_path / "fake.yaml"))
    plan.refuse()
    return plan


def world(replicas: int = 2) -> FakeWorld:
    made = FakeWorld(replicas=replicas)
    made.load.front = "api"
    made.commands.deed = lambda: made.releases.rolled_back("api")
    return made


def play(
    fake: FakeWorld,
    tmp_path: Path,
    claim: str = RUNBOOK,
    *,
    page_s: float | None = 5.0,
    halt_s: float = float("inf"),
    at: dict[float, Callable[[], None]] | None = None,
    recorded: bool = False,
) -> tuple[Journal, Verdict]:
    """`recorded`: people's words go into a record of their own, and others may write theirs beside it."""
    plan = make(tmp_path, claim)
    facts = tmp_path / f"facts-{id(fake)}"
    record = Recorder(facts, fake.clock.now_s)
    people = People(facts, "", fake.clock.now_s, record, record.tell) if recorded else None
    probes = (ClockProbe(), ContainersProbe(), SurveyProbe(), ReleasesProbe(), Pager(fake, page_s))
    drill = plan.drill
    for at_s, deed in (at or {}).items():
        fake.clock.at(at_s, deed)
    engine = Engine(
        plan=plan,
        world=fake.world,
        load=fake.load,
        record=record,
        watch=InlineWatch(probes, fake.world, record),
        injector=Injector(fake.world, record, fake.beside),
        stop=Ends(fake, halt_s),
        steady=Steady(drill.steady.for_s, drill.steady.conditions),
        logs=NoLogs(),
        limits=drill.abort.any,
        levers=Levers(fake.world, record, people),
    )
    engine.run()
    if people is not None:
        people.close()
    journal = read(facts) if recorded else record.journal()
    return journal, judge(drill, plan.all_claims, journal, fake.load.rows(), NoLogs(), over=True)


def back(verdict: Verdict) -> Finding:
    (found,) = [judged.finding for judged in verdict.findings if judged.id == "back"]
    return found


def test_the_runbooks_command_is_started_when_the_page_arrives_and_the_drill_goes_on(tmp_path: Path) -> None:
    fake = world()
    journal, verdict = play(fake, tmp_path)
    (pulled,), (ended,) = journal.of(LeverPulled), journal.of(LeverEnded)
    (page,) = journal.of(Paged)
    assert pulled.trigger == page.cite
    assert pulled.seen_s - page.seen_s < 0.3
    assert (ended.exit_code, ended.output) == (0, "rolled back")
    assert back(verdict).outcome is Outcome.PASSED, back(verdict).because
    assert verdict.exit_code == 0, [j.finding.because for j in verdict.findings]
    assert journal.of(PhaseEnded, phase="after")


def test_the_release_is_mended_after_its_phase_was_judged_and_says_that_it_was_rolled_back(tmp_path: Path) -> None:
    journal, _ = play(world(), tmp_path)
    (mended,), settled = journal.of(Mended), journal.first(PhaseSettled, phase="release")
    assert settled is not None
    assert mended.begun_s >= settled.seen_s
    assert mended.ladder == "rollback"
    assert [(d.by, d.replicas) for d in journal.of(Deployed)] == [("harness", 2), ("rollback", 2)]
    following = journal.first(PhaseBegan, phase="after")
    assert following is not None
    assert mended.seen_s <= following.seen_s


def test_when_nobody_rolls_back_we_do_at_the_end_and_the_finding_says_so(tmp_path: Path) -> None:
    fake = world()
    journal, verdict = play(fake, tmp_path, SYSTEM)
    assert back(verdict).reason == "never_decided"
    (settles,) = [judged.finding for judged in verdict.findings if judged.id == "release/settles"]
    assert "nobody had rolled back api" in settles.because
    assert [d.by for d in journal.of(Deployed)] == ["harness", "mend"]
    assert not journal.of(PhaseBegan, phase="after")
    assert fake.still_on() == ()
    assert verdict.exit_code == 1


def test_a_service_that_is_well_with_its_bad_release_gets_the_good_one_before_the_next_phase(tmp_path: Path) -> None:
    fake = world()
    fake.load.bad_ratio = 0.0
    journal, verdict = play(fake, tmp_path, SYSTEM)
    assert back(verdict).reason == "never_decided"
    (mended,), following = journal.of(Mended), journal.first(PhaseBegan, phase="after")
    assert following is not None
    assert following.seen_s >= mended.seen_s + 5.0, "the steady state must hold again first"


def test_a_liar_that_ends_with_0_and_does_nothing_is_found_out(tmp_path: Path) -> None:
    fake = world()
    fake.commands.deed = lambda: None
    _, verdict = play(fake, tmp_path)
    assert back(verdict).reason == "said_done_but_still_serving"
    assert fake.still_on() == ()


def test_half_a_rollback_names_the_replica_that_was_left(tmp_path: Path) -> None:
    fake = world()
    fake.commands.deed = lambda: fake.releases.rolled_back("api", replicas=1)
    journal, verdict = play(fake, tmp_path)
    assert back(verdict).reason == "said_done_but_still_serving"
    assert "api-2" in back(verdict).because
    assert "api-1" not in back(verdict).because
    assert journal.last(ReleaseSeen, container="api-1", until_s=40) is not None


def test_a_command_that_hangs_is_killed_at_its_time_out(tmp_path: Path) -> None:
    fake = world()
    fake.commands.took_s = float("1e9")
    journal, verdict = play(fake, tmp_path)
    (ended,) = journal.of(LeverEnded)
    assert ended.exit_code is None
    assert ended.seen_s - ended.begun_s == pytest.approx(20.0, abs=0.3)
    assert fake.commands.started[0].killed
    assert back(verdict).reason == "rollback_failed"


def test_a_command_that_cannot_be_started_is_told_and_ends_nothing_else(tmp_path: Path) -> None:
    fake = world()

    def refuse(*_: Any, **__: Any) -> Any:
        raise NotApplied("./rollback.sh could not be started: Permission denied")

    fake.commands.start = refuse  # type: ignore[method-assign]
    journal, verdict = play(fake, tmp_path)
    assert "Permission denied" in journal.of(LeverEnded)[0].detail
    assert back(verdict).reason == "rollback_failed"
    assert "Permission denied" in back(verdict).because


def test_without_a_page_no_lever_is_pulled(tmp_path: Path) -> None:
    journal, verdict = play(world(), tmp_path, page_s=None)
    assert not journal.of(LeverPulled)
    assert back(verdict).reason == "never_decided"


def test_a_lever_may_be_timed_by_the_drill_instead(tmp_path: Path) -> None:
    journal, verdict = play(world(), tmp_path, RUNBOOK.replace("page", "after 7s"), page_s=None)
    (pulled,), (out,) = journal.of(LeverPulled), journal.of(Injected)
    assert pulled.seen_s - out.seen_s == pytest.approx(7.0, abs=0.2)
    assert back(verdict).outcome is Outcome.PASSED, back(verdict).because


def test_a_page_for_another_alert_than_the_trigger_names_pulls_nothing(tmp_path: Path) -> None:
    journal, _ = play(world(), tmp_path, RUNBOOK.replace("page", "page DiskFull"))
    assert journal.of(Paged)
    assert not journal.of(LeverPulled)


def test_a_system_that_rolls_back_by_itself_is_only_watched(tmp_path: Path) -> None:
    fake = world()
    journal, verdict = play(fake, tmp_path, SYSTEM, at={20.0: lambda: fake.releases.rolled_back("api")})
    assert not journal.of(LeverPulled)
    assert back(verdict).outcome is Outcome.PASSED, back(verdict).because


def test_a_person_is_asked_when_the_page_arrives_and_a_yes_pulls_the_lever(tmp_path: Path) -> None:
    fake = world()
    fake.people.present = True
    fake.people.says = {16.0: "Yes."}
    journal, verdict = play(fake, tmp_path, HUMAN)
    (asked,), (said,), (pulled,) = journal.of(LeverAsked), journal.of(LeverAnswered), journal.of(LeverPulled)
    assert asked.there
    assert asked.fault == pulled.fault == journal.of(Injecting)[0].fault
    assert asked.seen_s < said.seen_s <= pulled.seen_s
    assert pulled.by == "human"
    assert back(verdict).outcome is Outcome.PASSED, back(verdict).because


def test_a_no_is_a_decision_too_and_nothing_is_pulled(tmp_path: Path) -> None:
    fake = world()
    fake.people.present = True
    fake.people.says = {16.0: "no, wait"}
    journal, verdict = play(fake, tmp_path, HUMAN)
    assert not journal.of(LeverPulled)
    assert "'no, wait'" in back(verdict).because


def test_silence_is_silence(tmp_path: Path) -> None:
    fake = world()
    fake.people.present = True
    journal, verdict = play(fake, tmp_path, HUMAN)
    assert journal.of(LeverAsked)
    assert not journal.of(LeverAnswered)
    assert back(verdict).reason == "never_decided"


def test_without_a_terminal_nobody_is_asked_and_the_finding_is_open(tmp_path: Path) -> None:
    journal, verdict = play(world(), tmp_path, HUMAN)
    assert [asked.there for asked in journal.of(LeverAsked)] == [False]
    assert (back(verdict).outcome, back(verdict).reason) == (Outcome.INCONCLUSIVE, "not_asked")


def test_once_the_run_is_being_ended_no_lever_is_pulled_any_more(tmp_path: Path) -> None:
    fake = world()
    began = play(world(), tmp_path)[0].first(Paged)
    assert began is not None
    journal, _ = play(fake, tmp_path, halt_s=began.seen_s - 0.2)
    assert not journal.of(LeverPulled)
    assert fake.still_on() == ()


def test_a_command_under_way_when_the_run_is_ended_is_killed_and_the_release_mended(tmp_path: Path) -> None:
    fake = world()
    pulled = play(world(), tmp_path)[0].first(LeverPulled)
    assert pulled is not None
    journal, verdict = play(fake, tmp_path, halt_s=pulled.seen_s + 0.5)
    (ended,) = journal.of(LeverEnded)
    assert "the run was ended" in ended.detail
    assert [d.by for d in journal.of(Deployed)] == ["harness", "mend"]
    assert fake.still_on() == ()
    assert verdict.exit_code == 130


def test_a_release_that_cannot_be_deployed_is_said_and_decides_nothing(tmp_path: Path) -> None:
    fake = world()
    fake.failures.raises(1, NotApplied("no such image"))
    journal, verdict = play(fake, tmp_path)
    assert journal.of(NotInjected)
    assert back(verdict).reason == "not_deployed"
    assert fake.still_on() == ()


ERRORS = st.sampled_from([NotApplied("wedged"), NotMended("stuck"), RuntimeError("a bug"), OSError("gone")])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    failures=st.dictionaries(st.integers(1, 4), ERRORS, max_size=2),
    halt_s=st.one_of(st.just(float("inf")), st.floats(0.5, 90)),
    dies_s=st.one_of(st.just(float("inf")), st.floats(1, 90)),
    claim=st.sampled_from([RUNBOOK, SYSTEM, HUMAN]),
    step_s=st.sampled_from([0.0, 4.0]),
)
def test_whatever_fails_wherever_no_bad_release_is_left_out(
    tmp_path: Path, failures: dict[int, Exception], halt_s: float, dies_s: float, claim: str, step_s: float
) -> None:
    fake = world()
    fake.releases.step_s = step_s
    for number, error in failures.items():
        fake.failures.raises(number, error)
    fake.load.dies_at_s = dies_s
    journal, verdict = play(fake, tmp_path, claim, halt_s=halt_s)
    if fake.still_on():
        assert verdict.exit_code == 7
    elif verdict.exit_code == 7:  # the rollback had taken it away, and that could not be confirmed by a mend of ours
        assert any(fact.by == "rollback" for fact in journal.of(Deployed))
    unconfirmed = {fact.fault for fact in journal.of(Injecting)} - {fact.fault for fact in journal.of(Mended)}
    assert not unconfirmed or verdict.exit_code == 7


PATCHED = (
    "{by: runbook, command: [./rollback.sh], trigger: page, within: 30s, id: back}}, {healed: {by: runbook, command: [./rollback.sh], \
trigger: page, after_rollback: 4s, within: 35s, harm: {query: parked, below: 1}, id: next}"
)


def test_the_step_after_a_rollback_waits_for_its_end_and_then_as_long_as_it_should(tmp_path: Path) -> None:
    journal, _ = play(world(), tmp_path, PATCHED)
    first, second = journal.of(LeverPulled)
    assert [first.lever, second.lever] == ["back", "next"]
    assert [first.fault, second.fault] == [journal.of(Injecting)[0].fault, ""], "the second takes no release back"
    ended = journal.first(LeverEnded, lever="back")
    assert ended is not None
    assert second.seen_s - ended.seen_s == pytest.approx(4.0, abs=0.3)


def test_after_a_rollback_that_failed_the_next_step_is_not_begun(tmp_path: Path) -> None:
    fake = world()
    fake.commands.took_s = float("1e9")
    journal, _ = play(fake, tmp_path, PATCHED.replace("within: 30s", "within: 30s, timeout: 5s"))
    assert [pulled.lever for pulled in journal.of(LeverPulled)] == ["back"]


def test_the_step_after_a_rollback_by_the_system_waits_until_no_container_runs_the_bad_release(tmp_path: Path) -> None:
    claims = PATCHED.replace(
        "by: runbook, command: [./rollback.sh], trigger: page, within: 30s", "by: system, trigger: page, within: 30s", 1
    )
    fake = world()
    journal, _ = play(fake, tmp_path, claims, at={20.0: lambda: fake.releases.rolled_back("api")})
    (pulled,) = journal.of(LeverPulled)
    (back,) = journal.of(Deployed, by="rollback")
    assert pulled.lever == "next"
    assert pulled.seen_s - back.seen_s == pytest.approx(4.0, abs=0.3)


def test_the_step_after_a_rollback_by_a_person_waits_for_no_command_that_they_did_not_type(tmp_path: Path) -> None:
    claims = PATCHED.replace("by: runbook", "by: human", 1)
    fake = world()
    journal, _ = play(fake, tmp_path, claims, at={20.0: lambda: fake.releases.rolled_back("api")})
    (pulled,) = journal.of(LeverPulled)
    assert pulled.lever == "next"
