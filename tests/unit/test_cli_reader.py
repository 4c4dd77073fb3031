"""Whoever reads a command may leave at any time: its exit code and what it does are the same, and nothing else is hidden by that."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import cli
from harness.cli.reader import unread, while_read

Ends = tuple[int, io.TextIOWrapper]


@pytest.fixture(params=[False, True], ids=["buffered", "unbuffered"])
def pipe(request: pytest.FixtureRequest) -> Iterator[Ends]:
    """A pipe's end to read from, and what a command writes its lines to."""
    reads, writes = os.pipe()
    raw = io.FileIO(writes, "w")
    buffer = raw if request.param else io.BufferedWriter(raw)
    with io.TextIOWrapper(buffer, "ascii", write_through=request.param) as stream:
        yield reads, stream


def test_what_is_written_is_read_also_where_it_cannot_be_spelt(pipe: Ends) -> None:
    reads, stream = pipe
    out = while_read(stream)
    print("p95 ≥ 3", file=out)
    out.flush()
    assert os.read(reads, 100) == b"p95 ? 3\n"
    assert not unread(out)
    os.close(reads)


def test_when_the_reader_has_left_writing_goes_on_and_that_is_known(pipe: Ends) -> None:
    reads, stream = pipe
    out = while_read(stream)
    os.close(reads)
    for _ in range(3):
        print("x" * 100_000, file=out)
        out.flush()
    assert unread(out)


def test_a_full_disk_is_an_error_all_the_same() -> None:
    with open("/dev/full", "w", encoding="utf-8", buffering=1) as full, pytest.raises(OSError, match="No space left"):
        while_read(full).write("x\n")


def test_what_is_no_file_is_left_as_it_is() -> None:
    text = io.StringIO()
    assert while_read(text) is text
    assert not unread(text)


def test_another_connection_that_breaks_is_an_error_of_the_harness_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Click takes every broken pipe for its reader's leaving: one to Docker must end no command as if all was well."""

    def broken(*_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(cli.group, "invoke", broken)
    monkeypatch.setattr(sys, "argv", ["drill", "list"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 6


def ended(words: list[str], folder: Path, **env: str) -> tuple[int, str]:
    """How a command ends when nobody reads its output, and what it tells of that."""
    reads, writes = os.pipe()
    os.close(reads)
    whole = {**os.environ, **env}
    command = [sys.executable, "-m", "harness", *words]
    done = subprocess.run(command, cwd=folder, env=whole, stdout=writes, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writes)
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", [["--help"], ["explain", "alert_fires"]])
def test_a_command_whose_reader_has_left_ends_well(words: list[str], tmp_path: Path) -> None:
    assert ended(words, tmp_path) == (0, "")


def test_what_a_command_found_is_its_exit_code_though_nobody_reads_it(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("drill: bad\ncolour: red\n")
    code, _ = ended(["validate", "bad.yaml"], tmp_path)
    assert code == 2


def test_without_a_buffer_too(tmp_path: Path) -> None:
    assert ended(["--help"], tmp_path, PYTHONUNBUFFERED="1") == (0, "")
