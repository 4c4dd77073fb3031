"""What a run leaves in its folder about the project that it is played on, before it changes anything there: enough to put it back."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from harness.attach import RECORD
from harness.attach.addresses import HERE
from harness.attach.context import REACHED_BY
from harness.attach.snapshot import Snapshot
from harness.stack.project import write_private

WAITS = "-waits-for-drill-"
"""In the name of a container in whose place another runs; the run's id follows."""


@dataclass(frozen=True)
class Parked:
    """A container in whose place another one runs: by its id, under which name it stands, and under which it waits."""

    id: str
    name: str
    waits_as: str


@dataclass(frozen=True)
class Recorded:
    """
    project    its name
    found      what it was found to be
    parked     containers in whose place others run, or are about to
    deployed   services that the drill's own commands deploy
    docker     the variables by which the Docker is reached that it runs on
    places     'service:port' of what else is read again at the end, as `attach.look` has them
    key        by which what was found is hashed
    machine    where that Docker is, as its published ports are reached
    """

    project: str
    found: Snapshot = field(default_factory=dict)
    parked: tuple[Parked, ...] = ()
    deployed: tuple[str, ...] = ()
    docker: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    machine: str = HERE

    def keep(self, folder: Path) -> Recorded:
        """On the disk when this returns, whole or not at all. Raises OSError."""
        fresh = folder / f".{RECORD}.new"
        write_private(fresh, json.dumps(asdict(self), indent=2) + "\n")
        fresh.replace(folder / RECORD)
        return self

    def parking(self, more: tuple[Parked, ...]) -> Recorded:
        """The same, with these about to be parked."""
        return replace(self, parked=(*self.parked, *more))

    @contextlib.contextmanager
    def reached(self) -> Iterator[None]:
        """Speak to the Docker that the project runs on, in this process and in all that it starts meanwhile."""
        names = dict.fromkeys((*REACHED_BY, *self.docker)) if self.docker else ()
        before = {name: os.environ.pop(name, None) for name in names}
        os.environ.update(self.docker)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def attached(folder: Path) -> bool:
    """Whether the run of this folder was played on a Compose project that ran already."""
    return (folder / RECORD).exists()


def recorded(folder: Path) -> Recorded | None:
    """That of a run's folder; None for one on a stack of its own, or one that never came so far."""
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return Recorded(
            str(told["project"]),
            dict(told["found"]),
            tuple(Parked(**one) for one in told["parked"]),
            tuple(told["deployed"]),
            dict(told["docker"]),
            dict(told["places"]),
            str(told["key"]),
            str(told["machine"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return None


def waits(name: str) -> bool:
    """Whether a container of this name is one in whose place another runs."""
    return WAITS in name
