"""From evidence to a verdict: claims, gates, the ending and the one exit code."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from harness import facts as f
from harness.ending import ending_of, unsettled
from harness.expectations.base import Evidence, Expectation
from harness.faults.base import Fault, Landing
from harness.judge import judge
from harness.ledger import Rows
from harness.load.arrivals import Segment
from harness.stats import Condition
from harness.testing import WrittenLogs, journal_of, machine_of, rows_of
from harness.verdict import Finding, Outcome, Verdict, failed, passed


class Said(Expectation):
    """Says what it is told to say."""

    finding: Any = None

    def check(self, evidence: Evidence) -> Finding:
        if isinstance(self.finding, Exception):
            raise self.finding
        assert isinstance(self.finding, Finding)
        return self.finding


class Felt(Fault):
    edge: str = "api->db"

    @property
    def target(self) -> str:
        return self.edge

    def landing(self, before: Sequence[f.Witnessed], during: Sequence[f.Witnessed]) -> Landing:
        if not before:
            return Landing("not_measurable", "no look before")
        return Landing("landed" if any(w.outcome == "refused" for w in during) else "not_landed", "by looks")

    def gone(self, before: Sequence[f.Witnessed], after: Sequence[f.Witnessed]) -> Landing:
        return Landing("landed" if after and after[-1].outcome == "answered" else "not_landed", "by looks")


@dataclass(frozen=True)
class Phase:
    name: str = "down"
    faults: tuple[Fault, ...] = (Felt(id="down/felt"),)


@dataclass(frozen=True)
class SteadyState:
    for_s: float = 5.0
    all: tuple[Condition, ...] = (Condition.parse("errors < 1%"),)


@dataclass(frozen=True)
class Load:
    timeout_s: float = 5.0
    poisson: bool = False
    segments: tuple[Segment, ...] = (Segment(100.0, 10.0, 10.0),)


@dataclass(frozen=True)
class Drill:
    name: str = "tale"
    phases: tuple[Phase, ...] = (Phase(),)
    steady: SteadyState = field(default_factory=SteadyState)
    load: Load = field(default_factory=Load)


@dataclass(frozen=True)
class Claim:
    expectation: Expectation
    id: str = "down/said"
    phase: str = "down"
    then: bool = False
    where: str = "drills/tale.yaml:7"
    text: str = "said"


GOOD, BAD = Claim(Said(finding=passed("fine"))), Claim(Said(finding=failed("broken")))
LOST = Claim(Said(finding=failed("an order was lost", census=True)))


def story(
    *, landed: bool = True, without: tuple[type[f.Fact], ...] = (), more: tuple[f.Fact, ...] = ()
) -> list[f.Fact]:
    """A whole run: gate at 6, phase from 10 to 20, one fault, settled, load from 1 to 30."""
    facts: list[f.Fact] = [
        f.Opened(drill="tale", run="0badcafe", wall_unix_s=1.7e9, monotonic_ns=5),
        f.LoadBegan(begins_s=1.0, seen_s=0.9),
        f.GateHeld(seen_s=6.0),
        f.PhaseBegan(phase="down", seen_s=10.0),
        f.Injecting(fault="down/felt", kind="felt", target="api->db", planned_s=10.0, seen_s=10.0),
        f.Injected(fault="down/felt", begun_s=10.0, seen_s=10.1),
        f.Mended(fault="down/felt", begun_s=19.8, seen_s=19.9),
        f.PhaseEnded(phase="down", seen_s=20.0),
        f.PhaseSettled(phase="down", steady=True, seen_s=27.0),
        f.LoadEnded(clean=True, ended_s=30.0, seen_s=31.0),
        f.Closed(seen_s=36.0),
    ]
    facts += [f.LoadSampled(cpu_ratio=0.2, late_ms=1.0, due=10, dropped=0, seen_s=s + 0.5) for s in range(1, 30)]
    for s in range(1, 30):
        outcome = "refused" if landed and 10.1 < s < 19.8 else "answered"
        facts.append(f.Witnessed(edge="api->db", port=5432, outcome=outcome, answer_ms=1.0, seen_s=float(s)))
    return [fact for fact in facts if not isinstance(fact, without)] + list(more)


def load(**entry: Any) -> list[dict[str, Any]]:
    return [{"at_s": 1.0 + i / 10, **entry} for i in range(290)]


def pressure(share: float) -> tuple[f.Fact, ...]:
    """Once a second, on a machine on which some task waits for a processor so much of the time."""
    return tuple(f.PressureSeen(cpu_some_us=round(1e9 + s * share * 1e6), seen_s=float(s)) for s in range(1, 32))


def asked(ahead_s: float) -> tuple[f.Fact, ...]:
    """Answers of a Prometheus whose clock is so far ahead."""
    return tuple(f.Sampled(query="up", value=1.0, happened_s=s + ahead_s, seen_s=s + 0.02) for s in range(2, 20))


def verdict(*claims: Claim, facts: list[f.Fact] | None = None, rows: list[dict[str, Any]] | None = None) -> Verdict:
    over = any(isinstance(fact, f.Closed) for fact in (story() if facts is None else facts))
    given: Rows = rows_of(load() if rows is None else rows)
    return judge(
        Drill(), claims or (GOOD,), journal_of(*(story() if facts is None else facts)), given, WrittenLogs(), over=over
    )


def test_a_run_in_which_all_claims_passed_passes() -> None:
    found = verdict(GOOD)
    assert (found.exit_code, found.invalid, found.word) == (0, (), "PASSED")
    assert found.findings[0].where == "drills/tale.yaml:7"


def test_one_failure_fails_the_run() -> None:
    assert verdict(GOOD, BAD).exit_code == 1


def test_a_check_that_breaks_decides_nothing_and_says_so() -> None:
    found = verdict(Claim(Said(finding=ZeroDivisionError("division by zero"))))
    finding = found.findings[0].finding
    assert (finding.reason, found.exit_code) == ("check_broke", 3)
    assert "ZeroDivisionError" in finding.because


def test_a_failure_by_being_slow_is_open_where_others_filled_the_machine_and_stands_where_the_stack_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Said, "timed", ("not_met",))
    beside = verdict(BAD, GOOD, LOST, facts=story(more=machine_of(0, 36, others=1.6)))
    assert [one.finding.reason for one in beside.findings] == ["host_disturbed", "met", "not_met"]
    assert verdict(BAD, GOOD, facts=story(more=machine_of(0, 36, others=1.6))).exit_code == 3
    assert verdict(BAD, GOOD, facts=story(more=machine_of(0, 36, stack=1.85))).exit_code == 1


@pytest.mark.parametrize(
    ("facts", "rows", "says"),
    [
        (story(), [*load(), *({"at_s": 5.0, "outcome": "dropped"} for _ in range(9))], "were dropped"),
        (story(), load()[:200], "planned arrivals"),
        (story(), load(late_ms=80.0), "starved"),
        (story(more=pressure(0.02)), [*load()[:92], *load(late_ms=80.0)[92:]], "could not keep up"),
        (story(more=(f.ClockRead(wall_unix_s=1.7e9 + 5, seen_s=5.0), f.ClockRead(wall_unix_s=1.7e9 + 6.2, seen_s=6.0))),
         load(), "clock was set by +0.20 s"),
        (story(more=asked(ahead_s=0.3)), load(), "ahead"),
        (story(more=asked(ahead_s=-6.0)), load(), "behind"),
        (story(more=(f.LoadSaid(kind="ungated", text="GET /x was sent by a thread", seen_s=9.0),)), load(), "outside of any"),
        (story(), [*load(), {"at_s": 9.0, "ungated": True}], "outside of any"),
        (story(without=(f.LoadEnded,), more=(f.LoadEnded(clean=False, ended_s=30, detail="it crashed", seen_s=31.0),)),
         load(), "it crashed"),
        (story(), [], "ledger is empty"),
    ],
    ids=["dropped", "behind", "late", "saturated", "clock-set", "prometheus-ahead", "prometheus-behind", "ungated-said", "ungated-row", "unclean", "no-ledger"],
)  # fmt: skip
def test_a_run_that_did_not_happen_as_planned_is_invalid(
    facts: list[f.Fact], rows: list[dict[str, Any]], says: str
) -> None:
    found = verdict(GOOD, BAD, facts=facts, rows=rows)
    assert any(says in reason for reason in found.invalid), found.invalid
    assert [judged.finding.reason for judged in found.findings] == ["invalid_run", "invalid_run"]
    assert found.exit_code == 3
    assert verdict(LOST, facts=facts, rows=rows).exit_code == 1, "a census failure stands"


def test_lateness_while_a_fault_is_on_is_not_held_against_the_generator() -> None:
    rows = [{**entry, "late_ms": 900.0 if 10 < entry["at_s"] < 20 else 0.1} for entry in load()]
    assert verdict(rows=rows).invalid == ()


def test_a_gate_that_never_held_ends_with_three() -> None:
    keep = (f.Opened, f.LoadBegan, f.LoadSampled, f.LoadEnded, f.Closed)
    facts = [fact for fact in story() if isinstance(fact, keep)]
    found = verdict(
        Claim(Said(finding=passed("x")), phase=""), facts=[*facts, f.GateMissed(detail="errors 9%", seen_s=9.0)]
    )
    assert found.exit_code == 3
    assert "errors 9%" in found.invalid[0]


def test_a_stack_that_does_not_come_back_is_a_finding_of_its_own() -> None:
    settled = f.PhaseSettled(phase="down", steady=False, detail="errors < 1%: 40%", seen_s=27.0)
    state = f.ContainerSeen(service="sidecar", container="s-1", status="running", health="healthy", seen_s=5.0)
    seen: list[f.Fact] = [
        f.ContainerSeen(service="db", container=f"db-{number}", status="running", health="healthy", seen_s=22.0)
        for number in range(4)
    ]
    removed = (
        f.ContainerChanged(service="db", container="db-0", event="destroy", seen_s=24.0, happened_s=23.0),
        f.ContainerChanged(service="db", container="db-1", event="destroy", seen_s=22.0, happened_s=21.0),
    )
    found = verdict(GOOD, facts=story(without=(f.PhaseSettled,), more=(settled, state, *seen, *removed)))
    finding = found.findings[-1]
    assert finding.id == "down/settles"
    assert finding.finding.census
    assert (
        "since its faults were out at 20.0 s: errors < 1%: 40%; Docker says: db-1, db-2, db-3 running (healthy)"
        in finding.finding.because
    )
    assert found.exit_code == 1
    assert unsettled(journal_of(*story())) == []


def test_a_job_that_had_ended_well_before_the_fault_is_no_trace_of_it() -> None:
    def one(name: str, at_s: float, status: str = "exited", code: int = 0) -> f.ContainerSeen:
        return f.ContainerSeen(service=name, container=f"{name}-1", status=status, exit_code=code, seen_s=at_s)

    before = one("migrate", 5.0), one("seed", 5.0, code=1), one("api", 5.0, "running"), one("db", 5.0)
    late = one("migrate", 22.0), one("seed", 22.0, code=1), one("api", 22.0), one("db", 22.0)
    unsteady = f.PhaseSettled(phase="down", steady=False, seen_s=27.0)
    (found,) = unsettled(journal_of(*story(without=(f.PhaseSettled,), more=(*before, *late, unsteady))))
    assert "Docker says: seed-1, api-1, db-1 exited" in found.finding.because, "db was hurt, though it is a job, too"
    calm = (*story(without=(f.PhaseSettled,)), *before[:1], unsteady)
    (found,) = unsettled(journal_of(*sorted(calm, key=lambda fact: fact.seen_s)))
    assert "Docker calls every container running but migrate-1, which had ended well before" in found.finding.because


@pytest.mark.parametrize(
    ("fact", "code", "word"),
    [
        (f.GuardTripped(guard="errors > 50%", detail="errors 60%", seen_s=15.0), 5, "STOPPED"),
        (f.HaltAsked(by="anna", seen_s=15.0), 5, "STOPPED"),
        (f.Interrupted(signal="SIGINT", seen_s=15.0), 130, "INTERRUPTED"),
        (f.Interrupted(signal="SIGTERM", seen_s=15.0), 143, "INTERRUPTED"),
        (f.Broke(error="OSError: x", seen_s=15.0), 6, "HARNESS ERROR"),
        (f.Refused(reason="edge api->db is bypassed", seen_s=9.0), 4, "COULD NOT RUN"),
        (f.NotMended(fault="down/felt", error="wedged", commands=("docker kill x",), seen_s=35.0), 7, "NOT MENDED"),
    ],
)
def test_what_ends_a_run_decides_its_exit_code(fact: f.Fact, code: int, word: str) -> None:
    found = verdict(GOOD, facts=story(more=(fact,)))
    assert (found.exit_code, found.word) == (code, word)


def test_a_fault_that_a_later_hand_took_out_is_mended() -> None:
    stuck = f.NotMended(fault="x", error="wedged", commands=("docker kill x",), seen_s=20.0)
    assert ending_of(journal_of(stuck)).not_mended == ("x: wedged; type: docker kill x",)
    told = dataclasses.replace(stuck, error="wedged. By hand:\n    docker kill x")
    assert ending_of(journal_of(told)).not_mended == ("x: wedged. By hand:\n    docker kill x",), "once is enough"
    swept = f.Mended(fault="x", begun_s=40.0, why="sweep", seen_s=41.0)
    assert ending_of(journal_of(stuck, swept)).not_mended == ()


def test_a_killed_run_may_have_decided_claims_but_has_not_passed() -> None:
    facts = [fact for fact in story(without=(f.Closed,)) if fact.seen_s < 28]
    found = verdict(GOOD, facts=facts)
    assert found.findings[0].finding.outcome is Outcome.PASSED
    assert found.exit_code == 3
    assert "did not come to its end" in found.invalid[0]


def test_a_run_that_left_a_phase_out_has_not_passed() -> None:
    drill = Drill(phases=(Phase(), Phase("later", ())))
    found = judge(drill, (GOOD,), journal_of(*story()), rows_of(load()), WrittenLogs(), over=True)
    assert found.exit_code == 3
    assert "later" in found.invalid[0]


def test_a_run_without_any_claim_proves_nothing() -> None:
    assert judge(Drill(), (), journal_of(*story()), rows_of(load()), WrittenLogs(), over=True).exit_code == 3


WHOLE = Claim(Said(finding=passed("fine")), phase="", id="run/said")


@pytest.mark.parametrize(("landed", "code"), [(True, 0), (False, 3)])
def test_a_run_whose_only_claims_are_about_the_whole_does_not_pass_without_its_faults(landed: bool, code: int) -> None:
    found = verdict(WHOLE, facts=story(landed=landed))
    assert found.exit_code == code
    assert found.findings[0].finding.outcome is Outcome.PASSED
    assert bool(found.invalid) == (not landed)


def test_a_run_without_its_faults_does_not_pass_by_claims_about_the_whole() -> None:
    found = verdict(WHOLE, facts=story(without=(f.Injecting, f.Injected, f.Mended)))
    assert found.exit_code == 3
    assert "never injected" in found.invalid[0]


def test_a_mend_that_is_not_felt_keeps_the_whole_from_passing() -> None:
    facts = [fact for fact in story() if not (isinstance(fact, f.Witnessed) and fact.seen_s > 19)]
    facts += [f.Witnessed(edge="api->db", port=5432, outcome="refused", seen_s=float(s)) for s in range(21, 30)]
    found = verdict(GOOD, facts=facts)
    assert found.exit_code == 3
    assert "still felt" in found.invalid[0]


@pytest.mark.parametrize(("late_ms", "code"), [(1.0, 1), (90.0, 3)])
def test_a_stack_that_did_not_settle_fails_the_run_unless_the_load_ailed_itself(late_ms: float, code: int) -> None:
    facts = [fact for fact in story() if not isinstance(fact, f.PhaseSettled)]
    facts.append(f.PhaseSettled(phase="down", steady=False, detail="p95 < 100ms: 3000 ms", seen_s=27.0))
    found = verdict(GOOD, facts=facts, rows=load(late_ms=late_ms))
    assert found.exit_code == code
    (settles,) = [one.finding for one in found.findings if one.id.endswith("/settles")]
    assert settles.reason == ("not_settled" if code == 1 else "invalid_run")
