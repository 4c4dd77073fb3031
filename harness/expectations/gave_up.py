"""Requests that their users gave up on, looked up by their ids in the service's own log: did it say that it answered them well? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.expectations import logs
from harness.expectations.census import placed
from harness.expectations.log_search import AFTER_S, BEFORE_S, Ids, found_in
from harness.expectations.metric_in_front import counts_for
from harness.facts import ContainerSeen
from harness.ledger import OUTCOMES
from harness.logtext import Said

if TYPE_CHECKING:
    from harness.expectations.metric_sides import Told

EXAMPLES = 3


@dataclass(frozen=True)
class GaveUp:
    """
    asked      so many requests timed out between the edges
    well, ill  so many of them the service's log answers with success (1xx to 3xx), and only with something else
    cites      rows and lines of three that it answers with success
    services   whose logs were read
    known      whether all their lines have come
    """

    asked: int
    well: int
    ill: int
    cites: tuple[str, ...]
    services: tuple[str, ...]
    known: bool

    @property
    def how(self) -> str:
        """How far ids tell it, in words."""
        if not self.asked:
            return "told by counts"
        if not self.services:
            return "told by counts: which service's log is this counter's, no label or address tells"
        where = " and ".join(self.services)
        if self.well:
            return f"told by their ids in the log of {where}"
        if self.ill:
            return f"told by counts: the log of {where} has {self.ill} of {self.asked} of them, and none as a success"
        return f"told by counts: no line in the log of {where} bears the id of one with a status"


def gave_up(told: Told) -> GaveUp:
    """One pass over the logs of the services that the claim's series are of, if any request timed out; else none."""
    evidence, journal = told.evidence, told.evidence.journal
    timed_out = OUTCOMES.index("timeout")
    places = np.concatenate(
        [
            np.zeros(0, np.int64),
            *(
                one.first + np.flatnonzero(one.ended & (one.part["outcome"] == timed_out))
                for one in placed(evidence.rows, told.census.edges)
            ),
        ]
    )
    services = _services(told)
    if not len(places) or not services:
        return GaveUp(len(places), 0, 0, (), services, True)
    chosen = np.zeros(len(evidence.rows), bool)
    chosen[places] = True
    rows = evidence.rows.select(chosen)
    run = journal.opened.run if journal.opened else ""
    ids, from_s, until_s = Ids.of(run, rows), rows.sent_s - BEFORE_S, rows.done_s + AFTER_S
    well: dict[int, str] = {}
    ill: set[int] = set()
    for line in found_in(evidence.logs, services, ids, float(from_s.min()), float(until_s.max())):
        status = Said(line.text).status
        if status is None:
            continue
        for place in ids.among(line.text):
            if from_s[place] <= line.at_s <= until_s[place]:
                if status < 400:
                    well[place] = min(well.get(place, line.cite), line.cite)
                else:
                    ill.add(place)
    for place in ill & well.keys():  # one of the two tells of a call that the service made itself
        del well[place]
    shown = sorted(well)[:EXAMPLES]
    return GaveUp(
        len(places),
        len(well),
        len(ill),
        (*(rows.cite(place) for place in shown), *dict.fromkeys(well[place] for place in shown)),
        services,
        evidence.over or logs.followed_until_s(journal, services) >= float(until_s.max()),
    )


def _services(told: Told) -> tuple[str, ...]:
    """The services that the series are of: another one's success, of the same id, is not its answer."""
    known = dict.fromkeys(seen.service for seen in told.evidence.journal.of(ContainerSeen))
    return tuple(sorted(name for name in known if counts_for(told.counters, told.labels, name)))
