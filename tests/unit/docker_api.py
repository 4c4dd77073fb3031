"""A Docker for helpers that talk to its socket: a real HTTP server on a unix socket, with containers, networks and volumes by label."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

RUN = "0a0b0c0d"
Labels = dict[str, str]


def _name(service: str, run: str, number: int) -> str:
    return f"{run}-{service}" + (f"-{number}" if number > 1 else "")


@dataclass
class FakeDocker:
    """
    things    by kind ('containers', 'networks', 'volumes') and id: labels and, of containers, their state
    asked     every change, 'METHOD path', in order
    refuses   paths (patterns) that are answered with 500
    executes  what a helper that is run in a container does: its exit code
    """

    things: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {"containers": {}, "networks": {}, "volumes": {}}
    )
    asked: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    executes: Callable[[list[str]], int] = lambda words: 0
    executed: list[list[str]] = field(default_factory=list)
    away: bool = False

    def container(self, service: str, state: str = "running", run: str = RUN, number: int = 1) -> None:
        labels = {"io.drill.run": run, "com.docker.compose.service": service}
        self.things["containers"][_name(service, run, number)] = {"labels": labels, "state": state, "started": 0}

    def thing(self, kind: str, name: str, run: str = RUN) -> None:
        self.things[kind][name] = {"labels": {"io.drill.run": run}}

    def state(self, service: str, run: str = RUN, number: int = 1) -> str:
        return str(self.things["containers"][_name(service, run, number)]["state"])

    @property
    def names(self) -> set[str]:
        return {name for kind in self.things.values() for name in kind}

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        url = urlsplit(target)
        path = unquote(url.path)
        if method != "GET":
            self.asked.append(f"{method} {path}")
        if any(re.search(pattern, path) for pattern in self.refuses):
            return 500, {"message": "it is refused"}
        kind, _, rest = path.strip("/").partition("/")
        if kind == "exec":
            return self._exec(rest)
        if method == "GET" and (not rest or rest == "json"):
            labels = json.loads(parse_qs(url.query)["filters"][0])["label"]
            return 200, self._listed(kind, [label.partition("=")[::2] for label in labels])
        name, _, verb = rest.partition("/")
        if name not in self.things[kind]:
            return 404, {"message": f"no such {kind}"}
        return self._one(method, kind, name, verb, body)

    def _listed(self, kind: str, labels: list[tuple[str, str]]) -> Any:
        found = [
            {
                "Id": name,
                "Name": name,
                "Names": [f"/{name}"],
                "Labels": one["labels"],
                "State": one.get("state"),
                "ImageID": "i",
            }
            for name, one in self.things[kind].items()
            if all(one["labels"].get(label) == value for label, value in labels)
        ]
        return {"Volumes": found} if kind == "volumes" else found

    def _one(self, method: str, kind: str, name: str, verb: str, body: Any) -> tuple[int, Any]:
        one = self.things[kind][name]
        if method == "DELETE":
            del self.things[kind][name]
            return 204, {}
        if method == "GET":
            state = one.get("state")
            told = {"Status": state, "Paused": state == "paused", "StartedAt": str(one.get("started", ""))}
            return 200, {"Id": name, "State": told, "Containers": {}}
        if verb == "exec":
            self.executed.append(body["Cmd"])
            return 201, {"Id": f"{len(self.executed) - 1}"}
        if verb in ("start", "unpause"):
            one["started"] += verb == "start"
            one["state"] = "running"
        return 204, {}

    def _exec(self, rest: str) -> tuple[int, Any]:
        number, _, verb = rest.partition("/")
        code = self.executes(self.executed[int(number)]) if verb == "json" else 0
        return 200, {"ExitCode": code} if verb == "json" else "what it printed"


@contextlib.contextmanager
def served(docker: FakeDocker, place: Path) -> Iterator[str]:
    """The path of its socket, for as long as it is served."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            if docker.away:
                self.close_connection = True
                return
            status, said = docker.answer(self.command, self.path, body)
            text = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(0 if status == 204 else len(text)))
            self.end_headers()
            if status != 204:
                self.wfile.write(text)

        do_GET = do_POST = do_DELETE = handle_any

        def address_string(self) -> str:
            return "socket"

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    path = str(place / "docker.sock")
    with Server(path, Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield path
        server.shutdown()
