"""`drill init` waits for a container that runs but still installs itself: until somebody listens where the project publishes."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, cast

import pytest

from harness.errors import CannotRun
from harness.init import survey
from harness.stack.observed import Monitoring
from harness.stack.project import Project
from harness.stack.ready import State
from harness.stack.stack import Stack
from harness.world.docker_cli import Answer

PROJECT = Project(
    "p",
    (),
    Path("/nowhere"),
    {"services": {"web": {"ports": [{"target": 80}, {"target": 443}]}, "api": {"expose": ["8080"]}, "db": {}}},
)


class Addresses:
    """Only what is asked of a stack here: where a 'service:port' is reached, and how its containers are."""

    folder = Path("/nowhere")

    def __init__(self, *states: State, **places: tuple[str, int]) -> None:
        self.places, self._states = places, states

    def states(self) -> tuple[State, ...]:
        return self._states

    def address(self, target: str) -> tuple[str, int]:
        return self.places[target.replace(":", "_")]


def test_only_what_the_project_publishes_is_waited_for() -> None:
    candidates = ("web:80", "api:8080", "web:443", "db:5432", "web:80")
    assert survey._published(PROJECT, candidates) == ("web:80", "web:443")


def test_it_waits_until_each_is_listened_on_and_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as early, socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        stack = cast("Stack", Addresses(web_80=early.getsockname(), web_443=late.getsockname()))
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            if len(slept) == 3:
                late.listen()

        monkeypatch.setattr(survey.time, "sleep", sleep)
        assert survey._wait_listening(stack, ("web:80", "web:443"), float("inf"), said.append) == ()
        assert len(slept) == 3
        assert said == ["waiting until somebody listens on web:443"]


def test_it_goes_on_without_what_nobody_listens_on_in_time() -> None:
    with socket.socket() as never:
        never.bind(("127.0.0.1", 0))
        stack = cast("Stack", Addresses(web_443=never.getsockname()))
        assert survey._wait_listening(stack, ("web:443",), 0.0, lambda line: None) == ("web:443",)


def test_a_container_that_does_not_stay_up_ends_the_waiting_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "harness.stack.blame.docker", lambda *words: Answer(0, "2026-11-30T09:00:00.1Z no module named office", "")
    )
    looping, gone = State("web", "1", "running", restarts=3), State("job", "2", "exited", exit_code=1)
    with socket.socket() as never:
        never.bind(("127.0.0.1", 0))
        stack = cast("Stack", Addresses(looping, gone, web_80=never.getsockname()))
        with pytest.raises(CannotRun) as told:
            survey._wait_listening(stack, ("web:80",), float("inf"), lambda line: None)
    assert "web was restarted 3 times; its last lines:\n    no module named office" in str(told.value)
    assert "job" not in str(told.value), "who is not waited for may have ended"
    with pytest.raises(CannotRun, match="job is exited, exit code 1"):
        survey._none_fallen(stack)
    survey._none_fallen(cast("Stack", Addresses(State("web", "1", "running", restarts=1))))


class Closing:
    """A stack, a lookout or a reading that does nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *given, **named: ()

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...


def test_who_pages_is_left_out_and_so_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    published = {"image": "prom/alertmanager", "ports": [{"target": 9093}]}
    project = Project("p", (), Path("/nowhere"), {"services": {**PROJECT.services, "alertmanager": published}})
    waited: list[object] = []

    def wait(stack: Stack, places: object, *rest: object) -> tuple[str, ...]:
        waited.append(places)
        raise CannotRun("seen enough")

    for name in ("harness.init.survey.Stack", "harness.world.lookout.Lookout", "harness.init.survey.reading"):
        monkeypatch.setattr(name, lambda *given, **named: Closing())
    monkeypatch.setattr(survey, "_wait_listening", wait)
    with pytest.raises(CannotRun, match="seen enough"):
        survey.survey(
            project,
            "1",
            Path("/nowhere"),
            Monitoring(alertmanagers={"alertmanager:9093": ""}),
            ("web:80", "alertmanager:9093"),
            lambda http, edges: None,
        )
    assert waited == [("web:80",)]
