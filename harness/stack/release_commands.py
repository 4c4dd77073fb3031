"""Releases that commands of the user's put out and back, and which containers they changed."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import NotApplied
from harness.stack.project import write_private
from harness.world.handles import Commands, Release

NOTE = "release.restore.json"
"""In the run's folder while such a release may be out: how another process puts it back (`drill halt`, `drill mend`)."""
CUT = "the run was ended while its release went out"
TICK_S = 0.05
TAIL = 300  # characters of what a command printed that are told

Described = Mapping[str, Any]
Identity = tuple[str, ...]


def identity(container: Described) -> Identity:
    """What makes a container of one release unlike one of another: image, environment, command, and what is mounted."""
    config = container["Config"]
    mounts = sorted(
        f"{m.get('Source')}:{m.get('Destination')}"
        for m in container.get("Mounts") or ()
        if m.get("Source") and not _anonymous(m)
    )
    words = (config.get("Entrypoint") or (), config.get("Cmd") or (), sorted(config.get("Env") or ()), mounts)
    return (str(container["Image"]), *(json.dumps(list(one)) for one in words))


def _anonymous(mount: Mapping[str, Any]) -> bool:
    """Whether Docker named this volume: each container that is made anew gets another, whatever its release."""
    return mount.get("Type") == "volume" and bool(re.fullmatch(r"[0-9a-f]{64}", str(mount.get("Name") or "")))


@dataclass
class Looks:
    """Good from bad, by service: good are the containers as before the deployment, bad what it made. `bad` is None until it is over:
    what is new then is its doing.

    changed   services of which a container was seen to differ
    """

    before: Mapping[str, frozenset[Identity]]
    bad: Mapping[str, frozenset[Identity]] | None = None
    changed: set[str] = field(default_factory=set)

    @staticmethod
    def of(described: Mapping[str, Iterable[Described]]) -> Looks:
        return Looks({service: frozenset(map(identity, found)) for service, found in described.items()})

    def deployed(self, described: Mapping[str, Iterable[Described]]) -> None:
        """The deployment is over: what there is now, and was not before, is the bad release."""
        self.bad = {s: frozenset(map(identity, found)) - self.before[s] for s, found in described.items()}
        self.changed |= {service for service, found in self.bad.items() if found}

    def release(self, service: str, container: Described) -> str:
        mine = identity(container)
        if mine in self.before[service]:
            return "good"
        self.changed.add(service)
        return "bad" if self.bad is None or mine in self.bad[service] else "other"


def uncut(release: Release) -> str:
    """Why a deployment by such a command cannot leave off between two steps."""
    return f"{shlex.join(release.deploying)} is under way, and drill does not know its steps"


def another(holder: str) -> str:
    """Why a release cannot leave off whose turn has not come."""
    return f"the release of {holder} is under way, and one is changed at a time"


@dataclass(frozen=True)
class Commanded:
    """Runs such a release's commands, and leaves a note of how it is put back.

    folder   the drill file's, in which they run; `run` is the run's, where the note stands
    """

    commands: Commands
    folder: Path
    run: Path

    def promise(self, holder: str, release: Release, told: Mapping[str, str]) -> None:
        """Before anything is changed: how it is undone."""
        note = {
            "fault": holder,
            "command": list(release.restoring),
            "folder": str(self.folder),
            "environment": dict(told),
            "within_s": release.within_s,
        }
        write_private(self.run / NOTE, json.dumps(note))

    def forget(self) -> None:
        """It is back."""
        (self.run / NOTE).unlink(missing_ok=True)

    def carry_out(
        self,
        name: str,
        command: Sequence[str],
        told: Mapping[str, str],
        within_s: float,
        cut: Callable[[], bool] = lambda: False,
    ) -> None:
        """Run it to its end. Raises NotApplied when it cannot be started, does not end with 0, or is killed: at its time-out, or
        as soon as it is to be `cut`."""
        running = self.commands.start(name, command, told)
        ends_s, text = time.monotonic() + within_s, shlex.join(command)
        try:
            while (code := running.ended()) is None:
                if cut():
                    raise NotApplied(f"{text} was killed: {CUT}{_tail(running.output())}")
                if time.monotonic() >= ends_s:
                    raise NotApplied(f"{text} was killed: not ended after {within_s:g} s{_tail(running.output())}")
                time.sleep(TICK_S)
        finally:
            running.kill()
        if code != 0:
            raise NotApplied(f"{text} ended with {code}{_tail(running.output())}")

    def by_hand(self, release: Release, told: Mapping[str, str]) -> str:
        """The command that a person types to put it back."""
        variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in told.items() if value)
        return f"cd {shlex.quote(str(self.folder))} && {variables} {shlex.join(release.restoring)}"


def _tail(output: str) -> str:
    text = output.strip()[-TAIL:]
    return f": {text}" if text else ""
