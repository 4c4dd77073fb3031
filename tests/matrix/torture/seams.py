"""The seams of the harness: every call that changes something outside of its own memory, named so that two runs name it alike.

A seam is a place in a run: `before docker compose up 2` is the instant before that command is started for the second time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from urllib.parse import unquote

BEFORE, DURING, AFTER = "before", "during", "after"
"""Of a call; `during` is of a command: it runs, and nobody has heard how it ended."""
REPEATED = 3
"""What a run does all the time (renewing its lease) is a seam so often; every further time is the same."""

COMPOSE = {"up", "down", "run", "rm", "kill", "stop", "start", "restart", "create", "pause", "unpause"}
DOCKER = COMPOSE - {"up", "down"} | {"exec", "update", "cp"}
OBJECTS = {"network", "volume", "container"}
CHANGES = {"rm", "create", "connect", "disconnect", "prune"}
API = re.compile(r"/(containers|networks|volumes)/[^/]+(?:/(\w+))?$")
RUN = re.compile(r"\b[0-9a-f]{8}\b-?")


@dataclass(frozen=True)
class Seam:
    """`number` counts calls of the same name, from 1."""

    when: str
    what: str
    number: int

    def __str__(self) -> str:
        return f"{self.when} {self.what} {self.number}"

    @staticmethod
    def of(text: str) -> Seam:
        """The inverse of str. Raises ValueError for a text that is none."""
        when, _, rest = text.partition(" ")
        what, _, number = rest.rpartition(" ")
        if when not in (BEFORE, DURING, AFTER) or not what:
            raise ValueError(f"{text!r} is no seam")
        return Seam(when, what, int(number))


@dataclass
class Counted:
    """Numbers the calls as they come, from any thread, and hands each seam to `reached`."""

    reached: Callable[[Seam], None]
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, when: str, what: str) -> None:
        with self._lock:
            self._seen[when, what] += 1
            number = self._seen[when, what]
        if number <= REPEATED or not what.startswith(("renew ", "replace ")):
            self.reached(Seam(when, what, number))


def command(argv: Sequence[str]) -> str:
    """What a command changes; '' for one that only looks, or that makes an image."""
    words = [str(word) for word in argv]
    if Path(words[0]).name != "docker":
        return _program(words)
    if words[1:2] == ["compose"]:
        verb = next((word for word in words[2:] if word in COMPOSE), "")
        return f"docker compose {verb}" if verb else ""
    if words[1] in OBJECTS and words[2:3] and words[2] in CHANGES:
        return f"docker {words[1]} {words[2]}"
    if words[1] not in DOCKER:
        return ""
    named = words[words.index("--name") + 1] if "--name" in words else ""
    return " ".join(part for part in (f"docker {words[1]}", _plain(named)) if part)


def _program(words: Sequence[str]) -> str:
    """The load's process, or a command of the drill's own; '' for another."""
    if "harness.load.child" in words:
        return "load process"
    return f"command {Path(words[0]).name}" if Path(words[0]).name in ("touch", "rm", "sh") else ""


def request(method: str, url: str) -> str:
    """What a request to Docker's socket changes; '' for one that only looks."""
    found = API.search(url.split("?", maxsplit=1)[0])
    if method == "GET" or found is None or found[2] in ("wait", "attach", "resize", "archive"):
        return ""
    return f"docker api {found[2] or method.lower()} {found[1].rstrip('s')}"


def toxiproxy(method: str, url: str) -> str:
    """What a request to Toxiproxy changes; '' for one that only looks."""
    return "" if method == "GET" else f"toxiproxy {method} {_plain(unquote(url)) or 'proxies'}"


def replaced(path: Path) -> str:
    """A file that is put in the place of another; '' for what Python compiles by itself."""
    return "" if path.suffix == ".pyc" else f"replace {path.name}"


def _plain(text: str) -> str:
    """Without what differs from run to run (ids), and without what a file's name cannot hold."""
    text = RUN.sub("", text.removeprefix("drill-").removeprefix("/proxies"))
    return re.sub(r"[^A-Za-z0-9.]+", "-", re.sub(r"-[0-9a-f]{6}$", "", text)).strip("-")
