"""Docker's API over the mounted socket, as far as helpers in the stack need it: one request, its status and its answer."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

SOCKET = "/var/run/docker.sock"
ANSWER_S = 5.0
"""An inspect takes 2 ms; a daemon that needs seconds is as good as gone, and whoever asks says so."""
CHANGE_S = 60.0
"""Containers are removed by the dozen, and a started one waits for its network."""


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.environ.get("DRILL_DOCKER_SOCKET", SOCKET))


def request(method: str, path: str, body: Any = None, *, within_s: float = ANSWER_S) -> tuple[int, Any]:
    """The status and what was answered: data, or text where it is none. Raises OSError when Docker does not answer."""
    connection = _Connection("docker", timeout=within_s)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
        answer = connection.getresponse()
        said = answer.read()
    except http.client.HTTPException as error:
        raise OSError(f"Docker's answer cannot be read: {error or type(error).__name__}") from error
    finally:
        connection.close()
    try:
        return answer.status, json.loads(said) if said else {}
    except ValueError:
        return answer.status, said.decode("utf-8", "replace")


def get(path: str) -> Any:
    """What is there; {} for what is gone. Raises OSError for every other answer."""
    status, data = request("GET", path)
    if status == 404:  # gone between the list and the question
        return {}
    if status != 200 or isinstance(data, str):
        raise OSError(f"Docker answered {status}: {data}")
    return data


def change(method: str, path: str, body: Any = None, *, fine: tuple[int, ...] = ()) -> Any:
    """Ask for a change; returns what was answered. Raises OSError with Docker's own words for a refusal.

    fine   statuses that mean that it is so already
    """
    status, data = request(method, path, body, within_s=CHANGE_S)
    if status // 100 != 2 and status not in fine:
        words = data.get("message") if isinstance(data, dict) else data
        raise OSError(f"Docker answered {status}: {str(words).strip()}")
    return data


def labelled(kind: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """All containers (running or not), networks or volumes with these labels. Raises OSError."""
    filters = quote(json.dumps({"label": [f"{name}={value}" for name, value in labels.items()]}))
    if kind == "containers":
        return list(get(f"/containers/json?all=1&filters={filters}") or [])
    found = get(f"/{kind}?filters={filters}")
    return list((found.get("Volumes") if kind == "volumes" else found) or [])
