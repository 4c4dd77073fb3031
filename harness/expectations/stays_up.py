"""Containers do not die, run out of memory or restart by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, model_validator

from harness.expectations.base import Evidence, Expectation, Reach, serves
from harness.expectations.lives import PROBE, life
from harness.expectations.requests import cites, not_begun
from harness.facts import ContainerChanged, ContainerSeen
from harness.journal import Journal, Window
from harness.verdict import Finding, Measure, failed, inconclusive, passed

GAP_S = 5.0  # as the probe promises (harness/probes/containers.py); a test holds them together
LAG_S = 1.0


class StaysUp(Expectation):
    """No container of a service dies, is killed for want of memory, or is restarted.

        expect:
          - stays_up: {}
          - stays_up: {service: api, restarts: 1}
          - stays_up: {services: [api, "worker-*"]}

    Units:   restarts: how many deaths are forgiven, over all containers of the claim together (0). `service` is one, or a pattern;
             `services` several. Without either all services.
    Counts:  Docker's `die` and `oom` events, its own count of restarts, and containers found ended. Not counted: what a
             fault of ours (stop, kill, pause) did to its own target (of `replicas`, to those it chose), a release to what
             lives in its service's network, a restart of ours (`restore: restart`), and one-shot services that had ended
             before. Nor what somebody told to end (Docker's `kill` or `stop` before it, or SIGTERM) by a runbook's step or
             `drill exec`, or while a release was on it, which is then taken back: what dies by itself meanwhile counts.
             Nor a job that began while Docker was asked and ends with 0, unless Docker restarts it.
    Decides: failed at the first death too many, whatever the gates say; passed when the window is over and Docker was
             asked all the time.
    Source:  Docker's events, and `docker inspect` (State.OOMKilled, RestartCount).
    """

    word: ClassVar[str] = "stays_up"
    whenever_sent: ClassVar[bool] = True

    service: str = Field(default="*", description="a service of the stack; all when left out")
    services: tuple[str, ...] = Field(default=(), description="several, names or patterns, in place of `service`")
    restarts: int = Field(default=0, ge=0, description="how many deaths or restarts are forgiven")

    @model_validator(mode="after")
    def _one_of_both(self) -> StaysUp:
        if self.services and "service" in self.model_fields_set:
            raise ValueError("write `service` or `services`, not both")
        return self

    @property
    def _wanted(self) -> tuple[str, ...]:
        return self.services or (self.service,)

    def about(self) -> str:
        return "all" if self._wanted == ("*",) else "-".join(self._wanted)

    def undecidable(self, reach: Reach) -> str:
        return next(filter(None, map(reach.no_service, self._wanted)), "")

    def check(self, evidence: Evidence) -> Finding:
        window = evidence.window
        if window is None:
            return not_begun(evidence)
        journal = evidence.journal
        there = self._containers(journal, window)
        lives = [life(journal, name, service, window) for name, service in there]
        deaths = [fact for one in lives for fact in one.deaths]
        count = sum(max(len(one.deaths), one.restarted) for one in lives)
        what = "no container" if self._wanted == ("*",) else f"no container of {' or '.join(self._wanted)}"
        until = f"from {window.start_s:.1f} s to {min(window.end_s, journal.end_s):.1f} s"
        measure = Measure(count, count, "deaths")
        if count > self.restarts:
            said = "; ".join(dict.fromkeys(line for one in lives for line in one.said()))
            return failed(
                f"{said} ({count} in all, {self.restarts} forgiven)",
                reason="died",
                measure=measure,
                cites=cites(evidence, *deaths),
                census=True,
            )
        unseen = [one for one in self._wanted if not any(serves(service, one) for _, service in there)]
        if unseen:
            of = "" if unseen == ["*"] else f" of {' and '.join(unseen)}"
            return inconclusive(
                f"no container{of} was ever seen", decide="a look at the containers of the stack", cites=cites(evidence)
            )
        open_ = [one for one in lives if one.open]
        if not window.ended or open_:
            return inconclusive(
                f"{what} had died too often by {journal.end_s:.1f} s, but the window was not over",
                reason="window_open",
                decide="the window's end, with every fault mended",
                cites=cites(evidence),
            )
        if not journal.watched(PROBE, "", window.start_s, window.end_s, GAP_S, LAG_S):
            return inconclusive(
                f"Docker was not asked all the time {until}",
                reason="not_watched",
                decide=f"a look at least every {GAP_S:g} s until {LAG_S:g} s after the window",
                cites=cites(evidence),
            )
        told = {
            "forgiven": count,
            "by our own faults": sum(len(one.ours) for one in lives),
            "by a step, a person or a rollback": sum(len(one.told) for one in lives),
        }
        besides = "; ".join(f"{number} {how}" for how, number in told.items() if number)
        return passed(
            f"{what} died {until}{f' ({besides})' if besides else ''}", measure=measure, cites=cites(evidence)
        )

    def _containers(self, journal: Journal, window: Window) -> list[tuple[str, str]]:
        seen: Sequence[ContainerSeen | ContainerChanged] = (
            *journal.of(ContainerSeen, until_s=window.end_s),
            *journal.of(ContainerChanged, until_s=window.end_s),
        )
        return sorted(
            {(fact.container, fact.service) for fact in seen if any(serves(fact.service, one) for one in self._wanted)}
        )
