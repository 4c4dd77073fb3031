"""`drill status`: what a run does, which faults may be on, and what ends it, while it goes and after it died."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness import facts as f
from harness.attach.record import Recorded
from harness.following import Following
from harness.journal_writer import Writer
from harness.progress import KINDS, Outline, progress
from harness.report import status as told
from harness.report.course import Course
from harness.run.clock import boot_id
from harness.run.folder import RunFolder
from harness.safety import status as asking
from harness.safety.clock import clock_of
from harness.safety.status import status
from harness.stack.sweep import Remains
from harness.testing import journal_of

RUN = "0a0b0c0d"
OUTLINE = Outline({"slow": 60.0, "gone": 20.0}, ("errors > 50% for 15s",), 600.0)
OPENED = f.Opened(drill="shop", run=RUN, wall_unix_s=1.7e9, monotonic_ns=0)
UNDER_LOAD = (
    OPENED,
    f.Asked(step="stack", what="stack_up", seen_s=1),
    f.Done(step="stack", seen_s=9),
    f.LoadBegan(begins_s=10, seen_s=9.5),
)
SLOW = f.Injecting(fault="slow/late", kind="latency", target="web->store", planned_s=30, until_s=90, seen_s=29.8)
ON = f.Injected(fault="slow/late", begun_s=30.0, seen_s=30.01)
WEDGED = "wedged. By hand:\n    docker restart x"
STUCK = f.NotMended(fault="slow/late", error=WEDGED, commands=("docker restart x",), seen_s=36)
IN_PHASE = (*UNDER_LOAD, f.GateHeld(seen_s=29), f.PhaseBegan(phase="slow", seen_s=30))


@pytest.mark.parametrize(
    ("facts", "stage", "beats"),
    [
        ((), "being opened", False),
        (UNDER_LOAD[:2], "the stack is being started", False),
        (UNDER_LOAD[:3], "the stack is ready; the load's users start", False),
        (UNDER_LOAD, "under load, waiting for the steady state", True),
        ((*UNDER_LOAD, f.GateHeld(seen_s=29)), "the steady state held; the first phase begins", True),
        (IN_PHASE, "phase slow (1 of 2)", True),
        (
            (*IN_PHASE, f.PhaseEnded(phase="slow", seen_s=90)),
            "phase slow (1 of 2) is over, waiting for the steady state",
            True,
        ),
        (
            (*IN_PHASE, f.PhaseEnded(phase="slow", seen_s=90), f.PhaseSettled(phase="slow", steady=True, seen_s=95)),
            "phase slow (1 of 2) is over, steady again",
            True,
        ),
        (
            (
                *IN_PHASE,
                f.PhaseEnded(phase="slow", seen_s=90),
                f.PhaseSettled(phase="slow", steady=True, seen_s=95),
                f.PhaseBegan(phase="gone", seen_s=96),
            ),
            "phase gone (2 of 2)",
            True,
        ),
        ((*IN_PHASE, f.LoadEnded(clean=True, ended_s=99, seen_s=99)), "ending: the load has stopped", False),
        ((*IN_PHASE, f.LoadEnded(clean=True, ended_s=99, seen_s=99), f.Closed(seen_s=120)), "over", False),
    ],
)
def test_what_a_run_does_is_what_its_journal_says_last(facts: tuple[f.Fact, ...], stage: str, beats: bool) -> None:
    seen = progress(journal_of(*facts), OUTLINE)
    assert (seen.stage, seen.beats) == (stage, beats)


def test_a_phase_ends_when_its_length_is_over() -> None:
    assert progress(journal_of(*IN_PHASE), OUTLINE).until_s == 90
    assert progress(journal_of(*IN_PHASE), Outline()).until_s is None, "not known is not told"


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ((SLOW,), "announced"),
        ((SLOW, ON), "on"),
        ((SLOW, f.NotInjected(fault="slow/late", begun_s=30, error="half", seen_s=31)), "unsure"),
        (
            (SLOW, ON, f.NotMended(fault="slow/late", error="wedged", commands=("docker restart x",), seen_s=91)),
            "stuck",
        ),
    ],
)
def test_a_fault_is_told_of_from_its_announcement_on(facts: tuple[f.Fact, ...], state: str) -> None:
    (hurt,) = progress(journal_of(*IN_PHASE, *facts), OUTLINE).faults
    assert (hurt.fault, hurt.state, hurt.until_s) == ("slow/late", state, 90)


def test_a_fault_is_out_only_once_it_was_mended_and_on_again_when_it_comes_back() -> None:
    out = f.Mended(fault="slow/late", begun_s=90, seen_s=90.1)
    assert progress(journal_of(*IN_PHASE, SLOW, ON, out), OUTLINE).faults == ()
    again = f.Injecting(fault="slow/late", kind="latency", target="web->store", planned_s=100, seen_s=100)
    assert [hurt.since_s for hurt in progress(journal_of(*IN_PHASE, SLOW, ON, out, again), OUTLINE).faults] == [100]


def test_who_was_called_and_what_came_of_it_is_told() -> None:
    asked = (
        f.Paged(receiver="web-team", alert="CheckoutSlow", status="firing", seen_s=40),
        f.Acknowledged(by="anna", alert="CheckoutSlow", seen_s=45),
        f.LeverAsked(lever="l", question="Roll back?\nmore", seen_s=50),
    )
    assert progress(journal_of(*IN_PHASE, *asked), OUTLINE).asked == (
        (40, "web-team was paged: CheckoutSlow"),
        (45, "anna acknowledged CheckoutSlow"),
        (50, "asked on the terminal: Roll back?"),
    )


# --- folders ----------------------------------------------------------------------------------------------------------


DRILL = "phases: [{name: slow, for: 1m}, {name: gone, for: 20s}]\nabort: {any: ['errors > 50% for 15s'], max_duration: 10m}\n"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    path = tmp_path / "runs" / "shop" / f"20260101T000000Z-{RUN}"
    (path / "facts").mkdir(parents=True)
    (path / "drill.yaml").write_text(DRILL)
    return RunFolder(path)


def written(folder: RunFolder, *facts: f.Fact, age_s: float = 40.0, boot: str = "") -> None:
    """The run was opened so long ago, and wrote these facts at their seconds."""
    began_ns = time.monotonic_ns() - round(age_s * 1e9)
    writer = Writer(folder.facts, "harness", lambda: 0.001)
    opened = f.Opened(drill="shop", run=RUN, wall_unix_s=time.time() - age_s, monotonic_ns=began_ns, boot=boot)
    for fact in (opened, *facts):
        writer.write(fact)
    writer.close()


def docker(monkeypatch: pytest.MonkeyPatch, there: dict[str, Remains] | None) -> None:
    monkeypatch.setattr(asking, "_remains", lambda runs: ({}, "Docker is gone") if there is None else (there, ""))


RELEASE = f.Injecting(fault="slow/bad", kind="bad_release", target="web+api", planned_s=30, seen_s=30)
OUT = f.Injected(fault="slow/bad", begun_s=30.0, seen_s=40)
BACK = f.Deployed(service="web", image="w", by="rollback", seen_s=50)
ALL_BACK = (RELEASE, OUT, BACK, f.Deployed(service="api", image="i", by="rollback", replicas=2, seen_s=52))


@pytest.mark.parametrize(
    ("facts", "state", "back_s"),
    [
        ((RELEASE, OUT, BACK), "on", None),
        (ALL_BACK, "back", 52),
        ((*ALL_BACK, f.Deployed(service="api", image="i:bad", by="harness", seen_s=60)), "on", None),
        ((*ALL_BACK, f.NotMended(fault="slow/bad", error="wedged", seen_s=95)), "stuck", 52),
    ],
)
def test_a_release_that_was_rolled_back_is_told_so_in_the_live_line_and_here(
    facts: tuple[f.Fact, ...], state: str, back_s: float | None
) -> None:
    (hurt,) = progress(journal_of(*IN_PHASE, *facts), OUTLINE).faults
    assert (hurt.state, hurt.back_s) == (state, back_s)
    course = Course()
    for fact in facts:
        course.hear(fact)
    assert (course.on(("slow/bad",)) == ("slow/bad (rolled back)",)) is (back_s is not None)


@contextmanager
def living(folder: RunFolder) -> Iterator[None]:
    with folder.alive():
        yield


def said(folder: RunFolder) -> str:
    return "\n".join(told.lines(status(folder.path.parents[1])))


def test_a_run_that_goes_is_told_in_eighty_columns_with_what_ends_it(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(monkeypatch, {RUN: Remains(7, 2)})
    written(folder, *IN_PHASE[1:], SLOW, ON, f.ClockRead(wall_unix_s=0, seen_s=39.5))
    with living(folder):
        seen = status(folder.path.parents[1])
        text = said(folder)
    assert seen.code == 0
    assert [run.state for run in seen.runs] == ["running"]
    assert "phase slow (1 of 2), for 10s of 1m" in text
    assert "slow/late (latency on web->store) on for 10s, out in 50s" in text
    assert "errors > 50% for 15s; 9m20s to its maximum duration of 10m" in text
    assert f"drill halt {RUN}" in text
    assert max(map(len, text.splitlines())) <= told.WIDTH
    assert "\x1b" not in text
    assert "\x1b" in "".join(told.lines(seen, colour=True))


def test_a_harness_that_is_silent_for_more_than_three_seconds_hangs_and_its_fault_is_an_alarm(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(monkeypatch, {})
    written(folder, *IN_PHASE[1:], SLOW, ON, f.ClockRead(wall_unix_s=0, seen_s=36))
    with living(folder):
        assert status(folder.path.parents[1]).code == 7
        assert "HANGS: silent for 4s" in said(folder)


def test_while_the_stack_starts_silence_is_no_hanging(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(monkeypatch, {})
    written(folder, *UNDER_LOAD[1:2])
    with living(folder):
        assert status(folder.path.parents[1]).code == 0
        assert "the stack is being started, for 39s" in said(folder)


def test_a_release_that_was_rolled_back_is_not_called_plain_on(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(monkeypatch, {RUN: Remains(7)})
    at_s = {"web": 33.0, "api": 35.0}
    back = (f.Deployed(service=name, image="i", by="rollback", seen_s=s) for name, s in at_s.items())
    written(folder, *IN_PHASE[1:], RELEASE, replace(OUT, seen_s=32), *back, f.ClockRead(wall_unix_s=0, seen_s=39.5))
    with living(folder):
        text = " ".join(said(folder).split())
    assert "slow/bad (bad_release on web+api) rolled back 5s ago, mended once its phase has been judged" in text
    assert "rolled back 5s ago, NOT MENDED YET" in " ".join(said(folder).split()), "its harness is gone"


@pytest.mark.parametrize(
    ("facts", "there", "state", "code"),
    [
        ((SLOW, ON), {RUN: Remains(7)}, "dead", 7),
        ((SLOW, ON), None, "dead", 7),  # Docker does not answer: it may be on
        ((SLOW, ON), {}, None, 0),  # a toxic goes with its stack
        ((), {RUN: Remains(7)}, "dead", 6),
        ((), {}, None, 0),
        ((), None, "dead", 6),
        ((f.Closed(seen_s=38),), {}, None, 0),
        ((f.Closed(seen_s=38),), None, None, 3),
        ((f.Closed(seen_s=38),), {RUN: Remains(7)}, "kept", 0),
        ((f.Closed(seen_s=38, left=("network x",)),), {RUN: Remains(0, 1)}, "remains", 6),
        ((SLOW, ON, STUCK, f.Closed(seen_s=38)), {RUN: Remains(7)}, "remains", 7),
    ],
)
def test_a_run_without_a_harness_is_told_of_while_anything_of_it_may_be_left(
    folder: RunFolder,
    monkeypatch: pytest.MonkeyPatch,
    facts: tuple[f.Fact, ...],
    there: dict[str, Remains] | None,
    state: str | None,
    code: int,
) -> None:
    docker(monkeypatch, there)
    written(folder, *IN_PHASE[1:], *facts)
    seen = status(folder.path.parents[1])
    assert [run.state for run in seen.runs] == ([state] if state else [])
    assert seen.code == code


def test_a_run_that_ended_with_a_fault_on_did_not_die_and_names_the_command_once(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(monkeypatch, {RUN: Remains(7)})
    written(folder, *IN_PHASE[1:], SLOW, ON, STUCK, f.Closed(seen_s=38))
    text = said(folder)
    assert "AND SOMETHING OF IT REMAINS" in text
    assert "DIED" not in text
    assert "was in" not in text
    assert text.count("docker restart x") == 1, text
    assert f"drill mend {RUN}" in text


def test_on_a_project_that_ran_already_a_fault_is_on_though_nothing_bears_the_runs_label(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(monkeypatch, {})
    paused = f.Injecting(fault="slow/paused", kind="pause", target="store", planned_s=30, seen_s=30)
    written(folder, *IN_PHASE[1:], paused)
    assert status(folder.path.parents[1]).code == 0, "a stack of its own is gone, and its containers with it"
    Recorded("shop").keep(folder.path)
    seen = status(folder.path.parents[1])
    assert seen.code == 7
    assert [fault.fault for fault in seen.runs[0].progress.faults] == ["slow/paused"]
    assert f"drill mend {RUN}" in said(folder)


def test_what_a_command_made_may_be_on_also_when_the_stack_is_gone(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(monkeypatch, {})
    made = f.Injecting(fault="slow/cmd", kind="command", target="x", planned_s=30, stated={"undo": "true"}, seen_s=30)
    written(folder, *IN_PHASE[1:], made, SLOW)
    (run,) = status(folder.path.parents[1]).runs
    assert [fault.fault for fault in run.progress.faults] == ["slow/cmd"]
    assert f"drill mend {RUN}" in said(folder)


def test_a_run_of_another_folder_is_told_with_its_place_and_one_without_any_folder_with_its_cure(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(monkeypatch, {RUN: Remains(3, folder=folder.path), "11111111": Remains(1, folder=tmp_path / "gone")})
    elsewhere = tmp_path / "other"
    elsewhere.mkdir()
    with living(folder):
        seen = status(elsewhere)
    assert seen.code == 6
    text = "\n".join(told.lines(seen))
    assert f"{RUN}: runs, elsewhere: drill status {folder.path}" in text
    assert "drill mend --force" in text


def test_every_cut_of_every_file_is_told_of_without_an_error(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(monkeypatch, {RUN: Remains(7)})
    written(folder, *IN_PHASE[1:], SLOW, ON)
    (folder.path / "alive").write_text("4711\n")
    journal = folder.facts / "harness.jsonl"
    for path in (journal, folder.drill_file):
        whole = path.read_bytes()
        for end in range(0, len(whole), 7):
            path.write_bytes(whole[:end])
            seen = status(folder.path.parents[1])
            assert seen.code in (6, 7)
            assert json.dumps(told.document(seen))
            assert told.lines(seen)
        path.write_bytes(whole)


def test_a_journal_is_read_as_it_grows_and_a_line_that_is_not_whole_waits(folder: RunFolder) -> None:
    written(folder, *IN_PHASE[1:])
    follow = Following(folder.path, KINDS)
    assert len(follow.journal().of(f.Injecting)) == 0
    late = replace(SLOW, seen_s=33.0)
    line = json.dumps(f.to_dict(late), separators=(",", ":")).encode()
    with (folder.facts / "harness.jsonl").open("ab") as file:
        file.write(line[:30])
        file.flush()
        assert follow.journal().of(f.Injecting) == ()
        file.write(line[30:] + b"\n")
    assert follow.journal().of(f.Injecting) == (late,)
    assert follow.end_s == 33.0


# --- the clock of those who come afterwards -----------------------------------------------------------------------------


def test_in_the_same_boot_the_runs_own_clock_goes_on(folder: RunFolder) -> None:
    written(folder, *IN_PHASE, age_s=500, boot=boot_id())
    assert clock_of(folder).now_s() == pytest.approx(500, abs=5)


@pytest.mark.parametrize("uptime_before_s", [-1e6, 1e6], ids=["in the future", "in the past"])
def test_after_a_reboot_the_wall_clock_tells_and_nothing_comes_before_the_last_fact(
    folder: RunFolder, uptime_before_s: float
) -> None:
    writer = Writer(folder.facts, "harness", lambda: 0.001)
    began_ns = time.monotonic_ns() - round(uptime_before_s * 1e9)
    writer.write(f.Opened(drill="shop", run=RUN, wall_unix_s=time.time() - 500, monotonic_ns=began_ns, boot="another"))
    writer.write(f.ClockRead(wall_unix_s=0, seen_s=40))
    writer.close()
    assert clock_of(folder).now_s() == pytest.approx(500, abs=5)
    (folder.facts / "harness.jsonl").write_text("")
    written(folder, f.ClockRead(wall_unix_s=0, seen_s=9000), age_s=500, boot="another")  # the wall clock was set back
    assert clock_of(folder).now_s() == pytest.approx(9000, abs=5)
