"""What a part of the user's own does wrong in a run costs that part its word, and the run neither its verdict nor its exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from harness.cli.report import _own as own_report
from harness.doctor import own
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.errors import CannotRun, Signalled, UsageError
from harness.expectations.asked import asked
from harness.expectations.base import Evidence, Expectation
from harness.facts import Blinded, Looked
from harness.fakeworld import FakeWorld
from harness.fakeworld.playing import Played, play
from harness.parts import in_use
from harness.run.stop import ending_at_once
from harness.run.watch import looked
from harness.verdict import Finding, Measure, Outcome, passed
from harness.world.handles import World

HEAD = """
import sys
from typing import ClassVar
from harness.expectations.base import Expectation
from harness.facts import Looked
from harness.faults.latency import Latency
from harness.parts import Parts
from harness.verdict import Finding, Measure, Outcome, passed

class Slow(Latency):
    "Slow."
    word: ClassVar[str] = "slow"

class Mine(Expectation):
    "Mine."
    word: ClassVar[str] = "mine"
    def check(self, evidence):
        return passed("seen")

class Loads:
    name = "loads"; every_s = 1.0; gap_s = 5.0; lag_s = 0.0
    def look(self, world):
        return (Looked(probe="loads"),)

class Token:
    name = "token"; needs = ()
    def look(self): sys.exit(0)
    def fix(self, say): sys.exit(0)

class Csv:
    name = "csv"
    def text(self, document): sys.exit(0)

PARTS = Parts(faults=(Slow,), expectations=(Mine,), probes=(Loads,), checks=(Token(),), reports=(Csv(),))
"""
DRILL = """
drill: shop
stack: {compose: [compose.yaml], edges: [api->db]}
load: {locustfile: load.py, against: "api:80", arrivals: [{for: 1m, rate: 20/s}]}
steady: {for: 5s, within: 20s, all: [errors < 1%]}
phases: [{name: far, for: 20s, faults: [{slow: {edge: api->db, delay: 400ms}}], expect: [{mine: {}}, {stays_up: {service: api}}]}]
abort: {any: [errors > 90% for 40s], max_duration: 5m}
"""

Make = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a project whose parts are sound but for what is written after them, and goes into it; returns its drill."""
    monkeypatch.setattr(in_use._Now, "own", ())
    monkeypatch.setattr(in_use._Now, "known", {})
    monkeypatch.chdir(tmp_path)

    def make(wrong: str = "") -> Path:
        (tmp_path / "pyproject.toml").write_text('[tool.drill]\nparts = ["my_parts.py"]\n')
        (tmp_path / "my_parts.py").write_text(HEAD + wrong)
        (tmp_path / "compose.yaml").write_text("services: {}\n")
        (tmp_path / "load.py").write_text("from locust import HttpUser\n")
        (tmp_path / "shop.yaml").write_text(DRILL)
        return tmp_path / "shop.yaml"

    return make


def played(file: Path) -> tuple[Played, Mapping[str, Finding], FakeWorld]:
    world = FakeWorld(edges=("api->db",), services=("api", "db"))
    done = play(file, world, file.parent / "facts")
    return done, {judged.id: judged.finding for judged in done.verdict.findings}, world


def replaced(cls: str, name: str, body: str) -> str:
    return f"\ndef {name}(self, *given, **named): {body}\n{cls}.{name} = {name}\n"


class Own(Expectation):
    """A claim of the user's own, which gives back what it is told to."""

    word: ClassVar[str] = "own"
    gives: ClassVar[Callable[[], Any]]

    def check(self, evidence: Evidence) -> Any:
        return type(self).gives()


@pytest.mark.parametrize(
    ("gives", "says"),
    [
        (lambda: sys.exit(0), "SystemExit: 0"),
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: None, "returned NoneType, not a Finding"),
        (lambda: True, "returned bool, not a Finding"),
        (lambda: Finding("passed", "met", "x"), "is 'passed', not an Outcome"),  # type: ignore[arg-type]
        (lambda: passed(None), "because of its finding is NoneType"),  # type: ignore[arg-type]
        (lambda: passed("x", cites=[None]), "cites of its finding"),  # type: ignore[list-item]
        (lambda: passed("x", details=(("limit", 8),)), "details of its finding"),  # type: ignore[arg-type]
        (lambda: passed("x", measure=8), "measure of its finding"),  # type: ignore[arg-type]
        (lambda: passed("x", measure=Measure("8", 8, "s")), "measure of its finding"),  # type: ignore[arg-type]
        (lambda: Finding(Outcome.PASSED, "met", "x", p_value="0.1"), "p_value of its finding"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_finding_is_inconclusive_and_says_what_it_is(
    gives: Callable[[], Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Own, "gives", gives, raising=False)
    finding = asked(Own(), cast("Evidence", None))
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "check_broke")
    assert says in finding.because


def test_a_signal_that_comes_while_a_claim_is_checked_ends_the_command_and_is_no_fault_of_the_claim(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Own, "gives", lambda: os.kill(os.getpid(), signal.SIGTERM), raising=False)
    with pytest.raises(Signalled), ending_at_once():
        asked(Own(), cast("Evidence", None))


def test_what_is_a_finding_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    found = passed("x", measure=Measure(8, 8.5, "s"), cites=["harness:1"], details=(("limit", "8 s"),))
    monkeypatch.setattr(Own, "gives", lambda: found, raising=False)
    assert asked(Own(), cast("Evidence", None)) is found


def test_parts_that_break_in_a_run_cost_no_other_claim_its_finding(project: Make) -> None:
    wrong = (
        ("Mine", "check", "sys.exit(0)"),
        ("Loads", "look", "pass"),
        ("Slow", "mend", "Latency.mend(self, *given)"),
    )
    done, found, world = played(project("".join(replaced(*one) for one in wrong)))
    assert world.still_on() == ()
    assert found["far/mine"].reason == "check_broke"
    assert found["far/stays_up-api"].outcome is Outcome.PASSED
    assert {one.probe for one in done.journal.of(Blinded)} == {"loads"}
    assert len(done.journal.of(Blinded)) > 5  # it was asked again
    assert done.verdict.exit_code == 3


def test_whether_a_fault_landed_is_not_measurable_where_it_cannot_say_so_itself(project: Make) -> None:
    done, found, world = played(project(replaced("Slow", "landing", "sys.exit(0)")))
    assert world.still_on() == ()
    assert found["far/mine"].reason == "fault_not_measurable"
    assert "slow's own landing() broke: SystemExit: 0" in found["far/mine"].because
    assert done.verdict.exit_code == 3


def test_a_fault_that_ends_the_process_as_it_is_injected_was_not_injected(project: Make) -> None:
    done, found, world = played(project(replaced("Slow", "inject", "sys.exit(0)")))
    assert world.still_on() == ()
    assert "it could not be injected: SystemExit: 0" in found["far/mine"].because
    assert done.verdict.exit_code == 3


def test_a_fault_that_ends_the_process_as_it_is_mended_is_on_still(project: Make) -> None:
    done, _, world = played(project(replaced("Slow", "mend", "sys.exit(0)")))
    assert world.still_on()
    assert done.verdict.exit_code == 7


@pytest.mark.parametrize(
    ("look", "says"),
    [
        (lambda: sys.exit(0), "SystemExit: 0"),
        (lambda: None, "TypeError"),
        (lambda: [Looked(probe="own"), 3], "look() gave back int, not a Fact"),
        (lambda: Looked(probe="own"), "TypeError"),
    ],
)
def test_a_probe_that_gives_back_no_facts_was_blinded(look: Callable[[], Any], says: str) -> None:
    class Loads:
        name, every_s, gap_s, lag_s = "own", 1.0, 5.0, 0.0

        def look(self, world: World) -> Any:
            return look()

    (fact,) = looked(Loads(), cast("World", None))
    assert isinstance(fact, Blinded)
    assert says in fact.error


def test_a_check_that_ends_the_process_was_not_made_and_cures_nothing(project: Make) -> None:
    project()
    in_use.use()
    with pytest.raises(CannotRun, match="the check itself failed: SystemExit: 0"):
        own.preflight(lambda line: None)
    (check,) = own.own()
    with pytest.raises(CannotRun, match="its cure failed: SystemExit: 0"):
        check.fix(lambda line: None)


def test_a_report_that_ends_the_process_was_not_made(project: Make) -> None:
    project()
    in_use.use()

    class Judgement:
        document: Mapping[str, Any] = {}

    with pytest.raises(UsageError, match="the report of your own failed: SystemExit: 0"):
        own_report("csv", Judgement())  # type: ignore[arg-type]


def test_a_part_that_ends_the_process_while_its_drill_is_read_is_told_at_its_place(project: Make) -> None:
    file = project(replaced("Mine", "about", "sys.exit(0)"))
    line = len((file.parent / "my_parts.py").read_text().splitlines()) - 1
    with pytest.raises(Invalid, match=rf"my_parts.py:{line}:\d+: a part of your own failed: SystemExit: 0"):
        parse(file)


@pytest.mark.parametrize("word", ["judge", "run"])
def test_no_code_that_drill_calls_ends_a_command_with_its_own_exit_code(
    word: str, project: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from harness import cli

    def ends(*_: Any, **__: Any) -> None:
        sys.exit(0)

    project()
    monkeypatch.setattr("harness.run.folder.find", ends)
    monkeypatch.setattr("harness.cli.run._one", ends)
    monkeypatch.setattr(sys, "argv", ["drill", word, "shop"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 6
    assert "an error of drill itself" in capsys.readouterr().err
