"""A person's own command under `drill exec`: its terminal, its output and its exit code are what they would be without us."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import facts as f
from harness.journal import Journal, read
from harness.run import folder as folders
from harness.run.people import living
from harness.run.recorder import Recorder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A project in which a run goes on with a bad release out; what is alive of it is the test itself."""
    (tmp_path / "pyproject.toml").write_text("[tool.drill]\n")
    folder = folders.create(tmp_path / "runs", "tale")
    record = Recorder(folder.facts, lambda: 0.001)
    record(f.Opened(drill="tale", run=folder.run, wall_unix_s=1.7e9, monotonic_ns=1, version="0"))
    record(f.Injecting(fault="x", kind="bad_release", target="api+web", planned_s=0.1))
    secret = {"environment": {"DB_PASSWORD": "hunter2-s3cret"}}
    for file, image in (("compose.yaml", "api:good"), ("compose.bad.yaml", "api:bad")):
        services = {"services": {"api": {"image": image, **secret}}}
        (folder.path / file).write_text(json.dumps(services))
    (folder.path / "stack.json").write_text(json.dumps({"project": "drill-tale"}))
    return tmp_path


@contextlib.contextmanager
def living_one(home: Path) -> Iterator[None]:
    (folder,) = folders.every(home / "runs")
    with folder.alive():
        assert living(home / "runs").path == folder.path
        yield


def argv(*words: str) -> list[str]:
    return [sys.executable, "-m", "harness", "exec", "--", *words]


def journal(home: Path) -> Journal:
    (folder,) = folders.every(home / "runs")
    return read(folder.path)


def test_both_streams_and_the_exit_code_pass_through_and_are_among_the_facts(home: Path) -> None:
    script = 'echo "to $DRILL_SERVICE from $DRILL_BAD_IMAGE to $DRILL_GOOD_IMAGE of $COMPOSE_PROJECT_NAME"; echo hunter2-s3cret >&2; exit 7'
    with living_one(home):
        done = subprocess.run(argv("sh", "-c", script), cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    assert done.stdout == "to api web from api:bad to api:good of drill-tale\n"
    assert done.stderr == "hunter2-s3cret\n", "the person sees what they would have seen"
    (began,), (ended,) = journal(home).of(f.Executing), journal(home).of(f.Executed)
    assert began.command[:2] == ("sh", "-c")
    assert "hunter2" not in " ".join(began.command)
    assert (ended.exit_code, ended.begun_s, ended.size) == (7, began.seen_s, len(done.stdout + done.stderr))
    assert "[DB_PASSWORD]" in ended.output
    assert "hunter2" not in ended.output
    assert not journal(home).of(f.RecordBroken)


def test_a_command_that_cannot_be_started_is_told_as_a_shell_would(home: Path) -> None:
    with living_one(home):
        done = subprocess.run(argv("./nothing-here"), cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 127
    (ended,) = journal(home).of(f.Executed)
    assert ended.exit_code is None
    assert "No such file" in ended.detail


def test_one_that_leaves_a_child_behind_does_not_keep_us(home: Path) -> None:
    with living_one(home):
        done = subprocess.run(
            argv("sh", "-c", "sleep 60 & echo so"), cwd=home, stdout=subprocess.PIPE, timeout=50, check=False
        )
    assert done.stdout == b"so\n"


def _interruptible() -> None:
    """A shell has what it runs behind itself ignore Ctrl-C, and that is inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_on_a_terminal_the_command_has_one_and_what_is_typed_reaches_it(home: Path) -> None:
    script = 'test -t 0 && test -t 1 && read -r answer && echo "got $answer"; trap "echo caught; exit 9" INT; echo ready; while :; do sleep 1; done'
    ours, theirs = pty.openpty()
    with living_one(home):
        child = subprocess.Popen(
            argv("sh", "-c", script),
            cwd=home,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_interruptible,  # noqa: PLW1509 (there is no other thread)
        )
        os.close(theirs)
        seen = b""
        os.write(ours, b"yes\n")
        with contextlib.suppress(OSError):  # how a terminal without a writer says that this was all
            while part := os.read(ours, 1 << 16):
                seen += part
                if b"ready" in seen and b"^C" not in seen:
                    os.write(ours, b"\x03")
        code = child.wait(50)
    os.close(ours)
    assert b"got yes" in seen
    assert code == 9, seen
    (ended,) = journal(home).of(f.Executed)
    assert ended.exit_code == 9
    assert "caught" in ended.output


def test_the_hash_is_of_all_that_was_written_and_the_tail_of_its_end(home: Path) -> None:
    with living_one(home):
        done = subprocess.run(argv("seq", "20000"), cwd=home, stdout=subprocess.PIPE, check=False)
    (ended,) = journal(home).of(f.Executed)
    assert ended.sha256 == hashlib.sha256(done.stdout).hexdigest()
    assert ended.output.endswith("19999\n20000\n")
    assert len(ended.output) <= 4000
