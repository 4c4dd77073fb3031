"""A load that is started in a folder whose modules have the names of others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from load_runs import run_for

from harness.errors import UsageError
from harness.facts import LoadEnded
from harness.ledger import read
from harness.load.generator import Generator

Load = Callable[..., Generator]

ASKS = """
from words import NAME
from locust import FastHttpUser, task

class Visitor(FastHttpUser):
    @task
    def ask(self):
        self.client.get("/plain", name=NAME)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    for name in ("calendar", "locust", "harness", "load"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("")
    (folder / "queue.py").write_text("raise SystemExit('this is ours')\n")
    (folder / "words.py").write_text("NAME = '/of-the-project'\n")
    monkeypatch.chdir(folder)
    return folder


def test_a_project_may_have_modules_named_as_libraries_are_and_its_own_are_found(
    project: Path, server: object, load: Load
) -> None:
    (project / "load" / "shop.py").write_text(ASKS)
    generator = load(project / "load" / "shop.py", server.url, rate=20.0)  # type: ignore[attr-defined]
    facts = run_for(generator, 0.5)
    assert [fact.clean for fact in facts if isinstance(fact, LoadEnded)] == [True]
    assert "GET /of-the-project" in read(generator.ledger).endpoints


def test_a_module_with_our_own_name_is_told_as_such(project: Path, server: object, load: Load) -> None:
    (project / "load" / "shop.py").write_text("from harness.helpers import greet\n" + ASKS)
    generator = load(project / "load" / "shop.py", server.url)  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=r"shop\.py:1: it cannot be imported: .*give yours another name"):
        run_for(generator, 0.1)
