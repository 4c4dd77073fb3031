"""The stack's own Alertmanager: its HTTP API (v2) in the harness's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import NotApplied
from harness.facts import AlertRouted, DeliveryCounted, SilenceSeen
from harness.urls import expression
from harness.world.exposition import delivery_counters
from harness.world.jsonapi import JsonApi, understood

MOST = 2000


class Alertmanager:
    """Every call has a time-out and raises NotApplied with Alertmanager's own words."""

    def __init__(self, address: tuple[str, int], prefix: str = "", api: JsonApi | None = None) -> None:
        """`api` is another way to it than plain HTTP."""
        self._api = api or JsonApi("Alertmanager", address, prefix, stated="stack.observe.alertmanager")
        self._mutes: bool | None = None

    @understood
    def config(self) -> str:
        """Its configuration as it holds it; it writes '<secret>' for every URL of a webhook."""
        answer = self._api.get("/api/v2/status")
        config = answer.get("config") if isinstance(answer, dict) else None
        return str(config.get("original") or "") if isinstance(config, dict) else ""

    @understood
    def counters(self) -> tuple[DeliveryCounted, ...]:
        """What it counts of alerts received and notifications sent."""
        return delivery_counters("alertmanager", self._api.text("/metrics"))

    @understood
    def alerts(self) -> tuple[AlertRouted, ...]:
        """Every alert that it holds, those that it keeps back among them, with the receivers meant to hear of it."""
        held = self._list("/api/v2/alerts")
        told = any("mutedBy" in (one.get("status") or {}) for one in held)
        muted: dict[str, dict[str, str]] = {}
        if told:
            try:
                muted = self._muted() if self._has_mutes() else {}
            except NotApplied:  # what keeps an alert from its receivers is then not told; all else is
                told = False
        return tuple(
            AlertRouted(
                alert=str((one.get("labels") or {}).get("alertname") or ""),
                state=str((one.get("status") or {}).get("state") or ""),
                labels=_labels(one.get("labels")),
                fingerprint=str(one.get("fingerprint") or ""),
                receivers=tuple(sorted(str(receiver.get("name")) for receiver in one.get("receivers") or ())),
                silenced_by=tuple(sorted(map(str, (one.get("status") or {}).get("silencedBy") or ()))),
                inhibited_by=tuple(sorted(map(str, (one.get("status") or {}).get("inhibitedBy") or ()))),
                muted=muted.get(str(one.get("fingerprint") or ""), {}),
                mutes_told=told,
                expr=expression(str(one.get("generatorURL") or "")),
            )
            for one in held
        )

    def _has_mutes(self) -> bool:
        """Whether its configuration has time intervals at all; asked once."""
        if self._mutes is None:
            self._mutes = "time_intervals:" in self.config()
        return self._mutes

    def _muted(self) -> dict[str, dict[str, str]]:
        """By fingerprint, and by receiver of which every group with that alert is muted, the time intervals that mute it."""
        found: dict[str, dict[str, list[list[str]]]] = {}
        for group in self._list("/api/v2/alerts/groups"):
            receiver = str((group.get("receiver") or {}).get("name"))
            for one in group.get("alerts") or ():
                by = [str(name) for name in (one.get("status") or {}).get("mutedBy") or ()]
                found.setdefault(str(one.get("fingerprint")), {}).setdefault(receiver, []).append(by)
        return {
            fingerprint: {
                receiver: ", ".join(sorted({name for by in groups for name in by}))
                for receiver, groups in receivers.items()
                if all(groups)
            }
            for fingerprint, receivers in found.items()
        }

    @understood
    def silences(self) -> tuple[SilenceSeen, ...]:
        return tuple(
            SilenceSeen(
                silence=str(one.get("id") or ""),
                state=str((one.get("status") or {}).get("state") or ""),
                matchers=tuple(_matcher(matcher) for matcher in one.get("matchers") or ()),
                by=str(one.get("createdBy") or ""),
                comment=str(one.get("comment") or ""),
            )
            for one in self._list("/api/v2/silences")
        )

    def _list(self, path: str) -> list[dict[str, Any]]:
        answer = self._api.get(path)
        if not isinstance(answer, list):
            raise NotApplied(f"Alertmanager did not answer {path} as Alertmanager does")
        if len(answer) > MOST:
            raise NotApplied(f"Alertmanager holds {len(answer)} entries under {path}: more than can be followed")
        return [one for one in answer if isinstance(one, dict)]


def _labels(labels: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in (labels or {}).items() if name != "alertname"}


def _matcher(matcher: Mapping[str, Any]) -> str:
    operator = ("=" if matcher.get("isEqual", True) else "!") + ("~" if matcher.get("isRegex") else "")
    operator = "!=" if operator == "!" else operator
    return f'{matcher.get("name")}{operator}"{matcher.get("value")}"'
