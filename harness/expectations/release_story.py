"""What became of a bad release, as instants: deployed, exposed, felt, seen, paged, decided, taken back, well again. Pure.

Each instant is an interval on the run's axis, as narrow as its source: a request's answer tells of the time since it was
sent, a look of the time since the last look, a window of its length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.expectations.base import Evidence
from harness.expectations.canary_course import in_a_row
from harness.expectations.instants import Instant
from harness.expectations.people_story import by_hand, people, signs
from harness.expectations.release_clean import clean
from harness.expectations.release_containers import taken_back, taken_from
from harness.expectations.requests import now_s
from harness.expectations.seen_versions import SeenVersions, seen_versions
from harness.expectations.triggers import Trigger
from harness.facts import (
    AlertChanged,
    Fact,
    Injected,
    Injecting,
    LeverAnswered,
    LeverAsked,
    LeverEnded,
    LeverHeld,
    LeverPulled,
    Mended,
    Paged,
    PhaseSettled,
    ReleaseSeen,
)
from harness.journal import Journal
from harness.stats import first_bad, steady_from, was_broken
from harness.stats.interval import clopper_pearson
from harness.versions import Answers, answers, awaited, new_version, releases_at

LATEST_S = 60.0  # an answer comes at most so long after its request; looked at beyond the end for those still awaited
SPANS = (
    ("to_detect", "exposed", "detected"),
    ("to_page", "exposed", "paged"),
    ("to_acknowledge", "asked", "acknowledged"),
    ("to_decide", "impact", "decided"),
    ("to_execute", "decided", "executed"),
    ("to_last_bad_answer", "decided", "last_bad"),
    ("to_restore", "impact", "recovered"),
    ("to_clean", "impact", "clean"),
)
"""The durations that are told, each from one instant to another: they begin at different ones, which `SINCE` names."""
ORIGINS = {name: origin for name, origin, _ in SPANS}
SINCE = {"exposed": "its first answer", "asked": "the question", "impact": "the harm", "decided": "the decision"}


@dataclass(frozen=True)
class ReleaseStory:
    """
    version     how the release calls itself in its answers; '' when no answer tells
    told        whether answers, or looks at containers, tell which release serves; without either nothing is known
    begun_s     when its deployment began; end_s when its judging window closed, or the journal ends: nothing later counts
    closed      whether the window has closed
    at          instants by name: deployed, exposed, impact, detected, paged, trigger, asked, acknowledged, believed, decided,
                executed, last_bad, taken_back, recovered, clean; those that did not come are not in it
    bad         answers of the bad version; `others` answers to requests sent after the last of them, and `needed` so many in a row
                are no chance any more for a version that has its share of the requests still
    still_bad   containers that run it at the end; `halved` those that still have a part of it, and `by_looks`: whether when it had left
                is told by looks at containers, for no answer names it, or one that had only a part of it answers as a good one
    neither     containers that run another release than it and the good one at the end
    seen        what the release's own source of versions told, where it declares one
    partly      whether some container that ran it was seen not to, and others still do
    contained   whether any container was seen to run it: what changes no container is told by versions alone
    healthy     no steady condition was broken from its exposure to the decision (None: cannot be said)
    open        answers that were still awaited: one of them may be the bad version's
    """

    fault: str
    services: tuple[str, ...]
    version: str
    told: bool
    begun_s: float
    end_s: float
    closed: bool
    at: Mapping[str, Instant]
    bad: Answers
    others: Answers
    needed: int = 1
    still_bad: tuple[ReleaseSeen, ...] = ()
    halved: tuple[ReleaseSeen, ...] = ()
    by_looks: bool = False
    neither: tuple[str, ...] = ()
    seen: SeenVersions = field(default_factory=SeenVersions)
    partly: bool = False
    contained: bool = False
    healthy: bool | None = None
    open: int = 0
    pulled: LeverPulled | None = None
    held: LeverHeld | None = None
    ended: LeverEnded | None = None
    asked: LeverAsked | None = None
    answered: LeverAnswered | None = None
    facts: tuple[Fact, ...] = field(default=())

    @property
    def gone(self) -> Instant | None:
        """When the bad release had left, as far as is known: its last answer, or else when no container ran it any more, and
        no replica told its version."""
        if self.still_bad or self.halved or self.seen.still:
            return None
        last, back = self.at.get("last_bad") if len(self.others) else None, self.at.get("taken_back")
        if not self.version:
            return back
        return last.and_then(back) if last and self.by_looks else last

    def spans(self) -> Iterator[tuple[str, float, float]]:
        """Durations with their bounds, in s: those of SPANS whose ends are both known."""
        for name, one, other in SPANS:
            if one in self.at and other in self.at:
                first, then = self.at[one], self.at[other]
                yield name, max(0.0, then.low_s - first.high_s), max(0.0, then.high_s - first.low_s)


def release_story(evidence: Evidence, fault: str, waits: Trigger | None = None, lever: str = "") -> ReleaseStory | None:
    """The story of one bad release; None when its deployment never began. `waits` and `lever` are the claim's about it."""
    journal = evidence.journal
    begun = journal.first(Injecting, fault=fault)
    if begun is None:
        return None
    services = tuple(begun.target.split("+"))
    out = journal.first(Injected, fault=fault)
    settled = journal.first(PhaseSettled, phase=evidence.phase)
    mended = journal.first(Mended, fault=fault)
    over = [fact.begun_s if isinstance(fact, Mended) else fact.at_s for fact in (settled, mended) if fact is not None]
    known_s, end_s = now_s(journal), min([*over, journal.end_s])
    version = new_version(evidence.rows, begun.seen_s, end_s, known_s)
    every = answers(evidence.rows, begun.seen_s, end_s, known_s)
    bad = every.by(version) if version else every.by()
    others = every.but(version).sent_after(float(bad.done_s[-1])) if len(bad) else every.by()
    run = releases_at(journal, services, end_s)
    seen = seen_versions(journal, fault, begun.seen_s, end_s)
    at = dict(_deployment(journal, begun, out, services, bad, seen, end_s))
    at |= _signals(evidence, begun.seen_s, end_s, out, waits, at.get("exposed"))
    containers = taken_from(journal, services, end_s)
    told = _lever(journal, lever, end_s, containers.first)
    if told.asked is not None:
        spoke = signs(people(journal, begun.seen_s, end_s))
        at |= {name: Instant(fact.at_s, fact.at_s, fact.cite) for name, fact in spoke}
    for name, fact in (("asked", told.asked), ("decided", told.pulled), ("executed", told.ended)):
        if fact is not None:
            at[name] = Instant(fact.seen_s, fact.seen_s, fact.cite)
    at |= {name: found for name, found in taken_back(containers, seen).items() if name not in at}
    back = at.get("last_bad") if version else at.get("taken_back")
    if back is not None:
        at |= _recovery(evidence, back.high_s, end_s)
    healthy = _healthy(evidence, at, end_s)
    if healthy and "decided" in at:
        at.pop("impact", None)  # a hiccup, or what the rollback did
    if "recovered" in at and (done := clean(journal, begun.seen_s, at["recovered"])):
        at["clean"] = done
    return ReleaseStory(
        fault=fault,
        services=services,
        version=version,
        told=bool(version or run or seen.version),
        begun_s=begun.seen_s,
        end_s=end_s,
        closed=settled is not None,
        at=at,
        bad=bad,
        others=others,
        needed=_needed(bad, every),
        still_bad=tuple(seen for seen in run.values() if seen.release == "bad"),
        neither=tuple(seen.container for seen in run.values() if seen.release == "other" and not seen.stayed),
        halved=tuple(seen for seen in run.values() if seen.stayed),
        by_looks=not version or containers.halved,
        seen=seen,
        partly=containers.partly,
        contained=containers.any,
        healthy=healthy,
        open=awaited(evidence.rows, begun.seen_s, end_s, known_s) if known_s < end_s + LATEST_S else 0,
        pulled=told.pulled,
        held=told.held,
        ended=told.ended,
        asked=told.asked,
        answered=told.answered,
        facts=tuple(fact for fact in (begun, out, told.pulled, told.held, told.ended, settled) if fact is not None),
    )


def _needed(bad: Answers, every: Answers) -> int:
    if not len(bad):
        return 1
    since_s, until_s = float(bad.sent_s.min()), float(bad.sent_s.max())
    share, _ = clopper_pearson(len(bad), int(((every.sent_s >= since_s) & (every.sent_s <= until_s)).sum()), 0.90)
    return in_a_row(share)


@dataclass(frozen=True)
class _Lever:
    asked: LeverAsked | None
    answered: LeverAnswered | None
    pulled: LeverPulled | None
    ended: LeverEnded | None
    held: LeverHeld | None


def _lever(journal: Journal, lever: str, end_s: float, left: Instant | None) -> _Lever:
    """`left`: when the first container was taken back, by which it is known what a person did by hand."""
    asked = journal.first(LeverAsked, lever=lever, until_s=end_s)
    pulled = journal.first(LeverPulled, lever=lever, until_s=end_s)
    ended = journal.first(LeverEnded, lever=lever, until_s=end_s)
    if asked is not None and ended is None:
        told = people(journal, asked.seen_s, end_s)
        pulled, ended = by_hand(told, asked, pulled, left.high_s if left else None)
    answered = journal.first(LeverAnswered, lever=lever, until_s=end_s)
    return _Lever(asked, answered, pulled, ended, journal.first(LeverHeld, lever=lever, until_s=end_s))


def _deployment(
    journal: Journal,
    begun: Injecting,
    out: Injected | None,
    services: tuple[str, ...],
    bad: Answers,
    told: SeenVersions,
    end_s: float,
) -> Iterator[tuple[str, Instant]]:
    """deployed, exposed, last_bad."""
    if out is not None:
        yield "deployed", Instant(out.begun_s, out.seen_s, out.cite)
    if len(bad):
        yield "exposed", Instant(float(bad.sent_s[0]), float(bad.done_s[0]), bad.cite(0))
        last = len(bad) - 1
        yield "last_bad", Instant(float(bad.sent_s[last]), float(bad.done_s[last]), bad.cite(last))
        return
    seen = [s for s in journal.of(ReleaseSeen, release="bad", until_s=end_s) if s.service in services]
    if told.first is not None:
        yield "exposed", told.first
    elif seen:
        yield "exposed", Instant(begun.seen_s, seen[0].at_s, seen[0].cite)


def _signals(
    evidence: Evidence,
    begun_s: float,
    end_s: float,
    out: Injected | None,
    waits: Trigger | None,
    exposed: Instant | None,
) -> Iterator[tuple[str, Instant]]:
    """impact, detected, paged, trigger. Noticed is what the claim waits for, where it names an alert; no alert from before the exposure."""
    journal, steady = evidence.journal, evidence.steady
    if exposed is not None:
        known_s = now_s(journal)
        felt = first_bad(evidence.rows, steady.conditions, steady.for_s, exposed.low_s, end_s, known_s)
        if felt is not None:
            yield "impact", Instant(*felt)
    for name, kind, said in (("detected", AlertChanged, {"state": "firing"}), ("paged", Paged, {"status": "firing"})):
        since_s = begun_s if exposed is None else max(begun_s, exposed.low_s)
        named = {"alert": waits.name} if waits and waits.name else {}
        came = [
            fact for fact in journal.of(kind, since_s=since_s, until_s=end_s, **said, **named) if _new(fact, begun_s)
        ]
        first = min(came, key=lambda fact: fact.at_s, default=None)
        if first is not None:
            before_s = getattr(first, "before_s", None)
            yield name, Instant(first.at_s if before_s is None else before_s, first.at_s, first.cite)
    arrived = waits.arrived(journal, begun_s, out) if waits else None
    if arrived is not None and arrived.high_s <= end_s:
        yield "trigger", arrived


def _new(fact: Fact, begun_s: float) -> bool:
    starts_s = getattr(fact, "starts_s", None)
    if getattr(fact, "standing", False):
        return False
    return starts_s is None or starts_s >= begun_s - 1.0


def _recovery(evidence: Evidence, since_s: float, end_s: float) -> dict[str, Instant]:
    steady, known_s = evidence.steady, now_s(evidence.journal)
    found = steady_from(evidence.rows, steady.conditions, steady.for_s, since_s, end_s, known_s)
    return {"recovered": Instant(found.low_s, found.high_s)} if found.held else {}


def _healthy(evidence: Evidence, at: Mapping[str, Instant], end_s: float) -> bool | None:
    """What comes after the decision, the rollback's own outage above all, is not the release's doing."""
    exposed, decided = at.get("exposed"), at.get("decided")
    if exposed is None:
        return None
    until_s = decided.low_s if decided else end_s
    if until_s <= exposed.high_s:
        return None
    steady = evidence.steady
    was = was_broken(evidence.rows, steady.conditions, steady.for_s, exposed.low_s, until_s, now_s(evidence.journal))
    return None if was is None else not was
