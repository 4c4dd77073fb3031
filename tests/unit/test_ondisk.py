"""What a power cut must not take is on the disk before a run goes on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.ondisk import settle
from harness.stack.project import write_private


def test_a_file_and_its_name_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    flushed = os.fsync

    def fsync(descriptor: int) -> None:
        flushed(descriptor)
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))

    monkeypatch.setattr(os, "fsync", fsync)
    write_private(tmp_path / "release.restore.json", "{}")
    assert synced == [str(tmp_path / "release.restore.json"), str(tmp_path)]
    assert (tmp_path / "release.restore.json").read_text() == "{}"


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        settle(tmp_path / "nothing")
