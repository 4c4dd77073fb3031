"""What a dead run's commands made is undone by what its folder tells: the undo in the journal, the place in drill.yaml."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.facts import Injecting
from harness.run.folder import RunFolder
from harness.safety import undo as undoing
from harness.safety.undo import COMMAND, undo


def injecting(**stated: str) -> Injecting:
    return Injecting(fault="p/command-it", kind=COMMAND, target="it", planned_s=0.0, stated=stated)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    drill = SimpleNamespace(origin=SimpleNamespace(base=tmp_path))
    monkeypatch.setattr(undoing, "load_resolved", lambda file: drill)
    return RunFolder(tmp_path / "runs" / "it" / "20260101T000000Z-0a0b0c0d")


def test_the_undo_is_run_in_the_drill_files_folder_and_told_of_its_fault(folder: RunFolder, tmp_path: Path) -> None:
    assert undo(folder, injecting(undo="sh -c 'echo $DRILL_FAULT > undone'")) == ""
    assert (tmp_path / "undone").read_text() == "p/command-it\n"


def test_an_undo_that_fails_says_why(folder: RunFolder) -> None:
    assert undo(folder, injecting(undo="sh -c 'echo no disk >&2; exit 3'")).endswith("ended with 3: no disk")
    assert "could not be run" in undo(folder, injecting(undo="no-such-program-here"))


def test_without_an_undo_there_is_nothing_to_do(folder: RunFolder) -> None:
    assert undo(folder, injecting(run="true")) == ""
