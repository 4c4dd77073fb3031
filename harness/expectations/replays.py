"""What promtool said of an alert on the recorded series: how long it takes with the history that production has. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.expectations.base import Evidence
from harness.facts import ReplaySeen
from harness.quantities import spell
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed


@dataclass(frozen=True)
class Replays:
    """The replay of a claim's alert in its phase; None where none was made."""

    seen: ReplaySeen | None

    @staticmethod
    def of(evidence: Evidence, alert: str, labels: Mapping[str, str]) -> Replays:
        mine = [
            seen
            for seen in evidence.journal.of(ReplaySeen, alert=alert, phase=evidence.phase)
            if dict(seen.labels) == dict(labels) and not evidence.then
        ]
        return Replays(mine[-1] if mine else None)

    @property
    def cites(self) -> tuple[str, ...]:
        return (self.seen.cite,) if self.seen else ()

    def beside(self) -> str:
        """The time in production, as the end of a sentence; '' where it is not known."""
        if self.seen is None or self.seen.why:
            return ""
        return (
            f"; with {spell(round(self.seen.history_s))} of clean history before the fault it {self._takes(self.seen)}"
        )

    def details(self) -> Details:
        seen = self.seen
        if seen is None:
            return ()
        if seen.why:
            return (("in production", f"not known: {seen.why}"),)
        again = "it does not fire" if seen.rehearsed_after_s is None else f"{seen.rehearsed_after_s:.1f} s"
        lasts = f"; beyond the {seen.recorded_s:.0f} s that were recorded the fault is taken to go on as it was"
        return (
            ("in production", f"it {self._takes(seen)} (± {seen.grain_s:g} s){lasts if seen.extended_s else ''}"),
            ("replayed", f"{again} after the fault with this run's own history, by {seen.tool} on the recorded series"),
        )

    def judged(self, said: str, limit_s: float, *, measure: Measure, cites: Sequence[str], details: Details) -> Finding:
        """Whether the time in production is within the limit; it is known to a scrape and an evaluation."""
        shown: dict[str, Any] = {"cites": cites, "details": details}
        if self.seen is None or self.seen.why:
            return inconclusive(
                f"{said}; what it takes in production is not known: {self.seen.why if self.seen else 'it was not replayed'}",
                reason="not_replayed",
                decide="a run that ends as planned, with a promtool in Prometheus' image or on this machine",
                measure=measure,
                **shown,
            )
        limit = f"(limit {spell(limit_s)})"
        after_s, grain_s = self.seen.after_s, self.seen.grain_s
        if after_s is None:
            return failed(f"{said}{self.beside()} {limit}", reason="production_late", measure=measure, **shown)
        took = Measure(round(max(0.0, after_s - grain_s), 3), round(after_s + grain_s, 3), "s in production", "grid")
        if took.high <= limit_s:
            return passed(f"{said}{self.beside()} {limit}", measure=took, **shown)
        if took.low > limit_s:
            return failed(f"{said}{self.beside()} {limit}", reason="production_late", measure=took, **shown)
        return inconclusive(
            f"{said}{self.beside()} {limit}",
            reason="too_near",
            decide=f"a limit outside of {took}, or a finer scrape and evaluation",
            measure=took,
            **shown,
        )

    @staticmethod
    def _takes(seen: ReplaySeen) -> str:
        if seen.after_s is None:
            return f"does not fire within {spell(round(seen.recorded_s + seen.extended_s))}"
        return f"takes {seen.after_s:.1f} s"
