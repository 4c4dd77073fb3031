"""The service that the load goes to, where logs of others behind it are asked for: what it may keep from them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.blaming import CLIENT, Parts
from harness.expectations.metric_in_front import FRONT, REFUSED
from harness.expectations.own_answers import asking, leads_to_none_but, unnamed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.expectations.base import Evidence
    from harness.ledger import Rows

    Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Door:
    """Where the load goes, and the services that its requests are to have reached."""

    evidence: Evidence
    parts: Parts
    services: Sequence[str]

    @property
    def apart(self) -> bool:
        """Whether the load goes to another service than those whose logs are asked for."""
        return bool(self.evidence.against) and not {"*", self.evidence.against} & {*self.services}

    def may_answer(self, found: Rows, in_front: Collection[int] | None) -> Mask:
        """What it may have answered by itself: a status that is stated, or else a proxy's or a gateway's, that is not surely the
        services' own."""
        if in_front is None:
            in_front = (*REFUSED, *FRONT) if self.apart else ()
        return np.asarray(np.isin(found.array["status"], list(in_front)) & ~self._own(found))

    def stated(self, found: Rows, in_front: Collection[int] | None) -> Mask:
        """What it answered by itself, as stated: what names no version."""
        return np.asarray(np.isin(found.array["status"], list(in_front or ())) & (found.array["version"] == 0))

    def _own(self, found: Rows) -> Mask:
        """What names a version, where nobody but these services could, the door is seen to write none on such, and no cache keeps it."""
        door = self.evidence.against
        alone = {"*", door} & {*self.services} or leads_to_none_but(self.parts, door, self.services)
        unwritten = np.isin(found.array["status"], list(unnamed(self.evidence.rows)))
        kept = np.isin(found.array["endpoint"], list(asking(self.evidence.rows)))
        return np.asarray((found.array["version"] != 0) & unwritten & ~kept & bool(alone))

    def leads(self, target: str) -> bool:
        """Whether an edge is on the way from the users to these services."""
        caller, arrow, to = target.partition("->")
        if not arrow or not self.apart:
            return caller == CLIENT
        door, above = self.evidence.against, [self.parts.above(one) for one in self.services]
        way = {CLIENT, door}.union(*(self.parts.between(door, those) for those in above))
        return caller in way and to in {*way, *self.services}
