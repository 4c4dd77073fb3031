"""What a dead run's commands made is undone by what its folder tells: the undo in the journal, the place in drill.yaml."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from harness.facts import Fact, Injecting, NotInjected, Opened
from harness.inside import openfacts
from harness.journal import read
from harness.journal_writer import Writer
from harness.lodgers import RELEASE
from harness.run.folder import RunFolder
from harness.safety.mend import mend
from harness.safety.openfaults import gone_with_the_stack, open_faults
from harness.safety.takeout import by_hand
from harness.safety.undo import COMMAND, undo
from harness.stack.release_commands import NOTE


def injecting(**stated: str) -> Injecting:
    return Injecting(fault="p/command-it", kind=COMMAND, target="it", planned_s=0.0, stated=stated)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Its drill has a word that nobody knows any more: what undoes it must not ask."""
    made = RunFolder(tmp_path / "runs" / "it" / "20260101T000000Z-0a0b0c0d")
    made.path.mkdir(parents=True)
    made.drill_file.write_text(
        f"phases: [{{faults: [{{satellite: 1}}]}}]\nresolved: {{base: {tmp_path}, where: {{}}}}\n"
    )
    return made


def test_the_undo_is_run_in_the_drill_files_folder_and_told_of_its_fault(folder: RunFolder, tmp_path: Path) -> None:
    assert undo(folder, injecting(undo="sh -c 'echo $DRILL_FAULT > undone'")) == ""
    assert (tmp_path / "undone").read_text() == "p/command-it\n"


def test_an_undo_that_fails_says_why(folder: RunFolder) -> None:
    assert undo(folder, injecting(undo="sh -c 'echo no disk >&2; exit 3'")).endswith("ended with 3: no disk")
    assert "could not be run" in undo(folder, injecting(undo="no-such-program-here"))


def test_without_an_undo_there_is_nothing_to_do(folder: RunFolder) -> None:
    assert undo(folder, injecting(run="true")) == ""


def test_what_an_undo_does_may_take_its_time(folder: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "on").touch()
    assert undo(folder, injecting(undo="sh -c '(sleep 0.5; rm on) >/dev/null 2>&1 &'", check="test -e on")) == ""
    assert not (tmp_path / "on").exists()


def test_what_its_check_still_finds_is_not_out(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.safety.undo.SOON_S", 0.0)
    assert undo(folder, injecting(undo="true", check="false")) == ""
    assert undo(folder, injecting(undo="true", check="true")) == "true still ends with 0"
    assert undo(folder, injecting(check="true")) == "true still ends with 0"
    assert "could not be run" in undo(folder, injecting(check="no-such-program-here"))


def test_what_an_undo_leaves_running_is_not_waited_for(folder: RunFolder) -> None:
    began_s = time.monotonic()
    assert undo(folder, injecting(undo="sh -c 'sleep 20 & true'")) == ""
    assert time.monotonic() - began_s < 10


def opened(folder: RunFolder, *facts: Fact) -> None:
    writer = Writer(folder.facts, "harness", lambda: 0.0)
    for fact in (Opened(drill="it", run=folder.run, wall_unix_s=0.0, monotonic_ns=time.monotonic_ns()), *facts):
        writer.write(fact)
    writer.close()


def test_what_commands_made_does_not_go_with_the_stack(folder: RunFolder) -> None:
    opened(folder, injecting(run="a"), injecting(run="b", undo="c"), injecting(check="d"), injecting(restore="e"))
    assert [fact.stated for fact in gone_with_the_stack(read(folder.path))] == [{"run": "a"}]


def failed(*, untouched: bool) -> NotInjected:
    return NotInjected(fault="p/command-it", begun_s=0.0, error="no", untouched=untouched)


@pytest.mark.parametrize(
    ("facts", "undone"),
    [
        ((), True),  # died while it was begun, or before: nobody knows
        ((failed(untouched=False),), True),
        ((failed(untouched=True),), False),
    ],
)
def test_what_a_run_failed_to_inject_before_it_died_is_undone_unless_it_was_surely_not_begun(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: tuple[NotInjected, ...], undone: bool
) -> None:
    monkeypatch.setattr("harness.stack.sweep.sweep", lambda run: [])
    opened(folder, injecting(undo="touch undone"), *facts)
    at_hand = [fact["fault"] for fact in openfacts.open_faults(openfacts.facts_in(folder.facts))]
    assert at_hand == [fact.fault for fact in open_faults(read(folder.path))] == ["p/command-it"] * undone
    assert mend(folder, lambda _: None) == []
    assert (tmp_path / "undone").exists() == undone
    assert open_faults(read(folder.path)) == ()


@pytest.mark.parametrize("code", [0, 3])
def test_mend_puts_back_a_release_that_commands_put_out(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr("harness.stack.sweep.sweep", lambda run: [])
    release = Injecting(fault="p/r", kind=RELEASE, target="api", planned_s=0.0, stated={"restore": "./restore.sh"})
    opened(folder, release)
    command = ["sh", "-c", f"echo $WHERE > restored; exit {code}"]
    note = {"fault": "p/r", "command": command, "folder": str(tmp_path), "environment": {"WHERE": "it"}, "within_s": 9}
    (folder.path / NOTE).write_text(json.dumps(note))
    assert mend(folder, lambda _: None) == ([] if code == 0 else ["p/r"])
    assert (tmp_path / "restored").read_text() == "it\n"
    assert bool(open_faults(read(folder.path))) == bool(code)
    assert by_hand(folder, release) == ("./restore.sh",)


@pytest.mark.parametrize(
    ("there", "check", "out"),
    [(False, "false", True), (True, "false", False), (False, "", False), (False, "true", False)],
)
def test_of_a_stack_that_the_watchdog_took_away_the_check_says_whether_the_condition_went_with_it(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, there: bool, check: str, out: bool
) -> None:
    monkeypatch.setattr("harness.stack.sweep.sweep", lambda run: [])
    monkeypatch.setattr("harness.safety.undo.SOON_S", 0.0)
    monkeypatch.setattr("harness.stack.sweep.all_runs", lambda: [folder.run] if there else [])
    opened(folder, injecting(undo="sh -c 'echo no such container >&2; exit 1'", **({"check": check} if check else {})))
    assert (mend(folder, lambda line: None) == []) == out
    assert (open_faults(read(folder.path)) == ()) == out
