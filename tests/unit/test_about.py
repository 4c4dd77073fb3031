"""about.json: the commit and the machine of a run, and whatever the disk and git say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.run import about


def test_the_commit_of_the_drill_is_known_and_whether_it_was_changed(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        command = ("git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e@example.org", *words)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    (tmp_path / "drill.yaml").write_text("a")
    git("add", "drill.yaml")
    git("commit", "-qm", "first")
    head = git("rev-parse", "HEAD")
    assert about.commit(tmp_path) == {"commit": head, "dirty": False}
    (tmp_path / "drill.yaml").write_text("b")
    assert about.commit(tmp_path) == {"commit": head, "dirty": True}
    about.keep(tmp_path, tmp_path)
    assert about.read(tmp_path)["commit"] == head
    assert about.read(tmp_path)["machine"]["processors"] >= 1


def test_without_a_repository_the_pipeline_may_name_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in about.COMMITS:
        monkeypatch.delenv(name, raising=False)
    assert about.commit(tmp_path) == {}
    monkeypatch.setenv("CI_COMMIT_SHA", "c0ffee")
    assert about.commit(tmp_path) == {"commit": "c0ffee", "dirty": False}


def test_a_disk_that_refuses_or_a_torn_file_costs_nothing(tmp_path: Path) -> None:
    about.keep(tmp_path / "gone", tmp_path)
    assert about.read(tmp_path / "gone") == {}
    (tmp_path / about.FILE).write_text('{"commit": "ab')
    assert about.read(tmp_path) == {}
