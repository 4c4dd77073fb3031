"""Rules that were not loaded for a while, or not yet: their silence of then says nothing, and whatever the others did leaves that of
those that went open. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness import alerting
from harness.evaluations import Key, key_of
from harness.expectations.base import Evidence
from harness.expectations.requests import cites
from harness.expectations.selected import WHOM
from harness.facts import AlertChanged, Looked, RuleSeen
from harness.journal import Journal, Window
from harness.promql import matchers, readings
from harness.quantities import spell
from harness.verdict import Finding, inconclusive

Match = tuple[bool, bool, bool, float]
Pending = Callable[[float], Sequence[AlertChanged]]
Lines = dict[Key, list[RuleSeen]]
"""Rules, each with what it was before, as far as a reload brought the one for the other."""


@dataclass(frozen=True)
class Away:
    """A rule that was taken away, `gone` as that was seen, and `back`: it again, or another of its name that came for it; None where
    none did. `seamless`: no look found its place empty, for the reload that took the one brought the other, and no alert was lost by
    that. `due`: one that was pending when it went, and would have fired had it lasted."""

    gone: RuleSeen
    back: RuleSeen | None = None
    seamless: bool = False
    due: AlertChanged | None = None

    def __str__(self) -> str:
        which = f"the rule {self.gone.rule}{alerting.shown(self.gone.labels)}"
        if self.due is not None:
            pending = f"{self.due.alert}{alerting.shown(self.due.labels)} was pending since {self.due.at_s:.1f} s"
            return f"{which}, with a `for` of {spell(self.gone.for_s)}, was replaced at {self.gone.at_s:.1f} s, when {pending}"
        if self.back is None:
            return f"{which} was taken away at {self.gone.at_s:.1f} s"
        return f"{which} was not loaded from {self.gone.at_s:.1f} s to {self.back.at_s:.1f} s"

    @property
    def silence(self) -> str:
        """That of which nothing is known."""
        return "its silence since" if self.back is None or self.due else "its silence of then"

    @property
    def keys(self) -> set[Key]:
        return {key_of(one) for one in (self.gone, self.back) if one is not None}


def away(journal: Journal, mine: Sequence[RuleSeen], window: Window, pending: Pending) -> list[Away]:
    """Of `mine`, the sightings of the rules that a claim means until the window's end, what was taken away and not back at its start.
    `pending`: the alerts that were at an instant, of those that the claim means."""
    went, came, looks = [one for one in mine if one.gone], list(_came(mine)), _looks(journal)
    back = _backs(looks, went, came)
    found: list[Away] = []
    for number, gone in enumerate(went):
        other, seamless = back.get(number, (None, False))
        if (gone.at_s if other is None else max(gone.at_s, came[other].at_s)) < window.start_s:
            continue
        due = _due(gone, pending(_before(looks, gone)), window.end_s) if seamless else None
        found.append(Away(gone, None if other is None else came[other], seamless and due is None, due))
    return found


def _due(gone: RuleSeen, pending: Sequence[AlertChanged], until_s: float) -> AlertChanged | None:
    """Of what was pending when a rule went, that which it would have let fire by then: another begins its `for` anew, or asks for
    something else."""
    for one in pending:
        since_s = one.at_s if one.active_s is None else one.active_s
        mine = one.alert == gone.rule and one.group in ("", gone.group) and alerting.may_bear(gone, one.labels)
        if mine and since_s + alerting.held_s(gone) <= until_s:
            return one
    return None


def lines(rules: Sequence[RuleSeen], left: Sequence[Away]) -> Lines:
    before: Lines = {}
    for one in left:
        if one.seamless and one.back is not None:
            before.setdefault(key_of(one.back), []).extend((*before.get(key_of(one.gone), ()), one.gone))
    return {key_of(rule): [rule, *before.get(key_of(rule), ())] for rule in rules}


def newcomers(journal: Journal, mine: Sequence[RuleSeen], from_s: float) -> list[RuleSeen]:
    """Of `mine` those that a look since from_s had not found, and that came for none which went: each as it was first seen."""
    went, came, looks = [one for one in mine if one.gone], list(_came(mine)), _looks(journal)
    taken = {other for other, _ in _backs(looks, went, came).values()}
    first = {key_of(one): one for one in reversed(came)}
    new = [one for other, one in enumerate(came) if other not in taken and one is first[key_of(one)]]
    return [one for one in new if _before(looks, one) >= from_s]


def _looks(journal: Journal) -> list[float]:
    return sorted(look.seen_s for look in journal.of(Looked, probe=alerting.PROBE))


def _before(looks: Sequence[float], seen: RuleSeen) -> float:
    """The look before the one that told of it."""
    place = bisect_left(looks, seen.seen_s)
    return looks[place - 1] if place else -math.inf


def _backs(looks: Sequence[float], went: Sequence[RuleSeen], came: Sequence[RuleSeen]) -> dict[int, tuple[int, bool]]:
    """By the place of each that went that of the one which came for it, and whether no look lay between."""
    pairs: list[tuple[Match, int, int]] = []
    for number, gone in enumerate(went):
        before_s, after_s = _before(looks, gone), next(iter(looks[bisect_left(looks, gone.seen_s) :]), math.inf)
        pairs += [
            ((one.seen_s > after_s, key_of(one) != key_of(gone), one.expr != gone.expr, one.seen_s), number, other)
            for other, one in enumerate(came)
            if one.seen_s > before_s and _goes_on(gone, one)
        ]
    back: dict[int, tuple[int, bool]] = {}
    taken: set[int] = set()
    for (late, *_), number, other in sorted(pairs):
        if number not in back and other not in taken:
            back[number] = other, not late
            taken.add(other)
    return back


def _goes_on(gone: RuleSeen, one: RuleSeen) -> bool:
    """Whether it is what a rule became, not another of its name: it asks for the same, or stands in its place and is about the same."""
    placed = one.group == gone.group and one.labels == gone.labels
    return one.rule == gone.rule and (one.expr == gone.expr or (placed and not _of_others(gone.expr, one.expr)))


def _of_others(expr: str, other: str) -> bool:
    """Whether two expressions ask for different values of a label that says whom they are about."""
    mine, theirs = _whom(expr), _whom(other)
    return any(mine[label].isdisjoint(theirs[label]) for label in mine.keys() & theirs.keys())


def _whom(expr: str) -> dict[str, set[str]]:
    """What it asks for of such labels; nothing where it cannot be read."""
    found: dict[str, set[str]] = {}
    try:
        parts = [part for reading, _ in readings(expr) for part in matchers(reading.selector)[1]]
    except ValueError:
        return {}
    for part in parts:
        if part.value and WHOM.match(part.label):
            found.setdefault(part.label, set()).add(part.value)
    return found


def left_open(evidence: Evidence, quiet: Finding, gone: Sequence[Away]) -> Finding:
    """That the rules which stayed kept quiet, and nobody knows of those that went."""
    first, more = gone[0], len({key_of(one.gone) for one in gone}) - 1
    return inconclusive(
        f"{first}{f' ({more} more in the window)' if more else ''}, so that {first.silence} says nothing; of the others,"
        f" {quiet.because}",
        reason="rule_missing",
        decide="rules that stay loaded to the window's end; in `allow` those that need not",
        cites=tuple(dict.fromkeys((*cites(evidence, *(one.gone for one in gone[:3])), *quiet.cites))),
    )


def told(new: Sequence[RuleSeen]) -> str:
    """Since when these are loaded, beside others; '' for none."""
    if not new:
        return ""
    names, later = ", ".join(dict.fromkeys(one.rule for one in new[:3])), " or later" if new[1:] else ""
    return f", {len(new)} loaded only at {new[0].at_s:.1f} s{later}: {names}"


def too_late(
    evidence: Evidence, what: str, rules: Sequence[Sequence[RuleSeen]], new: Sequence[RuleSeen]
) -> Finding | None:
    """That all of these, with what each was before, are new: nobody knows what would have been before; None where one is not."""
    late = {key_of(one): one for one in new}
    found = [[late[key_of(one)] for one in line if key_of(one) in late] for line in rules]
    if not all(found):
        return None
    first = min((one for line in found for one in line), key=lambda one: one.at_s)
    return inconclusive(
        f"{what} did not fire, but the rule {first.rule}{alerting.shown(first.labels)} was loaded only at {first.at_s:.1f} s, so its"
        " silence before says nothing",
        reason="rule_missing",
        decide="a rule that is loaded from the window's beginning",
        cites=cites(evidence, first),
    )


def _came(mine: Sequence[RuleSeen]) -> Iterator[RuleSeen]:
    """The sightings at which a rule was there that had not been, until then."""
    there: set[Key] = set()
    for one in mine:
        if one.gone:
            there.discard(key_of(one))
        elif key_of(one) not in there:
            there.add(key_of(one))
            yield one
