"""What each replica of each fake service runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import NotApplied
from harness.facts import (
    Deployed,
    ReleaseSeen,
)
from harness.fakeworld.beside import Beside
from harness.fakeworld.clock import Failures, FakeClock
from harness.world.handles import Release


class FakeReleases:
    """What each replica of each service runs: 'good' or 'bad'. `rolled_back` is for whoever plays system or runbook.

    step_s  how long each replica takes to get a release, where the deployment goes on beside the story (`Beside.at`)
    uncut   why a deployment cannot leave off; '' where it can
    """

    def __init__(
        self, services: Sequence[str], replicas: int, clock: FakeClock, failures: Failures, beside: Beside
    ) -> None:
        self._clock = clock
        self._beside = beside
        self.step_s = 0.0
        self.uncut = ""
        self._going = self._ends = self._leaves_off = False
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
        self._going = True
        try:
            for name in release.services:
                self._touched[name] = None
                self._go_out(name, release.most)
        finally:
            self._going = False
        self._failures.pass_by()
        return {f"{seen.container}": seen.image for seen in self.current()}

    def _go_out(self, service: str, most: int) -> None:
        """Replica by replica."""
        begun_s, run = self._clock.now_s(), self.running[service]
        count = most or len(run)
        for number in range(count):
            self._beside.wait(self.step_s)
            if self._ends:
                raise NotApplied("the run was ended while its release went out")
            run[number] = "bad"
            if self._leaves_off:
                count = number + 1
                break
        self._tell(service, "bad", "harness", begun_s, count)

    def hasten(self) -> None:
        self._ends = True
        self._beside.wake()

    def leave_off(self, holder: str) -> str:
        if self._going and not self.uncut:
            self._leaves_off = True
        return self.uncut if self._going else ""

    def restore(self, holder: str) -> str:
        self._ends = self._leaves_off = False
        self._failures.pass_by()
        release = self._holders.pop(holder, None)
        if release is None:
            return ""
        ill = [name for name in release.services if "bad" in self.running[name]]
        for name in ill:
            run = self.running[name]
            run[:] = ["good"] * len(run)
            self._tell(name, "good", "mend", self._clock.now_s(), len(run))
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
        return self._going

    def news(self) -> Sequence[Deployed]:
        news, self._news = self._news, []
        return news

    def told(self) -> Mapping[str, str]:
        return {"DRILL_SERVICE": " ".join(self._touched)}

    def _tell(self, service: str, release: str, by: str, begun_s: float, count: int) -> None:
        image = f"{service}:{release}"
        self._news.append(
            Deployed(
                service=service,
                image=image,
                by=by,
                replicas=count,
                begun_s=begun_s,
                happened_s=self._clock.now_s(),
            )
        )
