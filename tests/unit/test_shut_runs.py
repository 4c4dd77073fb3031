"""Run folders that another user made for himself alone: they end no command, and are not taken for dead."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.halt import command as halt
from harness.cli.mend import command as mend
from harness.cli.status import command as status_command
from harness.errors import UsageError
from harness.report.status import document, lines
from harness.run import folder as folders
from harness.run import shut
from harness.run.folder import RunFolder
from harness.safety import mend as mending
from harness.safety.status import status
from harness.stack import sweep as sweeping
from harness.stack.sweep import Remains


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def home(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DRILL_HOME", str(place))
    monkeypatch.setattr(mending, "LATE_S", 0.0)
    monkeypatch.setattr(sweeping, "remains", lambda *_: {})
    (place / "runs").mkdir()
    return place / "runs"


def run_of(runs: Path, drill: str = "shop") -> RunFolder:
    folder = folders.create(runs, drill)
    folder.facts.mkdir()
    (folder.path / "alive").touch()
    return folder


@contextlib.contextmanager
def left_to_another(place: Path) -> Iterator[None]:
    """As somebody who may not read it; root, whom no mode keeps out, is somebody else meanwhile."""
    place.chmod(0)
    own = os.geteuid()
    try:
        if own == 0:
            os.seteuid(65534)
        yield
    finally:
        os.seteuid(own)
        place.chmod(0o755)


@pytest.mark.parametrize("what", ["run", "facts", "alive"])
def test_a_run_that_cannot_be_read_is_left_out_and_named_and_does_not_hide_the_others(home: Path, what: str) -> None:
    mine, other = run_of(home), run_of(home)
    closed = other.path if what == "run" else other.path / what
    with left_to_another(closed):
        assert folders.every(home) == [mine]
        assert folders.find(home, "latest") == mine
        ((path, why),) = shut.unseen(home).items()
        assert path == other.path
        assert why == f"{other.path} cannot be read (Permission denied; it is {shut.owner(other.path)}'s)"
        for which in (other.run, str(other.path), f"shop/{other.path.name}"):
            with pytest.raises(UsageError) as refused:
                folders.find(home, which)
            assert str(refused.value) == why
    assert shut.unseen(home) == {}
    assert len(folders.every(home)) == 2


def test_each_command_names_it_in_one_line_and_does_its_work(home: Path) -> None:
    other = run_of(home)
    with left_to_another(other.path):
        for command, code in ((halt, 0), (status_command, 0), (mend, 0)):
            done = CliRunner().invoke(command, [])
            assert (done.exit_code, done.exception) == (code, None), done.output
            assert done.output.count(f"{other.path} cannot be read (Permission denied; ") == 1
        with pytest.raises(UsageError) as refused:
            folders.find(home, "latest")
        assert f"{other.path} cannot be read" in str(refused.value), "there is no other one"


def test_a_drills_folder_and_the_runs_folder_that_cannot_be_read_are_named_too(home: Path) -> None:
    other = run_of(home)
    for closed in (other.path.parent, home):
        with left_to_another(closed):
            assert folders.every(home) == []
            assert list(shut.unseen(home)) == [closed]


@pytest.mark.parametrize("at", ["here", "elsewhere", "only networks"])
def test_what_such_a_run_has_in_docker_is_not_removed_and_how_it_stands_is_not_known(
    home: Path, place: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    other = run_of(place / "other" if at == "elsewhere" else home)
    there = Remains(networks=1) if at == "only networks" else Remains(3, folder=other.path)
    monkeypatch.setattr(sweeping, "remains", lambda *_: {other.run: there})
    monkeypatch.setattr(mending, "cleared", lambda *_: pytest.fail("it may live"))
    monkeypatch.setattr(mending, "mend", lambda *_: pytest.fail("it may live"))
    with left_to_another(other.path):
        done = CliRunner().invoke(mend, ["--force"])
        assert (done.exit_code, done.exception) == (0, None), done.output
        assert f"{other.run}: {other.path} cannot be read" in done.output
        assert "whether it runs cannot be told, so nothing of it is touched" in done.output
        seen = status(home)
        assert seen.code == 3
        assert [one["lives"] for one in document(seen)["elsewhere"]] == [None]
        assert f"only those who may read {other.path}" in "\n".join(lines(seen))
