"""After the last phase, while the stack still stands: each alert that a claim is about, tried again on what was recorded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness import alerting
from harness.errors import NotApplied
from harness.expectations.alert_fires import AlertFires
from harness.expectations.rollback_begun import rollback_begun
from harness.facts import GateHeld, Injected, Injecting, LeverPulled, Mended, ReplaySeen, TargetSeen
from harness.journal import Journal
from harness.promql import Course, course
from harness.replay import answers, every_of, rules_file, trials
from harness.replay_series import Recorded, Times
from harness.within import file_name
from harness.world.metrics import Answer

if TYPE_CHECKING:
    from harness.drill.model import Drill

LEAD_S = (
    300.0  # before the run was opened nothing of it was scraped; a Prometheus that is older has more than is needed
)
SCRAPE_S = 15.0
OF_ALERTS = ("ALERTS", "ALERTS_FOR_STATE")
"""What Prometheus records of its own alerts."""


def replayed(drill: Drill) -> list[tuple[str, AlertFires]]:
    """The claims, with their phases, that one alert fires upon a fault."""
    hurt = {phase.name for phase, _ in drill.faults()}
    return [
        (phase, claim)
        for phase, then, claim in drill.claims()
        if isinstance(claim, AlertFires) and phase in hurt and not then and not alerting.is_pattern(claim.alert)
    ]


class Querier(Protocol):
    """What is needed of world.metrics.Prometheus."""

    def query(self, expr: str) -> Answer: ...


class Promtool(Protocol):
    """Tries files as world.promtool.try_rules does; returns what it said, and which promtool it was. Raises NotApplied."""

    def __call__(self, files: Mapping[str, str], tests: Sequence[str]) -> tuple[str, str]: ...


@dataclass
class Replaying:
    """One ReplaySeen for each claim that an alert fires in a phase with a fault; with the reason where that cannot be told.

    folder  where what promtool is given is left, for whoever wants to try it again; a folder for each claim
    """

    journal: Journal
    prometheus: Querier
    promtool: Promtool
    steady_for_s: float
    folder: Path
    _series: dict[str, Answer] = field(default_factory=dict)
    _tries: int = 0

    def seen(self, claims: Sequence[tuple[str, AlertFires]]) -> Iterator[ReplaySeen]:
        """`claims` are those about phases, each with its phase."""
        done: set[tuple[str, str, frozenset[tuple[str, str]]]] = set()
        for phase, claim in claims:
            key = (phase, claim.alert, frozenset(claim.labels.items()))
            times = self._times(phase)
            if key in done or times is None:
                continue
            done.add(key)
            try:
                yield self._tried(phase, claim, times)
            except (NotApplied, ValueError) as error:
                yield ReplaySeen(alert=claim.alert, phase=phase, labels=claim.labels, why=str(error))

    def _times(self, phase: str) -> Times | None:
        """From when on its first fault was put on to the phase's end, and the clean stretch before the first fault of all."""
        begun, ended = self.journal.phase_began(phase), self.journal.phase_ended(phase)
        held, first = self.journal.first(GateHeld), self.journal.first(Injecting)
        if begun is None or ended is None or held is None or first is None:
            return None
        injected = self.journal.of(Injected, since_s=begun.at_s, until_s=ended.at_s)
        if not injected:
            return None
        effect_s = injected[0].begun_s  # a deployment hurts from its first container on
        lasts_s = min(self._out_s(injected), self._taken_back_s(injected), ended.at_s)
        return Times(held.at_s - self.steady_for_s, first.at_s, effect_s, ended.at_s, lasts_s)

    def _out_s(self, injected: Sequence[Injected]) -> float:
        """When we began to take out the last of these faults."""
        mended = [self.journal.first(Mended, fault=one.fault, since_s=one.at_s) for one in injected]
        return max(math.inf if one is None else one.begun_s for one in mended)

    def _taken_back_s(self, injected: Sequence[Injected]) -> float:
        """When the stack or its people began to: what comes after it is the answer to a page, and no fault that goes on."""
        step = self.journal.first(LeverPulled, since_s=injected[0].begun_s)
        began = [rollback_begun(self.journal, one.fault).low_s for one in injected]
        return min([*began, step.at_s if step else math.inf])

    def _tried(self, phase: str, claim: AlertFires, times: Times) -> ReplaySeen:
        mine = course(alerting.loaded(self.journal, times.end_s), claim.alert, claim.labels)
        recorded = self._recorded(mine, self._scraped(times.clean_to_s))
        spacings = [one.spacing_s for one in recorded if one.spacing_s]
        slot_s = min(spacings) if spacings else self._scrape_s()
        both = trials(mine, recorded, times, slot_s, claim.labels)
        files = {"rules.yml": rules_file(mine), **{f"{trial.name}.yml": trial.text for trial in both}}
        kept = self._kept(phase, claim, files)
        said, tool = self.promtool(files, tuple(f"{trial.name}.yml" for trial in both))
        rehearsed, production = answers(said, both)
        recorded_s = times.lasts_s - times.effect_s
        every_s = {rule.group: rule.interval_s or every_of(mine, slot_s) for rule in mine.rules}
        return ReplaySeen(
            alert=claim.alert,
            phase=phase,
            labels=claim.labels,
            rehearsed_after_s=rehearsed.after_s,
            after_s=production.after_s,
            held_before=production.held,
            history_s=both[1].effect_s,
            recorded_s=round(recorded_s, 3),
            extended_s=round(both[1].end_s - both[1].effect_s - recorded_s, 3),
            grain_s=max(spacings, default=slot_s) + sum(every_s.values()),
            tool=tool,
            files=kept,
        )

    def _kept(self, phase: str, claim: AlertFires, files: Mapping[str, str]) -> str:
        """Where they lie, from the run's folder on; '' where the disk does not take them, which changes no answer."""
        self._tries += 1
        place = self.folder / f"{self._tries}-{file_name(phase)}-{file_name(claim.alert)}"
        try:
            place.mkdir(parents=True)
            for name, text in files.items():
                (place / name).write_text(text, encoding="utf-8")
        except OSError:
            return ""
        return f"{self.folder.name}/{place.name}"

    def _scrape_s(self) -> float:
        return max((target.interval_s for target in self.journal.of(TargetSeen)), default=0.0) or SCRAPE_S

    def _scraped(self, at_s: float) -> set[tuple[str, str]]:
        """The targets, by job and instance, that were up then."""
        seen = {(one.job, one.instance): one.health for one in self.journal.of(TargetSeen, until_s=at_s)}
        return {target for target, health in seen.items() if health == "up"}

    def _recorded(self, mine: Course, scraped: AbstractSet[tuple[str, str]]) -> list[Recorded]:
        """Every series that is read, once: as a counter, and over time, where anything reads it so."""
        found: dict[tuple[tuple[str, str], ...], Recorded] = {}
        made = {rule.rule for rule in alerting.loaded(self.journal) if rule.kind == "recording"}
        for reading in mine.readings:
            if reading.selector not in self._series:
                back_s = math.ceil(self.journal.end_s + LEAD_S)
                self._series[reading.selector] = self.prometheus.query(f"{reading.selector}[{back_s}s]")
            for series in self._series[reading.selector].series:
                if not series.points:
                    raise ValueError(f"{reading.selector} is a native histogram, and those cannot be laid out")
                name = series.labels.get("__name__", "")
                if ":" in name or name in made or name in OF_ALERTS:  # a colon is for what rules record
                    raise ValueError(
                        f"{reading.selector} reads {name}, which is itself reckoned from this run's short history, by rules that "
                        "cannot be followed from there"
                    )
                key = tuple(sorted(series.labels.items()))
                other = found.get(key)
                found[key] = Recorded(
                    series.labels,
                    series.points,
                    counted=reading.counted or (other is not None and other.counted),
                    looks_back=reading.back_s > 0 or (other is not None and other.looks_back),
                    scraped=(series.labels.get("job", ""), series.labels.get("instance", "")) in scraped,
                )
        return list(found.values())
