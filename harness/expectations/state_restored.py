"""state_restored: when all is over the stack is what it was before the load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import ClassVar

from pydantic import Field

from harness.endstate import CONTAINERS, Difference
from harness.expectations.base import Evidence, Expectation, Reach, serves
from harness.expectations.state_evidence import Doubt, Found, Seen, found_in, parts_of
from harness.facts import LoadEnded, StateSettled
from harness.quantities import Seconds, numbered
from harness.verdict import Finding, Measure, failed, inconclusive, passed

NAMED = 4
LISTED = 50
"""Differences in the sentence, and in the list below it."""


class StateRestored(Expectation):
    """When all is over, the stack is what it was before the load: what runs, how it is set up, and what it holds.

        expect:
          - state_restored: {}
          - state_restored: {only: [schema, parked], within: 2m}
          - state_restored: {services: [api, "worker-*"], ignore: [api.restarts, "*.environment.BUILD_ID"]}

    Units:   differences, each of one thing of one service (api.image) or of one declared part (schema).
    Counts:  of every service's containers, as Docker tells: their number, image (its digest), command, environment, mounted files
             (each bind-mounted regular file as the container sees it), health, restarts. Secrets are never kept: values are
             compared by a keyed hash; a switch, a number, a size or a version, of a name that admits nobody, is told. And each part that the drill declares (its own `state:`): rows of a table, a queue, a hash, an
             answer, a command's lines. A container that was at work, has no health check and is not started again has done its job
             when it ended with 0 before any fault began: that is no difference. Folders that are mounted are not compared: declare what matters of them as a part.
    Decides: after the run (it belongs under the drill's own `expect`): with the load over, the faults out and the orders settled, the
             state is read again until nothing has changed for `quiet`; queues that are longer than before, and health that is worse,
             are waited for until `within`. Failed by each difference, whatever the gates say; the worst gives the reason.
             What we put back ourselves is no rollback: where a rollback was claimed (rolled_back), all is read before we
             take what is left of a release back. What differed then of the containers, in the services that it changed, fails too; a
             declared part that differed then, and no longer does, is inconclusive.
             So it is where a part could not be read or still changes, and in a run that was ended early. So too where a list, hash, set
             or stream of Redis was empty at every look: a misspelt name is as empty. Dead letters that nobody has yet say of
             themselves `may_be_empty: true`.
    Source:  `docker inspect`, the files in the containers, and the readers of the drill's `state:`.
    """

    word: ClassVar[str] = "state_restored"
    faultless: ClassVar[bool] = True
    whenever_sent: ClassVar[bool] = True

    only: tuple[str, ...] = Field(
        default=(), description="parts of `state:`, and `containers` for what Docker tells; all when left out"
    )
    services: tuple[str, ...] = Field(default=(), description="whose containers, names or patterns; all when left out")
    ignore: tuple[str, ...] = Field(
        default=(), description='what may differ, names or patterns: api.restarts, "*.environment.BUILD_ID", cache'
    )
    quiet_s: Seconds = Field(default=5.0, alias="quiet", gt=0, description="nothing changes for so long")
    within_s: Seconds = Field(default=60.0, alias="within", gt=0, description="waited for at most so long")

    def about(self) -> str:
        return "-".join((*self.only, *self.services))

    def undecidable(self, reach: Reach) -> str:
        return next(filter(None, map(reach.no_service, self.services)), "")

    def check(self, evidence: Evidence) -> Finding:
        journal = evidence.journal
        settled = journal.last(StateSettled)
        if settled is None or settled.cut:
            return _not_read(evidence, settled)
        found = found_in(journal, evidence.faults, self.only or parts_of(journal))
        wrong = [one for one in found.differences if self._counts(one.what)]
        measure = Measure(*(float(len(wrong)),) * 2, "differences")
        details = tuple(_details(wrong, found))
        cites = tuple(dict.fromkeys(cite for one in wrong for cite in one.what.cites)) or found.cites
        if wrong:
            reason = wrong[0].what.reason
            return failed(_told(wrong), reason=reason, measure=measure, cites=cites, census=True, details=details)
        doubts = list(self._doubts(found, settled))
        if doubts:
            because = "; ".join(dict.fromkeys(one.why for one in doubts))
            return inconclusive(because, reason=doubts[0].reason, decide=doubts[0].decide, cites=cites, details=details)
        held = ", ".join(f"{part} ({rows})" for part, rows in found.parts.items())
        return passed(f"as before the load: {held}", measure=measure, cites=cites, details=details)

    def _counts(self, what: Difference) -> bool:
        mine = not (what.service and self.services) or any(serves(what.service, one) for one in self.services)
        return mine and not any(fnmatchcase(what.name, pattern) for pattern in self.ignore)

    def _doubts(self, found: Found, settled: StateSettled) -> Iterator[Doubt]:
        """What keeps a state in which nothing surely differs from being proven restored."""
        yield from (one for one in found.doubts if one.part == CONTAINERS or not self._ignored(one.part))
        for pattern in self.services if CONTAINERS in found.parts else ():
            if not any(serves(service, pattern) for service in found.services):
                why = f"{pattern} had no container, before the load and when all was over"
                yield Doubt(CONTAINERS, reason="no_evidence", why=why, decide="a stack in which it runs")
        if settled.unplayed:
            why = f"the run ended before {' and '.join(settled.unplayed)} began"
            yield Doubt("", reason="not_read", why=why, decide="a run that plays all of its phases")
        if not found.parts and not found.doubts:
            why = "nothing was compared: the parts that the claim names are only listed"
            yield Doubt("", reason="no_evidence", why=why, decide="a part of the state whose `compare` is not grows")

    def _ignored(self, part: str) -> bool:
        return any(fnmatchcase(part, pattern) for pattern in self.ignore)


def _not_read(evidence: Evidence, settled: StateSettled | None) -> Finding:
    if settled is None and not evidence.over:
        ended = evidence.journal.last(LoadEnded) is not None
        why = "the state is being read" if ended else "the state is read when the load has ended"
        return inconclusive(why, reason="window_open", decide="the end of the run")
    why = f"the run ended before the state was read{f': {settled.cut}' if settled is not None else ''}"
    return inconclusive(why, reason="not_read", decide="a run that comes to its planned end")


def _told(wrong: Sequence[Seen]) -> str:
    """'2 things are not as before the load: api.image was …, is … in api-2; schema …'."""
    count = len(wrong)
    named = "; ".join(_one(one) for one in wrong[:NAMED])
    more = f"; and {count - NAMED} more" if count > NAMED else ""
    return f"{numbered(count, 'thing')} {'is' if count == 1 else 'are'} not as before the load: {named}{more}"


def _one(seen: Seen) -> str:
    what = seen.what
    where = f" ({what.where})" if what.where else ""
    if seen.left_by:
        return f"{what.name} was {what.before}, and {what.after}{where} when {seen.left_by} was over; we have put it back since"
    return f"{what.name} was {what.before}, is {what.after}{where}"


def _details(wrong: Sequence[Seen], found: Found) -> Iterator[tuple[str, str]]:
    """Every difference that counts, and what was compared, for a person to check."""
    for one in wrong[:LISTED]:
        yield one.what.reason, _one(one)
    if len(wrong) > LISTED:
        yield "and", f"{len(wrong) - LISTED} more"
    for part, rows in found.parts.items():
        yield "compared", f"{part}: {rows}"
    for part, rows in found.listed.items():
        yield "not compared", f"{part}: {rows}"
