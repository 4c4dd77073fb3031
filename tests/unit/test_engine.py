"""Whole drills on the fake world: the story, and what must hold whatever fails, wherever."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.drill.parse import parse_text
from harness.ending import ending_of
from harness.errors import EXIT_HARNESS, NotApplied, NotMended
from harness.expectations.base import Evidence, Line, Steady
from harness.expectations.recovers import Recovers
from harness.facts import (
    Broke,
    Fact,
    GateHeld,
    GateMissed,
    GuardTripped,
    Injected,
    Injecting,
    Interrupted,
    LeaseLapsed,
    LoadEnded,
    Mended,
    NotInjected,
    PhaseBegan,
    PhaseEnded,
    PhaseSettled,
    Refused,
)
from harness.fakeworld import FakeWorld, InlineWatch
from harness.journal import read
from harness.judge import judge
from harness.plan import Plan, make_plan
from harness.probes import ClockProbe, ContainersProbe, SurveyProbe, WitnessProbe
from harness.probes.base import Probe
from harness.run.engine import Engine
from harness.run.injector import Injector
from harness.run.lease import Held, Unwatched
from harness.run.recorder import Recorder
from harness.run.stop import Stopped
from harness.safety.openfaults import open_faults
from harness.verdict import Finding, Outcome, Verdict

UNWATCHED = Unwatched()

DRILL = """
drill: fake
stack: {compose: [compose.yaml], edges: [api->db]}
load: {locustfile: locustfile.py, against: "api:80", arrivals: [{for: 1m, rate: 20/s}]}
steady: {for: 5s, within: 20s, all: [errors < 1%, p95 < 100ms]}
phases:
  - name: slow
    for: 20s
    faults: [{latency: {edge: api->db, delay: 200ms}}]
    expect: [{errors_below: {ratio: 1%}}]
    then: [{recovers: {within: 10s}}]
  - name: gone
    for: 15s
    faults:
      - down: {edge: api->db, after: 2s, for: 8s}
      - pause: {service: db, after: 3s}
    then: [{recovers: {within: 10s}}]
expect: [{stays_up: {service: "*"}}]
abort: {any: [errors > 90% for 40s], max_duration: 5m}
"""


class NoLogs:
    def lines(self, service: str, start_s: float, end_s: float) -> list[Line]:
        return []


class Quiet:
    """Nobody asks for the end, unless at the given second."""

    def __init__(self, world: FakeWorld, at_s: float = float("inf")) -> None:
        self._world = world
        self._at_s = at_s

    def check(self) -> None:
        if self._world.clock.now_s() >= self._at_s:
            raise Stopped("signal", Interrupted(signal="SIGINT"))


def make(tmp_path: Path, text: str = DRILL) -> Plan:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "locustfile.py").write_text("from locust import HttpUser\n")
    plan = make_plan(parse_text(text, file=tmp_path / "fake.yaml"))
    plan.refuse()
    return plan


def play(
    world: FakeWorld,
    plan: Plan,
    tmp_path: Path,
    halt_s: float = float("inf"),
    lease: Held = UNWATCHED,
    say: Callable[[str], None] = lambda _: None,
    more: tuple[Probe, ...] = (),
) -> tuple[Recorder, Verdict]:
    record = Recorder(tmp_path / f"facts-{id(world)}", world.clock.now_s)
    probes = (ClockProbe(), ContainersProbe(), SurveyProbe(), *(WitnessProbe(edge=e) for e in world.edges), *more)
    drill = plan.drill
    engine = Engine(
        plan=plan,
        world=world.world,
        load=world.load,
        record=record,
        watch=InlineWatch(probes, world.world, record),
        injector=Injector(world.world, record, world.clock, lease.lapsed),
        lease=lease,
        stop=Quiet(world, halt_s),
        steady=Steady(drill.steady.for_s, drill.steady.all),
        logs=NoLogs(),
        limits=drill.abort.any,
        say=say,
    )
    engine.run()
    journal = record.journal()
    return record, judge(drill, plan.all_claims, journal, world.load.rows(), NoLogs(), over=True)


def test_a_drill_runs_from_its_gate_to_its_last_settling(tmp_path: Path) -> None:
    world = FakeWorld()
    record, verdict = play(world, make(tmp_path), tmp_path)
    journal = record.journal()
    kinds = (GateHeld, PhaseBegan, Injected, Mended, PhaseEnded, PhaseSettled)
    story = [type(fact).__name__ for fact in journal.facts if isinstance(fact, kinds)]
    one, two = ["PhaseBegan", "Injected", "Mended"], ["PhaseBegan", "Injected", "Injected", "Mended", "Mended"]
    assert story == ["GateHeld", *one, "PhaseEnded", "PhaseSettled", *two, "PhaseEnded", "PhaseSettled"]
    assert world.still_on() == ()
    recovered = {j.id: j.finding.outcome for j in verdict.findings if "recovers" in j.id}
    assert set(recovered.values()) == {Outcome.PASSED}, [j.finding.because for j in verdict.findings]


def test_injections_and_mends_happen_when_the_plan_says(tmp_path: Path) -> None:
    world = FakeWorld()
    record, _ = play(world, make(tmp_path), tmp_path)
    journal = record.journal()
    gone = journal.phase_began("gone")
    assert gone is not None
    (down,) = [f for f in journal.of(Injected) if "down" in f.fault]
    (mended,) = [f for f in journal.of(Mended) if "down" in f.fault]
    assert down.begun_s == pytest.approx(gone.seen_s + 2, abs=1e-3)
    assert mended.begun_s == pytest.approx(gone.seen_s + 10, abs=1e-3)


def test_nothing_is_injected_when_the_steady_state_never_holds(tmp_path: Path) -> None:
    world = FakeWorld()
    world.load.broken = lambda _at_s: True
    record, verdict = play(world, make(tmp_path, DRILL.replace("errors > 90% for 40s", "p95 > 10s for 40s")), tmp_path)
    assert record.journal().of(GateMissed)
    assert not record.journal().of(Injecting)
    assert verdict.exit_code == 3


def test_a_load_that_is_late_at_first_is_waited_for_and_the_run_is_decided(tmp_path: Path) -> None:
    world = FakeWorld()
    world.load.late_ms = lambda at_s: 80.0 if at_s < 9 else 0.1
    record, verdict = play(world, make(tmp_path), tmp_path)
    (held,) = record.journal().of(GateHeld)
    assert 14 <= held.seen_s < 17, "5 s of the steady state in which nothing was late"
    assert held.waited.startswith("requests were sent 80 ms late (p99; limit 50 ms) until 8.8 s")
    assert verdict.invalid == ()


def test_a_load_that_is_in_time_opens_the_gate_as_soon_as_the_state_is_steady(tmp_path: Path) -> None:
    world = FakeWorld()
    world.load.late_ms = lambda _at_s: 40.0
    record, _ = play(world, make(tmp_path), tmp_path)
    (held,) = record.journal().of(GateHeld)
    assert held.seen_s < 7.5
    assert held.waited == ""


def test_nothing_is_injected_while_the_load_is_never_in_time(tmp_path: Path) -> None:
    world = FakeWorld()
    world.load.late_ms = lambda _at_s: 80.0
    record, verdict = play(world, make(tmp_path), tmp_path)
    (missed,) = record.journal().of(GateMissed)
    assert missed.detail.startswith("not steady, and the load in time, within 20 s: errors < 1%: 0%")
    assert "requests were sent 80 ms late (p99; limit 50 ms)" in missed.detail
    assert "the generator was starved" in missed.detail
    assert missed.seen_s < 30
    assert not record.journal().of(Injecting)
    assert verdict.exit_code == 3


def test_a_state_that_breaks_while_the_load_is_waited_for_is_not_steady(tmp_path: Path) -> None:
    world = FakeWorld()
    world.load.late_ms = lambda at_s: 80.0 if at_s < 9 else 0.1
    world.load.broken = lambda at_s: 12 < at_s < 16
    record, _ = play(world, make(tmp_path), tmp_path)
    (held,) = record.journal().of(GateHeld)
    assert held.seen_s > 20


def test_an_edge_that_its_caller_goes_around_is_refused_before_the_first_injection(tmp_path: Path) -> None:
    world = FakeWorld()
    world.lookout.direct["api->db"] = 3
    record, verdict = play(world, make(tmp_path), tmp_path)
    (refused,) = record.journal().of(Refused)
    assert "bypassed" in refused.reason
    assert not record.journal().of(Injecting)
    assert verdict.exit_code == 4


@pytest.mark.parametrize(("later_s", "code"), [(3.0, 0), (60.0, 4)])
def test_a_survey_that_comes_after_the_gate_is_waited_for_but_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later_s: float, code: int
) -> None:
    plan = make(tmp_path)
    (gate,) = play(FakeWorld(), plan, tmp_path)[0].journal().of(GateHeld)
    world = FakeWorld()
    survey, clock = world.lookout.survey, world.clock
    monkeypatch.setattr(world.lookout, "survey", lambda: survey() if clock.now_s() >= gate.seen_s + later_s else ())
    record, verdict = play(world, plan, tmp_path)
    assert verdict.exit_code == code
    if code:
        (refused,) = record.journal().of(Refused)
        assert "could not be surveyed" in refused.reason
        assert gate.seen_s + 4 < refused.seen_s < gate.seen_s + 8


def test_a_guard_ends_the_drill_at_once_and_everything_is_mended(tmp_path: Path) -> None:
    world = FakeWorld()
    text = DRILL.replace("pause: {service: db, after: 3s}", "pause: {service: db}").replace("for 40s", "for 5s")
    record, verdict = play(world, make(tmp_path, text), tmp_path)
    (tripped,) = record.journal().of(GuardTripped)
    assert "errors > 90%" in tripped.guard
    assert world.still_on() == ()
    assert verdict.exit_code == 5


def test_a_stack_that_does_not_come_back_is_a_finding_and_ends_the_run_cleanly(tmp_path: Path) -> None:
    world = FakeWorld()
    world.load.broken = lambda at_s: at_s > 28
    record, verdict = play(world, make(tmp_path, DRILL.replace("for 40s", "for 90s")), tmp_path)
    settled = record.journal().of(PhaseSettled)
    assert [f.steady for f in settled] == [False]
    assert any(j.finding.outcome is Outcome.FAILED and j.id.endswith("/settles") for j in verdict.findings)
    assert verdict.exit_code == 1


def test_a_load_that_dies_makes_the_run_invalid_never_passed(tmp_path: Path) -> None:
    world = FakeWorld()
    world.load.dies_at_s = 30
    _, verdict = play(world, make(tmp_path), tmp_path)
    assert world.still_on() == ()
    assert verdict.invalid
    assert all(j.finding.outcome is not Outcome.PASSED for j in verdict.findings)


ERRORS = st.sampled_from([NotApplied("wedged"), NotMended("stuck"), RuntimeError("a bug"), OSError("gone")])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    failures=st.dictionaries(st.integers(1, 12), ERRORS, max_size=3),
    halt_s=st.one_of(st.just(float("inf")), st.floats(0.5, 120)),
    dies_s=st.one_of(st.just(float("inf")), st.floats(1, 120)),
)
def test_whatever_fails_wherever_no_fault_is_left_on(
    tmp_path: Path, failures: dict[int, Exception], halt_s: float, dies_s: float
) -> None:
    """A mend that fails is tried again; only one that fails every time may leave something on, and then it says so."""
    world = FakeWorld()
    for number, error in failures.items():
        world.failures.raises(number, error)
    world.load.dies_at_s = dies_s
    record, verdict = play(world, make(tmp_path), tmp_path, halt_s)
    if world.still_on():
        assert verdict.exit_code == 7
    else:
        assert verdict.exit_code != 7 or verdict.ending.not_mended == ()
    if halt_s < 200 and not record.journal().of(Broke) and record.journal().of(Interrupted) and not world.still_on():
        assert verdict.exit_code in (130, 6)


def test_an_injection_that_fails_is_mended_like_any_other(tmp_path: Path) -> None:
    world = FakeWorld()
    world.failures.raises(1, NotApplied("read back: latency 0"))
    record, _ = play(world, make(tmp_path), tmp_path)
    (failed,) = record.journal().of(NotInjected)
    assert record.journal().of(Mended, fault=failed.fault)
    assert world.still_on() == ()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at_s=st.floats(0.1, 110), failures=st.dictionaries(st.integers(1, 8), ERRORS, max_size=1))
def test_a_full_disk_ends_the_run_as_our_error_and_every_fault_is_still_taken_out(
    tmp_path: Path, full_disk: Callable[[Path], object], at_s: float, failures: dict[int, Exception]
) -> None:
    world = FakeWorld()
    for number, error in failures.items():
        world.failures.raises(number, error)
    home = Path(tempfile.mkdtemp(dir=tmp_path))  # hypothesis comes here many times with one tmp_path

    def fill() -> None:
        full_disk(home / f"facts-{id(world)}" / "harness.jsonl")

    world.clock.at(at_s, fill)
    record, verdict = play(world, make(tmp_path), home)
    if record.broken:
        assert "No space left" in verdict.ending.broken
        assert world.still_on() == ()
        assert verdict.exit_code == 6
    written = read(home / f"facts-{id(world)}").facts
    record.close()
    assert written == record.journal().facts[: len(written)], "what stands on the disk is the truth, cut short"


def test_a_load_that_cannot_keep_its_ledger_is_our_error(tmp_path: Path) -> None:
    world = FakeWorld()
    world.load.cannot_record_at_s = 30
    record, verdict = play(world, make(tmp_path), tmp_path)
    assert "cannot grow" in verdict.ending.broken
    assert record.journal().of(LoadEnded)
    assert world.still_on() == ()
    assert verdict.exit_code == 6


def test_a_claim_that_breaks_is_inconclusive_and_ends_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Recovers, evidence: Evidence) -> Finding:
        raise KeyError("a bug")

    monkeypatch.setattr(Recovers, "check", broken)
    world = FakeWorld()
    record, verdict = play(world, make(tmp_path), tmp_path)
    assert [fact.phase for fact in record.journal().of(PhaseSettled)] == ["slow", "gone"]
    assert {j.finding.reason for j in verdict.findings if "recovers" in j.id} == {"check_broke"}
    assert verdict.exit_code == 3


def test_an_error_while_the_load_is_stopped_stops_the_probes_all_the_same(tmp_path: Path) -> None:
    world = FakeWorld()

    def stop() -> list[Fact]:
        raise RuntimeError("a bug")

    world.load.stop = stop  # type: ignore[method-assign]
    record = Recorder(tmp_path / "facts", world.clock.now_s)
    watch = InlineWatch((ClockProbe(),), world.world, record)
    plan = make(tmp_path)
    engine = Engine(
        plan=plan,
        world=world.world,
        load=world.load,
        record=record,
        watch=watch,
        injector=Injector(world.world, record, world.clock),
        stop=Quiet(world, 1),
        steady=Steady(plan.drill.steady.for_s, plan.drill.steady.all),
        logs=NoLogs(),
    )
    with pytest.raises(RuntimeError, match="a bug"):
        engine.run()
    before = len(record.journal().facts)
    watch.tick(world.clock.now_s() + 10)
    assert len(record.journal().facts) == before


def test_a_phase_ends_with_the_mend_of_its_last_fault(tmp_path: Path) -> None:
    """What is sent once nothing is on any more would dilute what the phase's claims count."""
    world = FakeWorld()
    record, _ = play(world, make(tmp_path), tmp_path)
    journal = record.journal()
    for phase in ("slow", "gone"):
        ended = journal.phase_ended(phase)
        assert ended is not None
        last_s = max(mended.seen_s for mended in journal.of(Mended) if mended.fault.startswith(phase))
        assert ended.seen_s - last_s < 0.3


class Lapses:
    """A lease that lapses at an instant of a fake clock."""

    def __init__(self, world: FakeWorld, at_s: float) -> None:
        self._world, self._at_s, self.said = world, at_s, list[str]()

    def lapsed(self) -> LeaseLapsed | None:
        late = self._world.clock.now_s() >= self._at_s
        return LeaseLapsed(lease_s=20.0, silent_s=30.0) if late else None

    def beat(self) -> None:
        self.said.append("beat")
        fact = self.lapsed()
        if fact is not None:
            raise Stopped("error", fact)

    def aside(self) -> None:
        self.said.append("aside")

    def rest(self) -> None:
        self.said.append("rest")


def test_whoever_ends_a_run_is_told_so_before_anything_is_waited_for(tmp_path: Path) -> None:
    world = FakeWorld()
    said: list[tuple[str, tuple[str, ...]]] = []
    play(world, make(tmp_path), tmp_path, 25.0, say=lambda text: said.append((text, world.still_on())))
    ((text, on),) = said
    assert text == "ending (signal): what is on is taken out"
    assert on, "not when all of it is out already"


def test_a_run_whose_lease_lapsed_takes_its_faults_out_injects_no_more_and_is_no_verdict(tmp_path: Path) -> None:
    world = FakeWorld()
    plan = make(tmp_path)
    lease = Lapses(world, 20.0)
    record, verdict = play(world, plan, tmp_path, lease=lease)
    journal = record.journal()
    (lapsed,) = journal.of(LeaseLapsed)
    assert world.still_on() == ()
    assert open_faults(journal) == ()
    assert {mended.why for mended in journal.of(Mended) if mended.seen_s >= lapsed.seen_s - 1} == {"error"}
    assert not journal.of(Injected, since_s=20.0)
    assert lease.said[0] == "beat"
    assert lease.said[-1] == "rest"
    assert verdict.exit_code == EXIT_HARNESS
    assert "stood still for 30.0 s" in ending_of(journal).broken


class Strict(Unwatched):
    """A lease that notes each stretch between two signs of life that is longer than 20 s, but for what is aside."""

    def __init__(self, world: FakeWorld) -> None:
        self._world, self._since_s, self._aside = world, 0.0, True
        self.late: list[float] = []

    def beat(self) -> None:
        self._go_on(aside=False)

    def aside(self) -> None:
        self._go_on(aside=True)

    def rest(self) -> None:
        self._go_on(aside=True)

    def _go_on(self, *, aside: bool) -> None:
        now_s = self._world.clock.now_s()
        if not self._aside and now_s > self._since_s + 20:
            self.late.append(now_s)
        self._since_s, self._aside = now_s, aside


def test_a_claim_that_takes_long_to_decide_costs_no_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = FakeWorld()
    check = Recovers.check

    def slow(self: Recovers, evidence: Evidence) -> Finding:
        if evidence.journal.last(PhaseSettled) is None and not world.clock.now_s() > 200:
            world.clock.wait_until(world.clock.now_s() + 25)
        return check(self, evidence)

    monkeypatch.setattr(Recovers, "check", slow)
    lease = Strict(world)
    play(world, make(tmp_path), tmp_path, lease=lease)
    assert world.clock.now_s() > 60
    assert lease.late == []


def test_what_a_long_phase_holds_in_memory_has_an_end_and_its_claims_are_decided_on_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = (
        DRILL.replace("for: 20s\n", "for: 15m\n")
        .replace("rate: 20/s", "rate: 2/s")
        .replace("max_duration: 5m", "max_duration: 1h")
    )
    held: list[tuple[float, int]] = []
    asked: list[tuple[float, int]] = []
    forget, check = Recorder.forget_middle, Recovers.check

    def counting(self: Recorder, before_s: float) -> None:
        forget(self, before_s)
        held.append((before_s, len(self.journal().facts)))

    def looking(self: Recovers, evidence: Evidence) -> Finding:
        asked.append((evidence.journal.end_s, len(evidence.journal.facts)))
        return check(self, evidence)

    monkeypatch.setattr(Recorder, "forget_middle", counting)
    monkeypatch.setattr(Recovers, "check", looking)
    play(FakeWorld(rate=2), make(tmp_path, long), tmp_path)
    early, late = ([count for at_s, count in held if low < at_s < low + 200] for low in (300, 550))
    assert max(late) <= max(early), "it does not grow while it goes"
    whole = read(next(tmp_path.glob("facts-*")))
    at_s, seen = asked[0]
    known = whole.cut(at_s)
    began = known.phase_began("slow")
    assert began is not None
    assert seen >= sum(fact.seen_s >= began.seen_s for fact in known.facts) > 2 * max(late), "all of its phase, again"
    settled = whole.first(PhaseSettled, phase="slow")
    assert settled is not None
    assert settled.steady
