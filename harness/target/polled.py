"""A target's pages, read from a list of them that is asked for again and again: a paging provider's incidents."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.drill.readers import HttpReader
from harness.errors import NotApplied
from harness.facts import Blinded, Fact, Looked, Paged
from harness.orders.readers.http import elements
from harness.orders.readers.rows import at
from harness.target.paging import Pages, Poll
from harness.target.reach import PlaceApi
from harness.world.handles import Clock, Page, World
from harness.world.jsonapi import MOST_BYTES, STRANGE, on_axis, strings, unix_s

WHO = "the list of pages"
MILLISECONDS = 1e11
"""A number beyond it is no second since 1970 that anybody lives to see."""


@dataclass
class _Known:
    """A page that has been seen: whether it was resolved at the last look, and how often it was opened."""

    resolved: bool
    opened: int = 1


class PolledPages:
    """Implements probes.base.Probe. A page is delivered between the last look at which it was not there, and the first at which it is.

    What is there at the first look called nobody in this run (`Paged.standing`). A look that failed is made good by the next, unless
    that comes too late; one that took longer than `lag_s` shows nothing of what came in its time, and is none.
    """

    name = "pages"
    gap_s = 5.0
    lag_s = 2.0

    def __init__(self, pages: Pages) -> None:
        assert pages.poll is not None
        poll = pages.poll
        self.every_s = poll.every_s
        self._poll, self._receiver = poll, pages.receivers[0]
        self._api = PlaceApi(WHO, poll)
        self._reader = HttpReader.model_validate(
            {
                "service": f"{WHO} at {poll.url}",
                "port": 80,  # of no use: the place has its own
                "path": poll.path,
                "each": poll.each,
                "next": poll.next,
                "timeout": f"{self.lag_s:g}s",
            }
        )
        self._known: dict[str, _Known] = {}
        self._last_s: float | None = None
        self._delivery = 0

    def get(
        self, service: str, port: int, path: str, headers: Mapping[str, str], within_s: float, most_bytes: int
    ) -> Page:
        """Implements orders.readers.http.Getting."""
        return self._api.page(path, within_s=within_s)

    def listed(self) -> list[Any]:
        """The list as it is now. Raises NotApplied, also where an element has no id, and where it took too long to say what was there
        when it was asked for."""
        began_s = time.monotonic()
        found = list(elements(self._reader, self, MOST_BYTES, newest=True))
        took_s = time.monotonic() - began_s
        if took_s > self.lag_s:
            raise NotApplied(f"{WHO} at {self._poll.url} took {took_s:.1f} s, longer than {self.lag_s:g} s")
        if any(not self._id(element) for element in found):
            raise NotApplied(f"{WHO} at {self._poll.url} has an element without an id at {self._poll.fields.id!r}")
        return found

    def look(self, world: World) -> Sequence[Fact]:
        begun_s = world.clock.now_s()
        try:
            found = self.listed()
        except NotApplied as error:
            if self._last_s is not None and world.clock.now_s() - self._last_s < self.gap_s:
                return ()
            return (Blinded(probe=self.name, target="", error=str(error)),)
        first, before_s, self._last_s = self._last_s is None, self._last_s, begun_s
        pages = [page for one in found for page in self._news(one, world.clock, before_s, standing=first)]
        return (*pages, Looked(probe=self.name))

    def _news(self, element: Any, clock: Clock, before_s: float | None, *, standing: bool) -> Iterator[Paged]:
        """What has come of one element since the last look: it is new, was resolved, or was opened again."""
        id_, resolved = self._id(element), self._resolved(element)
        known = self._known.get(id_)
        if known is None:
            self._known[id_] = known = _Known(resolved)
            states = ("firing", "resolved") if resolved else ("firing",)
        elif known.resolved != resolved:
            known.resolved = resolved
            known.opened += not resolved
            states = ("resolved",) if resolved else ("firing",)
        else:
            return
        if standing and resolved:
            return
        for status in states:
            yield self._paged(element, status, known.opened, clock, before_s, standing=standing)

    def _paged(
        self, element: Any, status: str, opened: int, clock: Clock, before_s: float | None, *, standing: bool
    ) -> Paged:
        fields, id_ = self._poll.fields, self._id(element)
        started = at(element, fields.started) if fields.started else None
        self._delivery += 1
        return Paged(
            receiver=str(at(element, fields.receiver) or "") if fields.receiver else self._receiver,
            alert=self._alert(element),
            status=status,
            labels={name: value for name, value in _labels(element, fields.labels).items() if name != "alertname"},
            annotations=_labels(element, fields.annotations),
            fingerprint=id_,
            group_key=id_,
            start=f"{started or ''} {opened}".strip(),
            starts_s=on_axis(clock, _instant(started)) if opened == 1 else None,
            delivery=self._delivery,
            url=self._poll.url,
            happened_s=clock.now_s(),
            before_s=before_s,
            standing=standing,
        )

    def _id(self, element: Any) -> str:
        told = at(element, self._poll.fields.id)
        return str(told) if isinstance(told, (str, int)) and not isinstance(told, bool) else ""

    def _resolved(self, element: Any) -> bool:
        status = at(element, self._poll.fields.status) if self._poll.fields.status else ""
        return str(status).lower() in self._poll.resolved

    def _alert(self, element: Any) -> str:
        """The alert's name; '' where the list does not tell it."""
        fields = self._poll.fields
        told = at(element, fields.alert)
        if not isinstance(told, str):
            return ""
        if not fields.named:
            return told
        found = re.search(fields.named, told)
        return found.group(1) or "" if found else ""


def answers(poll: Poll, receivers: Sequence[str]) -> str:
    """Why a list of pages cannot be read now, or ''."""
    try:
        PolledPages(Pages(poll=poll, receivers=tuple(receivers))).listed()
    except NotApplied as error:
        return str(error)
    return ""


def _labels(element: Any, where: str | Mapping[str, str]) -> dict[str, str]:
    """Those of an object at a path, or one at a path each; what is not there is left out."""
    if isinstance(where, str):
        told = at(element, where) if where else None
        return strings(told) if isinstance(told, Mapping) else {}
    found = {name: at(element, path) for name, path in where.items()}
    return {name: str(value) for name, value in found.items() if value is not None}


def _instant(told: Any) -> float | None:
    """Seconds since 1970; None for what is no instant."""
    if isinstance(told, (int, float)) and not isinstance(told, bool):
        return told / 1000 if told > MILLISECONDS else float(told)
    try:
        return unix_s(told)
    except STRANGE:
        return None
