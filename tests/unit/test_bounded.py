"""A check of the user's own that never ends costs its claim its finding, and the run nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from test_parts_broken import Make, played, project, replaced

from harness.bounded import asked_within
from harness.doctor import own
from harness.doctor.examine import look
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.errors import CannotRun
from harness.expectations.base import Evidence, Expectation
from harness.expectations.stays_up import StaysUp
from harness.facts import PhaseEnded, PhaseSettled
from harness.fakeworld import FakeWorld
from harness.fakeworld.playing import play
from harness.judge_claim import faults_of
from harness.landings import landings, mends
from harness.parts import in_use, limited
from harness.verdict import Finding, Measure, Outcome, passed

__all__ = ["project"]


class Own(Expectation):
    """A claim of the user's own, which does what it is told to."""

    word: ClassVar[str] = "own"
    check_limit_s: ClassVar[float] = 0.3
    does: ClassVar[Callable[[], Any]]

    def check(self, evidence: Evidence) -> Any:
        return type(self).does()


def finding(does: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Finding:
    monkeypatch.setattr(Own, "does", does, raising=False)
    return asked_within(Own(), cast("Evidence", None))


def loops() -> None:
    while True:
        pass


def refuses_to_end() -> None:
    while True:
        try:
            time.sleep(3600)
        except BaseException:
            continue


def ignores_signals() -> None:
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    loops()


@pytest.mark.parametrize(
    "does",
    [
        loops,
        refuses_to_end,
        ignores_signals,
        lambda: os.read(os.pipe()[0], 1),
        lambda: re.match(r"(a+)+$", "a" * 60 + "b"),  # lets no other thread of Python run
    ],
)
def test_a_check_that_never_ends_is_inconclusive_with_a_reason_of_its_own(
    does: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = finding(does, monkeypatch)
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "check_overran")
    assert "did not end within 0.3 s" in found.because


def test_nothing_of_it_is_left_not_even_what_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def starts() -> None:
        told = (os.getpid(), os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "3600"))
        (tmp_path / "new").write_text(" ".join(map(str, told)))
        (tmp_path / "new").rename(tmp_path / "pids")
        loops()

    monkeypatch.setattr(Own, "check_limit_s", 2.0)
    assert finding(starts, monkeypatch).reason == "check_overran"
    for pid in (tmp_path / "pids").read_text().split():
        state = Path(f"/proc/{pid}/stat")
        while state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)


def test_a_finding_comes_back_as_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Own, "check_limit_s", 60.0)
    found = passed("x", measure=Measure(8, 8.5, "s"), cites=["harness:1"], details=(("limit", "8 s"),))
    assert finding(lambda: found, monkeypatch) == found


@pytest.mark.parametrize(
    ("does", "says"),
    [
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: sys.exit(0), "SystemExit: 0"),
        (lambda: os._exit(0), "it ended its process (0)"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "it ended its process (-9)"),
        (lambda: passed(type("Text", (str,), {})("x")), "what it gave back cannot be told"),
    ],
)
def test_what_breaks_it_is_told_as_ever(does: Callable[[], Any], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Own, "check_limit_s", 60.0)
    found = finding(does, monkeypatch)
    assert found.reason == "check_broke"
    assert says in found.because


def test_a_claim_of_drills_own_is_asked_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StaysUp, "check", lambda self, evidence: passed(f"by {os.getpid()}"))
    assert asked_within(StaysUp(service="api"), cast("Evidence", None)).because == f"by {os.getpid()}"


def test_the_other_claims_of_a_run_are_judged_and_it_ends_with_its_verdict(project: Make) -> None:
    done, found, world = played(project(replaced("Mine", "check", "[0 for _ in iter(int, 1)]") + limit(0.3)))
    assert world.still_on() == ()
    assert found["far/mine"].reason == "check_overran"
    assert found["far/stays_up-api"].outcome is Outcome.PASSED
    assert done.verdict.exit_code == 3


def test_a_run_waits_for_it_once_and_then_for_its_windows_end(project: Make) -> None:
    """As a `then` it would be asked each second."""
    asked = "open('asked', 'a').write('x'), [0 for _ in iter(int, 1)]"
    file = project(replaced("Mine", "check", asked) + limit(0.3) + "\nMine.late_s = lambda self: 20.0\n")
    file.write_text(file.read_text().replace("expect: [{mine: {}}, ", "then: [{mine: {}}], expect: ["))
    done, found, _ = played(file)
    assert found["far/mine"].reason == "check_overran"
    assert Path("asked").read_text() == "xx"  # while the run went on, and when it was judged
    (ended,), (settled,) = done.journal.of(PhaseEnded), done.journal.of(PhaseSettled)
    assert settled.seen_s - ended.seen_s > 20


def test_a_stored_run_is_judged_again_and_the_command_ends(project: Make) -> None:
    file = project(replaced("Mine", "check", "[0 for _ in iter(int, 1)]") + limit(0.3))
    folder = file.parent / "runs" / "shop" / "20260101T000000Z-0a0b0c0d"
    folder.mkdir(parents=True)
    play(file, FakeWorld(edges=("api->db",), services=("api", "db")), folder / "facts")
    (folder / "drill.yaml").write_text(parse(file).masked())
    words = [sys.executable, "-m", "harness", "judge", "shop", "--json"]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(words, env=here, capture_output=True, text=True, check=False)
    found = {one["id"]: one["reason"] for one in json.loads(done.stdout)["findings"]}
    assert (found["far/mine"], found["far/stays_up-api"]) == ("check_overran", "invalid_run")  # it has no ledger
    assert done.returncode == 3


@pytest.mark.parametrize("name", ["landing", "gone"])
def test_a_fault_that_does_not_end_telling_whether_it_landed_is_not_measurable_and_is_asked_once(
    name: str, project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limited, "LIMIT_S", 0.3)
    asked = "open('asked', 'a').write('x'), [0 for _ in iter(int, 1)]"
    file = project(replaced("Slow", name, asked))
    done, _, world = played(file)
    assert world.still_on() == ()
    told = {"landing": landings, "gone": mends}[name](done.journal, faults_of(parse(file)))
    (landing,) = told.values()
    assert landing.outcome == "not_measurable"
    assert landing.because == f"slow's own {name}() did not end within 0.3 s"
    assert Path("asked").read_text() == "x"
    assert done.verdict.exit_code == (3 if name == "landing" else 0), "its mend was read back"


def test_what_a_fault_tells_in_time_comes_back_as_it_was_told(project: Make) -> None:
    file = project(
        replaced("Slow", "landing", "return Landing('landed', f'by {os.getpid()}', {})") + "\nimport os\n" + LANDING
    )
    done, _, _ = played(file)
    (landing,) = landings(done.journal, faults_of(parse(file))).values()
    assert landing.outcome == "landed", landing.because
    assert landing.because.startswith("by ")
    assert str(os.getpid()) not in landing.because, "it is asked in a process beside"


def test_a_check_of_ones_own_that_does_not_end_ends_doctor_and_run_with_its_name(
    project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(replaced("Token", "look", "[0 for _ in iter(int, 1)]") + "\nToken.check_limit_s = 0.3\n")
    in_use.use()
    (seen,) = look(own.own())
    assert (seen.check, seen.state) == ("token", "missing")
    assert seen.what == "the check itself did not end within 0.3 s"
    assert "check_limit_s" in seen.cure
    with pytest.raises(CannotRun, match=r"did not end within 0\.3 s"):
        own.preflight(lambda line: None)


def test_a_checks_limit_that_is_none_is_refused_at_its_place(project: Make) -> None:
    with pytest.raises(Invalid, match=r"my_parts\.py:\d+:1: check Token: check_limit_s is 'long'"):
        parse(project("\nToken.check_limit_s = 'long'\n"))


@pytest.mark.parametrize("stated", ["0", "'long'", "float('inf')", "None"])
def test_a_limit_that_is_none_is_refused_at_its_place(stated: str, project: Make) -> None:
    with pytest.raises(Invalid, match=r"my_parts\.py:\d+:1: expectation Mine: check_limit_s is "):
        parse(project(limit(stated)))


LANDING = "from harness.faults.base import Landing\n"


def limit(stated: object) -> str:
    return f"\nMine.check_limit_s = {stated}\n"
