"""What each replica of each fake service runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import NotApplied
from harness.facts import (
    Deployed,
    ReleaseSeen,
)
from harness.fakeworld.clock import Failures, FakeClock
from harness.world.handles import Release


class FakeReleases:
    """What each replica of each service runs: 'good' or 'bad'. `rolled_back` is for whoever plays system or runbook."""

    def __init__(self, services: Sequence[str], replicas: int, clock: FakeClock, failures: Failures) -> None:
        self._clock = clock
        self._failures = failures
        self._news: list[Deployed] = []
        self._holders: dict[str, Release] = {}
        self._touched: dict[str, None] = {}
        self.running = {name: ["good"] * replicas for name in services}

    def deploy(self, holder: str, release: Release) -> Mapping[str, Any]:
        unknown = [name for name in release.services if name not in self.running]
        if unknown:
            raise NotApplied(f"no service {', '.join(unknown)}")
        self._holders[holder] = release
        for name in release.services:
            self._touched[name] = None
            self._become(name, "bad", "harness", release.most)
        self._failures.pass_by()
        return {f"{seen.container}": seen.image for seen in self.current()}

    def hasten(self) -> None:
        """A deployment takes no time here."""

    def restore(self, holder: str) -> str:
        self._failures.pass_by()
        release = self._holders.pop(holder, None)
        if release is None:
            return ""
        ill = [name for name in release.services if "bad" in self.running[name]]
        for name in ill:
            self._become(name, "good", "mend")
        return "" if ill else "rollback"

    def rolled_back(self, service: str, replicas: int | None = None) -> None:
        """Another hand takes the release back, on so many replicas or on all."""
        run = self.running[service]
        for number in range(len(run) if replicas is None else replicas):
            run[number] = "good"

    def current(self) -> Sequence[ReleaseSeen]:
        return tuple(
            ReleaseSeen(service=name, container=f"{name}-{number}", release=release, image=f"{name}:{release}")
            for name in self._touched
            for number, release in enumerate(self.running[name], start=1)
        )

    def busy(self) -> bool:
        return False

    def news(self) -> Sequence[Deployed]:
        news, self._news = self._news, []
        return news

    def told(self) -> Mapping[str, str]:
        return {"DRILL_SERVICE": " ".join(self._touched)}

    def _become(self, service: str, release: str, by: str, most: int = 0) -> None:
        run, now_s = self.running[service], self._clock.now_s()
        count = most or len(run)
        run[:] = [release] * count + run[count:]
        image = f"{service}:{release}"
        self._news.append(
            Deployed(service=service, image=image, by=by, replicas=len(run), begun_s=now_s, happened_s=now_s)
        )
