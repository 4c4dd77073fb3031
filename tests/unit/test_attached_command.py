"""`drill run` on a system that runs already: in which order it is held, looked at, checked and played on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from running_project import DRILL, container

from harness.attach import context, found
from harness.cli import attach, inputs, on_target, played
from harness.doctor import own
from harness.drill.parse import parse
from harness.errors import CannotRun
from harness.plan import make_plan
from harness.run import attached, target
from harness.run import on_target as ground

LOCUSTFILE = (
    "from locust import HttpUser, task\n\nclass U(HttpUser):\n    @task\n    def t(self): self.client.get('/')\n"
)


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done, in order, by a command whose play is replaced."""
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "load.py").write_text(LOCUSTFILE)
    (tmp_path / "shop.yaml").write_text(DRILL)
    drill = parse(tmp_path / "shop.yaml")
    done: list[str] = []

    @contextlib.contextmanager
    def held(*given: Any) -> Iterator[None]:
        done.append("held")
        yield

    def planned(*given: Any) -> Any:
        done.append("planned")
        plan = make_plan(drill, services=("web", "store"))
        place = SimpleNamespace(name="staging", protected=False, load=SimpleNamespace(url="http://x"))
        return SimpleNamespace(plan=plan, target=place, root=tmp_path)

    monkeypatch.setattr(inputs, "read_drill", lambda *given: drill)
    monkeypatch.setattr(target, "held", held)
    monkeypatch.setattr(on_target, "plan_on", planned)
    monkeypatch.setattr(own, "preflight", lambda say: done.append("own checks"))
    monkeypatch.setattr(played, "played", lambda *given: done.append("played"))
    monkeypatch.setattr(context, "reached", lambda context="": "")
    monkeypatch.setattr(attached, "attached_ground", lambda *given: None)
    monkeypatch.setattr(ground, "target_ground", lambda *given: None)
    return done


def wishes(tmp_path: Path) -> Any:
    words: dict[str, Any] = {"turns": {}, "keep": None, "offline": False, "candidates": (), "sets": (), "env_files": ()}
    more = {"only": (), "skip": (), "baseline": False, "runs": tmp_path, "wait_s": 600.0, "yes": True}
    return SimpleNamespace(**words, **more)


SHOWN: Any = SimpleNamespace(say=lambda line: None, resting=contextlib.nullcontext)


def test_a_project_is_looked_at_when_it_is_held_for_another_run_may_have_edges_in_it(
    steps: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listed(name: str) -> tuple[Any, ...]:
        steps.append("looked")
        one = container("web", 2)
        one["Config"]["Labels"]["io.drill.run"] = "11111111"
        return (one,)

    monkeypatch.setattr(found, "listed", listed)
    with pytest.raises(CannotRun, match="run 11111111 has put edges into shop: it is under way, or has died"):
        attach.run_attached("shop", attach.Attach("shop", True), wishes(tmp_path), SHOWN, lambda done: 0)
    assert steps == ["held", "looked"]


def test_ones_own_checks_are_made_before_a_run_on_a_project(
    steps: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found, "listed", lambda name: (container("store"), container("web", 2)))
    assert attach.run_attached("shop", attach.Attach("shop", True), wishes(tmp_path), SHOWN, lambda done: 5) == 5
    assert steps == ["held", "own checks", "played"]


def test_ones_own_checks_are_made_before_a_run_on_a_target(steps: list[str], tmp_path: Path) -> None:
    assert on_target.run_on_target("shop", "staging", wishes(tmp_path), SHOWN, lambda done: 5) == 5
    assert steps == ["planned", "held", "own checks", "played"]
