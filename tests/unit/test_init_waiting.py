"""`drill init` waits for a container that runs but still installs itself: until somebody listens where the project publishes."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import cast

import pytest

from harness.init import survey
from harness.stack.project import Project
from harness.stack.stack import Stack

PROJECT = Project(
    "p",
    (),
    Path("/nowhere"),
    {"services": {"web": {"ports": [{"target": 80}, {"target": 443}]}, "api": {"expose": ["8080"]}, "db": {}}},
)


class Addresses:
    """Only what is asked of a stack here: where a 'service:port' is reached."""

    def __init__(self, **places: tuple[str, int]) -> None:
        self.places = places

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
