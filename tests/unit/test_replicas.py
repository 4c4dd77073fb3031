"""What is done to all containers of a service is read back, and what could not be done names who stands in the way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import NotFound

from harness.errors import NotApplied
from harness.world.containers import Containers
from harness.world.replicas import READBACK_S

SHAPES = {"running": (True, False), "paused": (True, True), "exited": (False, False)}


class Engine:
    """Docker's API over containers of `web`, each as the test says that it is; `deaf` ones do not change."""

    def __init__(self, *statuses: str, deaf: str = "") -> None:
        self.deaf, self.done = deaf, list[tuple[str, ...]]()
        self.there = {f"web-{number}": [status, 0] for number, status in enumerate(statuses, 1)}

    def containers(self, **_: Any) -> list[dict[str, Any]]:
        labels = {"com.docker.compose.service": "web"}
        return [
            {"Id": name, "Names": [f"/{name}"], "Labels": labels, "State": one[0]} for name, one in self.there.items()
        ]

    def inspect_container(self, name: str) -> dict[str, Any]:
        if name not in self.there:
            raise NotFound("gone")
        status, starts = self.there[name]
        running, paused = SHAPES[str(status)]
        state = {"Status": status, "Running": running, "Paused": paused, "StartedAt": str(starts)}
        return {"Id": name, "Name": f"/{name}", "State": state, "Config": {}}

    def stop(self, name: str, timeout: int) -> None:
        self._becomes(name, "exited", "stop", str(timeout))

    def kill(self, name: str, signal: str) -> None:
        self._becomes(name, "exited" if signal == "SIGKILL" else "running", "kill", signal)

    def pause(self, name: str) -> None:
        self._becomes(name, "paused", "pause")

    def unpause(self, name: str) -> None:
        self._becomes(name, "running", "unpause")

    def start(self, name: str) -> None:
        self._becomes(name, "running", "start", begun=1)

    def restart(self, name: str, timeout: int) -> None:
        self._becomes(name, "running", "restart", str(timeout), begun=1)

    def statuses(self) -> list[str]:
        return [str(status) for status, _ in self.there.values()]

    def _becomes(self, name: str, status: str, *done: str, begun: int = 0) -> None:
        self.done.append((name, *done))
        if name != self.deaf:
            self.there[name] = [status, int(self.there[name][1]) + begun]


def containers(engine: Engine) -> Containers:
    made = Containers.__new__(Containers)
    made.project, made.client = "shop", SimpleNamespace(api=engine)  # type: ignore[assignment]
    return made


def test_what_is_done_to_a_service_is_done_to_each_that_it_can_be_done_to() -> None:
    engine = Engine("running", "paused", "exited")
    web = containers(engine)
    web.kill("web", "term")
    web.pause("web")
    assert engine.statuses() == ["paused", "paused", "exited"]
    web.unpause("web")
    web.start("web")
    assert engine.statuses() == ["running"] * 3
    web.restart("web")
    web.stop("web", 2.0)
    assert engine.statuses() == ["exited"] * 3
    each = [f"web-{number}" for number in (1, 2, 3)]
    assert engine.done[:4] == [("web-1", "kill", "SIGTERM"), ("web-1", "pause"), *engine.done[2:4]]
    assert sorted(engine.done[2:4]) == [("web-1", "unpause"), ("web-2", "unpause")]
    assert engine.done[4] == ("web-3", "start")
    assert sorted(engine.done[5:8]) == [(name, "restart", "10") for name in each]
    assert sorted(engine.done[8:]) == [(name, "stop", "2") for name in each]


def test_only_those_that_are_named_are_touched() -> None:
    engine = Engine("running", "running")
    containers(engine).kill("web", "SIGKILL", ["web-2"])
    assert engine.done == [("web-2", "kill", "SIGKILL")]


def test_where_nothing_is_paused_or_down_there_is_nothing_to_undo() -> None:
    engine = Engine("running")
    containers(engine).unpause("web")
    containers(engine).start("web")
    assert engine.done == []


def test_what_can_be_done_to_none_says_how_each_is() -> None:
    with pytest.raises(NotApplied, match=r"^cannot pause web: web-1 is exited, web-2 is paused$"):
        containers(Engine("exited", "paused")).pause("web")
    with pytest.raises(NotApplied, match=r"^cannot stop web: the stack has no container of 'web'$"):
        containers(Engine()).stop("web", 1.0)


def test_what_docker_says_is_done_is_believed_only_once_it_is_read_back() -> None:
    engine = Engine("running", "running", deaf="web-2")
    with pytest.raises(NotApplied, match=r"^stop web: web-2 is still running after 0 s$"):
        containers(engine).stop("web", -READBACK_S)  # which leaves it no time
    assert engine.statuses() == ["exited", "running"]
