"""After a hard death a target's secrets are masked by whoever clears up: where they are stands in the run's folder, they never do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.cli.mend import _scrub
from harness.judging import secrets_of
from harness.run.folder import RunFolder
from harness.target.model import Target
from harness.target.record import keep, recorded
from harness.target.secrets import at_hand, places

VALUES = {
    "LOAD": "load-canary-1",
    "TOXI": "toxi-canary-2",
    "PROM": "prom-canary-3",
    "LOKI": "loki-canary-4",
    "CLEAR": "clear-canary-5",
    "PAGES": "pages-canary-6",
}


def target(folder: Path) -> Target:
    def at(**words: Any) -> dict[str, Any]:
        return {"url": "https://a.example", **words}

    (folder / "am-password").write_text("am-canary-7\n")
    return Target.model_validate(
        {
            "name": "staging",
            "load": at(token_env="LOAD"),
            "toxiproxy": at(token_env="TOXI"),
            "prometheus": at(token_env="PROM"),
            "alertmanager": at(user="me", password_file=str(folder / "am-password")),
            "logs": {"loki": at(token_env="LOKI"), "selectors": {"api": "{}"}},
            "clear_to_start": [{"url": "https://b.example"}, {"url": at(token_env="CLEAR")}],
            "pages": {"listen": "127.0.0.1:1", "receivers": ["x"], "token_env": "PAGES"},
        }
    )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """One that died with all of them in a log."""
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    folder = RunFolder(tmp_path / "drill" / "20260101T000000Z-0a0b0c0d")
    folder.logs.mkdir(parents=True)
    folder.facts.mkdir()
    keep(folder.path, target(tmp_path), {})
    (folder.logs / "api.log").write_text("\n".join([*VALUES.values(), "am-canary-7", "bWU6YW0tY2FuYXJ5LTc="]) + "\n")
    return folder


def test_where_the_secrets_are_is_kept_and_no_value(run: RunFolder) -> None:
    text = (run.path / "target.json").read_text()
    assert "canary" not in text
    assert all(f'"{name}"' in text for name in VALUES)
    told = recorded(run.path)
    assert told is not None
    assert [name for name, _ in told.secrets] == [
        "load", "toxiproxy", "prometheus", "alertmanager", "loki", "clear_to_start", "pages"
    ]  # fmt: skip


def test_every_place_of_a_target_has_its_secret_kept(tmp_path: Path) -> None:
    assert {name for name, access in places(target(tmp_path)) if access.token_env or access.user} == {
        "load", "toxiproxy", "prometheus", "alertmanager", "loki", "clear_to_start", "pages"
    }  # fmt: skip


def test_mend_masks_them(run: RunFolder) -> None:
    said: list[str] = []
    _scrub(run, said.append)
    assert said == []
    shown = (run.logs / "api.log").read_text()
    assert "canary" not in shown
    assert "bWU6" not in shown
    assert "[load credential]" in shown
    assert {secret.value for secret in secrets_of(run.path) or ()} >= {*VALUES.values(), "am-canary-7"}


def test_what_is_not_to_be_had_any_more_is_told_and_the_others_are_masked(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PROM")
    (tmp_path / "am-password").unlink()
    said: list[str] = []
    _scrub(run, said.append)
    assert len(said) == 2
    assert said[0].startswith("0a0b0c0d: the secret of prometheus may stand in its files: the variable PROM is not set")
    assert f"drill mend {run.run}" in said[0]
    assert "am-password cannot be read: No such file or directory" in said[1]
    shown = (run.logs / "api.log").read_text()
    assert "prom-canary-3" in shown
    assert "load-canary-1" not in shown


def test_a_run_without_a_target_has_none(tmp_path: Path) -> None:
    assert at_hand(tmp_path) == ([], [])
    assert secrets_of(tmp_path) is None
