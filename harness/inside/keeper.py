"""The keeper: tells, within a few looks, on which TCP ports each dependency listens, so that its edges can open and
close with it.

Runs in the harness image with `pid: host`, no capabilities and no network. First line on stdin:
{"project": "drill-1a2b3c4d", "services": ["db", "cache"], "every_ms": 20}. Then one JSON line on stdout per change,
{"service", "ports", "at_ns"} (CLOCK_MONOTONIC, and every service once at the beginning), and {"beat", "at_ns"} each
second.
It ends when its stdin does.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from urllib.parse import quote

from harness.inside.daemon import SOCKET, Container, running
from harness.inside.listeners import Namespace

BEAT_S = 1.0
AGAIN_S = 0.1
"""While a service has no container, Docker is asked so often for it, beside its events: a few milliseconds each."""
FRESH_S = 5.0
"""Events can be lost; all containers are asked for at least this often."""

Ask = Callable[[str], Sequence[Container]]


class Keeper:
    """What each service listens on, as last seen. `news` does one look and returns what changed."""

    def __init__(self, project: str, services: Sequence[str], ask: Ask = running) -> None:
        self._project = project
        self._ask = ask
        self._said: dict[str, frozenset[int] | None] = dict.fromkeys(services)
        self._containers: dict[str, tuple[Container, ...]] = {}
        self._spaces: dict[Container, Namespace] = {}
        self._asked_s = float("-inf")
        self.stir = threading.Event()
        self.stir.set()

    def news(self) -> list[tuple[str, tuple[int, ...]]]:
        """One look at every service: those whose ports differ from what was said last."""
        self._renew()
        changed = []
        for service, said in self._said.items():
            seen = self._seen(service)
            if seen != said:
                self._said[service] = seen
                changed.append((service, tuple(sorted(seen))))
        return changed

    def _seen(self, service: str) -> frozenset[int]:
        """The union over replicas; a container that is gone listens on nothing, and Docker is asked where it is now."""
        found: frozenset[int] = frozenset()
        for container in self._containers.get(service, ()):
            try:
                space = self._spaces.get(container) or self._spaces.setdefault(container, Namespace(container.pid))
                found |= space.listening()
            except OSError:
                self.stir.set()
        return found

    def _renew(self) -> None:
        now = time.monotonic()
        empty = any(not self._containers.get(service) for service in self._said)
        if not self.stir.is_set() and now - self._asked_s < (AGAIN_S if empty else FRESH_S):
            return
        if self.stir.is_set() and now - self._asked_s < 0.01:
            return  # a burst of events needs one answer
        self.stir.clear()
        self._asked_s = now
        try:
            seen = self._ask(self._project)
        except OSError:
            return  # Docker does not answer: those we know are still read, and the next look asks again
        self._containers = {s: tuple(c for c in seen if c.service == s and not c.shares) for s in self._said}
        every = [container for containers in self._containers.values() for container in containers]
        for container in [one for one in self._spaces if one not in every]:
            self._spaces.pop(container).close()


def follow_events(project: str, stir: threading.Event) -> None:
    """Set `stir` upon each event of the project's containers, for ever; a lost stream is opened again."""
    label = f"com.docker.compose.project={project}"
    filters = quote(json.dumps({"type": ["container"], "event": ["start", "die", "destroy"], "label": [label]}))
    while True:
        try:
            connection = http.client.HTTPConnection("docker")
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(os.environ.get("DRILL_DOCKER_SOCKET", SOCKET))
            connection.request("GET", f"/events?filters={filters}")
            answer = connection.getresponse()
            while answer.readline():
                stir.set()
        except (OSError, http.client.HTTPException):
            pass
        stir.set()
        time.sleep(0.5)


def _until_stdin_ends() -> None:
    while sys.stdin.readline():
        pass
    os._exit(0)


def main(argv: list[str]) -> int:
    """Look and tell until stdin ends. Returns 2 when the first line is none."""
    try:
        given = json.loads(sys.stdin.readline())
        keeper, every_s = Keeper(given["project"], given["services"]), given.get("every_ms", 20) / 1000
    except (ValueError, KeyError, TypeError) as error:
        print(f"keeper: the first line on stdin must say project and services: {error!r}", file=sys.stderr)
        return 2
    threading.Thread(target=_until_stdin_ends, daemon=True).start()
    threading.Thread(target=follow_events, args=(given["project"], keeper.stir), daemon=True).start()
    beat_s = float("-inf")
    while True:
        for service, ports in keeper.news():
            _tell({"service": service, "ports": ports})
        if time.monotonic() - beat_s >= BEAT_S:
            beat_s = time.monotonic()
            _tell({"beat": True})
        time.sleep(every_s)


def _tell(line: dict[str, object]) -> None:
    print(json.dumps({**line, "at_ns": time.monotonic_ns()}), flush=True)
