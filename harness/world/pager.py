"""The pager, as the harness hears it: every page as it was delivered to the mailbox in the stack, at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.errors import NotApplied
from harness.facts import Blinded, Paged
from harness.urls import expression
from harness.world.attached import Place, attach, remove
from harness.world.handles import Clock
from harness.world.helper import Helper
from harness.world.jsonapi import STRANGE, on_axis, strings, unix_s

READY_S = 30.0
SILENT_S = 3.0
"""It says something each second; after so long without a word nobody knows whether it takes pages."""
CUT_MIB = 1  # where the mailbox cuts a body (harness/inside/pager.py); a test holds them together
MOST_PAGES = 5000
"""A storm beyond this is counted, not kept."""


def pages(delivery: Mapping[str, Any], number: int, opened_ns: int, clock: Clock) -> list[Paged]:
    """A delivery as facts, one for each alert in it; [] for what is no message of Alertmanager's (webhook, version 4)."""
    try:
        return _pages(delivery, number, opened_ns, clock)
    except STRANGE:
        return []


def heard_of(delivery: Mapping[str, Any], number: int, opened_ns: int, clock: Clock) -> Sequence[Paged | Blinded]:
    """The same; of one of Alertmanager's that cannot be read a Blinded, at its receipt: what it told of nobody knows. `agent` is who
    sent it ('' where that is not said); what others post there is no page."""
    found = pages(delivery, number, opened_ns, clock)
    agent = str(delivery.get("agent") or "")
    if found or (agent and not agent.lower().startswith("alertmanager")):
        return found
    why = (
        f"it was cut at {CUT_MIB} MiB (max_alerts in the webhook's configuration keeps it shorter)"
        if delivery.get("cut")
        else "it is no message of Alertmanager's webhook (version 4)"
    )
    return (Blinded(probe="pages", target="", error=f"a delivery could not be read: {why}"),)


def _pages(delivery: Mapping[str, Any], number: int, opened_ns: int, clock: Clock) -> list[Paged]:
    """Raises one of STRANGE for what is none."""
    body = json.loads(delivery.get("body") or "")
    alerts = body["alerts"]
    at_s = round((int(delivery["at_ns"]) - opened_ns) / 1e9, 6)
    made = []
    for alert in alerts:
        labels = strings(alert.get("labels"))
        resolved = alert.get("status") == "resolved"
        made.append(
            Paged(
                receiver=str(body.get("receiver") or ""),
                alert=labels.get("alertname", ""),
                status=str(alert.get("status") or ""),
                labels={name: value for name, value in labels.items() if name != "alertname"},
                annotations=strings(alert.get("annotations")),
                fingerprint=str(alert.get("fingerprint") or ""),
                group_key=str(body.get("groupKey") or ""),
                start=str(alert.get("startsAt") or ""),
                starts_s=on_axis(clock, unix_s(alert.get("startsAt"))),
                ends_s=on_axis(clock, unix_s(alert.get("endsAt"))) if resolved else None,
                delivery=number,
                count=len(alerts),
                truncated=int(body.get("truncatedAlerts") or 0),
                url=f"http://{delivery.get('host')}:{delivery.get('port')}",
                path=str(delivery.get("path") or ""),
                sender=str(delivery.get("from") or ""),
                generator=str(alert.get("generatorURL") or ""),
                expr=expression(str(alert.get("generatorURL") or "")),
                happened_s=at_s,
            )
        )
    return made


class Pager:
    """The mailbox's helper container and what it says. `heard` gets each Paged from a thread of its own, and
    a Blinded for a delivery that could not be read.

    `place` is on Alertmanager's own networks and bears the host names of its receivers' URLs; `ports` are theirs.
    """

    def __init__(
        self,
        place: Place,
        ports: Sequence[int],
        clock: Clock,
        opened_ns: int,
        heard: Callable[[Paged | Blinded], object],
    ) -> None:
        self._place, self._ports = place, tuple(ports)
        self._clock, self._opened_ns, self._heard = clock, opened_ns, heard
        self._helper: Helper | None = None
        self._beat_s = float("-inf")
        self._first = threading.Event()
        self._kept = 0
        self.number = 0
        self.lost = ""

    def start(self) -> None:
        """Start it on its networks and wait for its first word. Raises NotApplied with Docker's own words otherwise."""
        self._helper = attach(self._place, ("pager", *map(str, self._ports)), self._hear, self._ended)
        if not self._first.wait(READY_S) or self.lost:
            why = self.lost or f"it said nothing within {READY_S:g} s"
            self.close()
            remove(self._place.name)
            raise NotApplied(f"the pager's mailbox did not start: {why}")

    def refuse(self, refuse: bool) -> None:
        """Refuse connections as a provider that is gone does, or take pages again. Raises NotApplied when it is lost."""
        helper = self._helper
        try:
            if helper is None:
                raise OSError("it was not started")
            helper.say({"refuse": refuse})
        except OSError as error:
            raise NotApplied(f"the pager's mailbox cannot be told anything: {error}") from error

    def blind(self) -> str:
        """Why a page that is sent now would not be seen, or ''."""
        silent_s = time.monotonic() - self._beat_s
        if self.lost:
            return f"the pager's mailbox ended: {self.lost}"
        if silent_s > SILENT_S:
            return f"the pager's mailbox was silent for {silent_s:.0f} s"
        return f"more than {MOST_PAGES} pages came" if self._kept > MOST_PAGES else ""

    def close(self) -> None:
        """Hear no more of it; idempotent. Its container goes with the stack: what still runs of that would page people."""
        helper, self._helper = self._helper, None
        if helper is not None:
            helper.leave()

    def _hear(self, said: dict[str, Any]) -> None:
        if "beat" in said:
            self._beat_s = time.monotonic()
            self._first.set()
        elif isinstance(said.get("page"), dict):
            self.number += 1
            for page in heard_of(said["page"], self.number, self._opened_ns, self._clock):
                self._kept += 1
                if self._kept <= MOST_PAGES:
                    self._heard(page)

    def _ended(self, words: str) -> None:
        self.lost = words
        self._first.set()
