"""about.json: who and what began a run, without its secrets, and whatever the disk and git say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.history.record import begun_by
from harness.run import about


def test_what_was_set_is_kept_but_for_secrets(tmp_path: Path) -> None:
    about.keep(tmp_path, tmp_path, ["load.seed=7", "stack.env.DB_PASSWORD=hunter2"])
    assert about.read(tmp_path)["sets"] == ["load.seed=7", "stack.env.DB_PASSWORD=***"]
    assert "hunter2" not in (tmp_path / about.FILE).read_text()
    assert about.read(tmp_path)["machine"]["processors"] >= 1


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
    assert begun_by(about.commit(tmp_path)) == f"{head[:10]} with changes"


def test_without_a_repository_the_pipeline_may_name_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in about.COMMITS:
        monkeypatch.delenv(name, raising=False)
    assert about.commit(tmp_path) == {}
    monkeypatch.setenv("CI_COMMIT_SHA", "c0ffee")
    assert about.commit(tmp_path) == {"commit": "c0ffee", "dirty": False}


def test_a_disk_that_refuses_or_a_torn_file_costs_nothing(tmp_path: Path) -> None:
    about.keep(tmp_path / "gone", tmp_path, [])
    assert about.read(tmp_path / "gone") == {}
    (tmp_path / about.FILE).write_text('{"commit": "ab')
    assert about.read(tmp_path) == {}
