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
    """The replay of a claim's alert in its phase, None where none was made; `live` is its time since the fault in the run itself."""

    seen: ReplaySeen | None
    live: Measure

    @staticmethod
    def of(evidence: Evidence, alert: str, labels: Mapping[str, str], live: Measure) -> Replays:
        mine = [
            seen
            for seen in evidence.journal.of(ReplaySeen, alert=alert, phase=evidence.phase)
            if dict(seen.labels) == dict(labels) and not evidence.then
        ]
        return Replays(mine[-1] if mine else None, live)

    @property
    def cites(self) -> tuple[str, ...]:
        return (self.seen.cite,) if self.seen else ()

    @property
    def unknown(self) -> str:
        """Why the time in production is not known; '' where it is. A replay that does not show what the run itself saw, with the
        same history, shows nothing of another one."""
        if self.seen is None:
            return "it was not replayed"
        if self.seen.why:
            return self.seen.why
        again_s, grain_s = self.seen.rehearsed_after_s, self.seen.grain_s
        if again_s is not None and self.live.low - grain_s <= again_s <= self.live.high + grain_s:
            return ""
        again = "does not fire" if again_s is None else f"fires {again_s:.1f} s after the fault"
        return f"replayed with this run's own history it {again}, where it fired {self.live} after it (± {grain_s:g} s)"

    def beside(self) -> str:
        """The time in production, as the end of a sentence; '' where it is not known."""
        if self.seen is None or self.unknown:
            return ""
        return (
            f"; with {spell(round(self.seen.history_s))} of clean history before the fault it {self._takes(self.seen)}"
        )

    def details(self) -> Details:
        seen = self.seen
        if seen is None:
            return ()
        if self.unknown:
            return (("in production", f"not known: {self.unknown}"),)
        lasts = f"; beyond the {seen.recorded_s:.0f} s that were recorded the fault is taken to go on as it was"
        return (
            ("in production", f"it {self._takes(seen)} (± {seen.grain_s:g} s){lasts if seen.extended_s else ''}"),
            (
                "replayed",
                f"{seen.rehearsed_after_s:.1f} s after the fault with this run's own history, by {seen.tool} on the recorded series",
            ),
            *((("to try again", f"promtool test rules {seen.files}/production.yml"),) if seen.files else ()),
        )

    def judged(self, said: str, limit_s: float, *, cites: Sequence[str], details: Details) -> Finding:
        """Whether the time in production is within the limit; it is known to a scrape and an evaluation."""
        shown: dict[str, Any] = {"cites": cites, "details": details}
        if self.seen is None or self.unknown:
            return inconclusive(
                f"{said}; what it takes in production is not known: {self.unknown}",
                reason="not_replayed",
                decide="a run that ends as planned, a promtool in Prometheus' image or on this machine, and a rule that it can replay",
                measure=self.live,
                **shown,
            )
        limit = f"(limit {spell(limit_s)})"
        after_s, grain_s = self.seen.after_s, self.seen.grain_s
        if self.seen.held_before:
            return inconclusive(
                f"{said}{self.beside()}, so in production it would detect nothing",
                reason="pre_existing",
                decide="a rule that does not hold under a full window of what the run saw before the fault",
                measure=self.live,
                **shown,
            )
        if after_s is None:
            return failed(f"{said}{self.beside()} {limit}", reason="production_late", measure=self.live, **shown)
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
        if seen.held_before:
            return "fires, or is pending, already before it"
        if seen.after_s is None:
            return f"does not fire within {spell(round(seen.recorded_s + seen.extended_s))}"
        return f"takes {seen.after_s:.1f} s"
