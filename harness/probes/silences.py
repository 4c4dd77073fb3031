"""What Alertmanager holds, once a second: silences, and for each alert who is meant to hear of it or what keeps it quiet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.errors import NotApplied
from harness.facts import AlertRouted, Blinded, Fact, Looked, SilenceSeen
from harness.world.handles import World


class AlertmanagerReader(Protocol):
    """What the probe needs of world.alertmanager.Alertmanager."""

    def alerts(self) -> Sequence[AlertRouted]: ...
    def silences(self) -> Sequence[SilenceSeen]: ...


@dataclass(frozen=True, eq=False)
class SilencesProbe:
    """A silence or an alert is written at first sight and whenever it changed; an alert that is no longer held is `gone`."""

    alertmanager: AlertmanagerReader
    name: str = "silences"
    every_s: float = 1.0
    gap_s: float = 5.0
    lag_s: float = 1.0
    _silences: dict[str, SilenceSeen] = field(default_factory=dict)
    _alerts: dict[str, AlertRouted] = field(default_factory=dict)

    def look(self, world: World) -> Sequence[Fact]:
        try:
            silences, alerts = self.alertmanager.silences(), self.alertmanager.alerts()
        except NotApplied as error:
            return (Blinded(probe=self.name, target="", error=str(error)),)
        facts: list[Fact] = [one for one in silences if self._silences.get(one.silence) != one]
        self._silences.update({one.silence: one for one in silences})
        held = {one.fingerprint: one for one in alerts}
        facts += [one for key, one in held.items() if self._alerts.get(key) != one]
        facts += [replace(one, state="gone") for key, one in self._alerts.items() if key not in held]
        self._alerts.clear()
        self._alerts.update(held)
        return (*facts, Looked(probe=self.name))
