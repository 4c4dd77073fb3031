"""Protected targets: what is touched under which name, and that nothing starts without a confirmation."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.confirm import confirm, machines, protected_by
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.drill.project import find_project
from harness.drill.protected import Protected
from harness.errors import CannotRun
from harness.plan import make_plan
from harness.report.live import LiveDisplay
from harness.run.prepare import narrowed

DRILL = """
drill: night
stack: {compose: [compose.yaml]}
load: {locustfile: users.py, against: "api:80", arrivals: [{for: 1m, rate: 20/s}]}
steady: {for: 5s, within: 20s, all: [errors < 1%]}
phases:
  - name: slow
    for: 20s
    faults: [{latency: {edge: api->payments, delay: 200ms}}, {stop: {service: worker, after: 2s}}]
"""


@pytest.fixture
def protects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The names found protected, with this in the pyproject.toml of the drill's project."""
    for name in ("DOCKER_CONTEXT", "DOCKER_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    def found(*names: str, only: tuple[str, ...] = ()) -> list[str]:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        (home / "pyproject.toml").write_text(f"[tool.drill]\nprotected = {list(names)}\n")
        (home / "compose.yaml").write_text("services: {}\n")
        (home / "users.py").write_text("from locust import HttpUser\n")
        (home / "night.yaml").write_text(DRILL)
        plan = narrowed(make_plan(parse(home / "night.yaml")), only, (), False)
        return [one.name for one in protected_by(plan, "shop-staging")]

    return found


def test_a_target_is_protected_under_every_name_that_it_has(
    protects: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert protects("production") == []
    assert protects("shop-staging") == protects("*-staging") == ["shop-staging"]
    assert protects("night") == ["night"]
    assert protects("worker", "api->payments") == ["api->payments", "worker"]
    assert protects("payments") == ["payments"], "an end of a hurt edge"
    assert protects("compose.yaml") == ["compose.yaml"]
    assert protects("worker", only=("slow/latency-api->payments",)) == []
    monkeypatch.setenv("DOCKER_HOST", "ssh://ops@prod.example:22")
    assert protects("prod.example") == ["prod.example"]
    monkeypatch.setenv("DOCKER_CONTEXT", "prod")
    assert protects("prod") == ["prod"]


def test_docker_is_known_by_the_context_that_its_own_configuration_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DOCKER_CONTEXT", "DOCKER_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert machines() == []
    (tmp_path / "config.json").write_text('{"currentContext": "blue"}')
    assert machines() == ["blue"]
    for odd in ("[]", "{", '{"currentContext": null}'):
        (tmp_path / "config.json").write_text(odd)
        assert machines() == []


SHOP = (Protected("shop", "the Compose project"), Protected("prod", "the Docker that it runs on"))


def test_without_a_terminal_and_without_yes_it_is_refused_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("shop\nprod\n"))
    with pytest.raises(CannotRun) as caught:
        confirm(SHOP, "night", yes=False)
    assert caught.value.exit_code == 4
    assert [one.cure for one in caught.value.missing] == ["drill run night --yes"] * 2
    assert "shop is protected (the Compose project); it needs a confirmation" in str(caught.value)
    confirm(SHOP, "night", yes=True)
    confirm((), "night", yes=False)


@pytest.mark.parametrize(
    ("typed", "says"),
    [("shop\nprod\n", ""), ("shop\nyes\n", "'yes' was typed"), ("\n", "nothing was typed"), ("", "nothing was typed")],
)
def test_on_a_terminal_each_name_is_typed(typed: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    leader, follower = os.openpty()
    os.write(leader, typed.encode() or b"\x04")
    with os.fdopen(follower, closefd=False) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        try:
            if not says:
                confirm(SHOP, "night", yes=False)
                return
            with pytest.raises(CannotRun, match=says):
                confirm(SHOP, "night", yes=False)
        finally:
            monkeypatch.undo()
            os.close(leader)
            os.close(follower)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('protected = "staging"\n', "pyproject.toml:2:1: [tool.drill] protected must be a list of names"),
        ("protected = [1]\n", "protected must be a list of names"),
        ("blast_radius = 3\n", "blast_radius must be a table"),
        ('blast_radius = {service = ["a"]}\n', "blast_radius: unknown word 'service' (did you mean 'services'?)"),
        (
            '[tool.drill.blast_radius]\nedges = ["api"]\n',
            "pyproject.toml:2:1: [tool.drill] blast_radius.edges.0: 'api' is not",
        ),
    ],
)
def test_wrong_settings_are_refused_at_their_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.drill]\n{text}")
    with pytest.raises(Invalid) as caught:
        find_project(tmp_path, env={})
    assert says in str(caught.value)


def test_a_projects_radius_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.drill]\nblast_radius = {services = ["w"], edges = ["api -> *"]}\n')
    (limit,) = find_project(tmp_path, env={}).limits
    assert limit.refuses("api->db") == limit.refuses("w") == ""
    assert "a drill of this project may not ([tool.drill.blast_radius] of" in limit.refuses("db")


def test_nothing_is_drawn_over_the_question(capsys: pytest.CaptureFixture[str]) -> None:
    shown = LiveDisplay(sys.stderr)
    try:
        with shown.resting():
            assert not shown._live.is_started
        assert shown._live.is_started
        with pytest.raises(CannotRun), shown.resting():
            raise CannotRun("refused")
        assert not shown._live.is_started, "the command ends, and closes it again"
    finally:
        shown.close()
