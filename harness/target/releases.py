"""Releases on a target: commands put them out and back, and only their answers, or what they declare, tell which one serves."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.errors import NotApplied, NotMended
from harness.facts import Deployed, ReleaseSeen
from harness.stack.release_commands import Commanded, another, uncut
from harness.target.model import Target
from harness.world.handles import Release


@dataclass
class TargetReleases:
    """Implements handles.Releases.

    own      runs the commands that a drill states; `targets` those of the target, in its project's folder
    """

    target: Target
    run: str
    now_s: Callable[[], float]
    own: Commanded
    targets: Commanded
    _out: dict[str, Release] = field(default_factory=dict)
    _news: list[Deployed] = field(default_factory=list)
    _busy: bool = False
    _hurry: threading.Event = field(default_factory=threading.Event)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def deploy(self, holder: str, release: Release) -> Mapping[str, Any]:
        """See handles.Releases. How it is undone is on disk before."""
        with self._lock:
            if self._out:
                raise NotApplied(f"{next(iter(self._out))} is deployed already: one release at a time")
            made = self._made(release)
            self._out[holder] = made
            commanded = self._by(release)
            begun_s, self._busy = self.now_s(), True
            try:
                commanded.promise(holder, made, self.told())
                commanded.carry_out(f"{holder}-deploy", made.deploying, self.told(), made.within_s, self._hurry.is_set)
                self._tell("harness", begun_s, made)
            finally:
                self._busy = False
            return {}

    def hasten(self) -> None:
        """See handles.Releases. Without the lock, which the deployment holds."""
        self._hurry.set()

    def leave_off(self, holder: str) -> str:
        """See handles.Releases."""
        if not self._busy:
            return ""
        made = self._out.get(holder)
        return uncut(made) if made is not None else another(next(iter(self._out)))

    def restore(self, holder: str) -> str:
        """See handles.Releases. Nothing tells whether another hand put it back, so the command is run in any case."""
        with self._lock:
            made = self._out.get(holder)
            if made is None:
                return ""
            commanded = self.targets if made.deploying == self.target.deploy else self.own
            begun_s, self._busy = self.now_s(), True
            try:
                commanded.carry_out(f"{holder}-restore", made.restoring, self.told(), made.within_s)
            except (NotApplied, OSError) as error:
                said = f"what {shlex.join(made.deploying)} did could not be put back: {error}. By hand:"
                raise NotMended(said, (commanded.by_hand(made, self.told()),)) from error
            finally:
                self._busy = False
            self._tell("mend", begun_s, made)
            commanded.forget()
            del self._out[holder]
            return ""

    def current(self) -> Sequence[ReleaseSeen]:
        """No container is seen."""
        return ()

    def busy(self) -> bool:
        return self._busy

    def news(self) -> Sequence[Deployed]:
        news, self._news = self._news, []
        return tuple(news)

    def told(self) -> Mapping[str, str]:
        """See handles.Releases: the target's name in place of a Compose project's."""
        told = {"DRILL_TARGET": self.target.name, "DRILL_RUN": self.run}
        for release in self._out.values():
            told |= {"DRILL_SERVICE": " ".join(release.services), "DRILL_BAD_IMAGE": release.image}
        return told

    def _made(self, release: Release) -> Release:
        """With the target's commands, where the drill states an image alone."""
        if release.deploying:
            return release
        target = self.target
        return replace(release, deploying=target.deploy, restoring=target.rollback, within_s=target.deploy_timeout_s)

    def _by(self, release: Release) -> Commanded:
        return self.own if release.deploying else self.targets

    def _tell(self, by: str, begun_s: float, release: Release) -> None:
        at_s = self.now_s()
        self._news += [
            Deployed(service=name, image=release.image, by=by, begun_s=begun_s, happened_s=at_s)
            for name in release.services
        ]
