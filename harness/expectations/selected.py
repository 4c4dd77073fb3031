"""What an alert's rule reads, as Prometheus had it: whether its silence says anything, and what was missing of it. Pure.

A counter of errors often appears with the first error, so that a right rule reads nothing while all is well. It is told from a
rule that can never fire by what else is there: the same series but for its status, the metric's help, its labels elsewhere. Of a metric
that nothing in the stack tells of, its name alone shows nothing: a slip reads so, too (`first_error`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness import alerting
from harness.ceilings import impossible
from harness.expectations.came_to_nothing import came_to_nothing, told
from harness.expectations.first_error import METRIC, TROUBLE, Meeting, may_be, name_told, open_still, unheard
from harness.expectations.outcome_labels import OUTCOME, never_comes
from harness.facts import ContainerSeen, PartSeen, RuleSeen, SelectorSeen
from harness.journal import Journal
from harness.promql import matchers, wanting
from harness.promql_parts import part_of
from harness.verdict import Details

TARGET = ("job", "instance")
"""Labels that every series of a target bears, also those that are not there yet."""
WHOM = re.compile(
    r"^(job|instance|service|app|component|namespace|container|dependency|peer|upstream|target|backend|store|database|db|cache|"
    r"queue|topic|route|path|handler|endpoint)$"
)
"""Labels that say where it went wrong: a name that is found nowhere else may be none."""

LABELS = "labels that the series have; or, where they only come with the first error, a counter that begins at 0"


@dataclass(frozen=True)
class Read:
    """What is known of a rule's readings in a stretch. `blind`: why it could not hold, said of it ("reads …"), and `reason` its code;
    `decide` what would mend it, and `too_early` that only a longer run could; `unborn`: what had no series and may be right all the same, `unheard` what is to be said of its name; `untold`: why
    nobody knows. All '' where it had what it reads, or nobody looked."""

    blind: str = ""
    reason: str = ""
    decide: str = ""
    too_early: bool = False
    unborn: str = ""
    unheard: str = ""
    untold: str = ""
    facts: tuple[SelectorSeen | PartSeen, ...] = ()


@dataclass(frozen=True)
class Missed:
    """Why an alert did not come, in words, and the reason's code; '' where its expression did not hold. `decide`: what would tell,
    where it could not have come in this run whatever was done."""

    said: str = ""
    reason: str = "missed"
    decide: str = ""


def read(journal: Journal, rule: RuleSeen, start_s: float, end_s: float, meeting: Meeting | None = None) -> Read:
    """`meeting`: what the load met until end_s, where that may tell of a metric that never was."""
    if never := _never(journal, rule):
        return Read(blind=never, reason="rule_impossible", decide="a rule that asks for what its expression can give")
    seen = {one.selector: one for one in journal.of(SelectorSeen)}
    made = {one.part: one for one in journal.of(PartSeen)}
    met: list[SelectorSeen | PartSeen] = [one for one in seen.values() if one.selector == rule.expr and one.why]

    def has(selector: str) -> bool:
        one = seen.get(selector)
        if one is None:
            return True
        met.append(one)
        known = bool(one.why) or _there(one, start_s, end_s) or may_come(journal, one, end_s)
        return known or (meeting is not None and may_be(one, meeting))

    def makes(node: Any) -> str:
        part = part_of(node)
        met.extend([made[part.text]] if part and part.text in made else [])
        return came_to_nothing(journal, node, seen, made)

    try:
        missing = wanting(alerting.loaded(journal), rule, has, makes)
    except ValueError:
        missing = ()
    if missing and missing[0] in made:
        nothing = told(journal, made[missing[0]], seen)
        mend, facts = nothing.decide, (made[missing[0]],)
        return Read(f"reads {nothing.said}", "no_series", mend, nothing.too_early, facts=facts)
    if missing:
        lacking = tuple(seen[selector] for selector in missing if selector in seen)
        if meeting and unheard(lacking[0]):
            why = f"{lacking[0].selector}, which no series has: {open_still(lacking[0], meeting)}"
            return Read(f"reads {why}", "no_series", f"{METRIC}; or a phase whose error brings it", facts=lacking)
        mend = METRIC if _nameless(lacking[0]) else LABELS
        return Read(f"reads {said(lacking[0], start_s)}", "no_series", mend, facts=lacking)
    unborn = [one for one in met if isinstance(one, SelectorSeen) and not one.why and not _there(one, start_s, end_s)]
    untold = [one for one in met if one.why]
    return Read(
        unborn=unborn[0].selector if unborn else "",
        unheard=name_told(unborn[0]) if unborn else "",
        untold=untold[0].why if untold else "",
        facts=(*untold[:1], *unborn[:1]),
    )


def plain(selector: str) -> str:
    """A selector without its labels that tell an outcome; '' where it has none. Raises ValueError."""
    metric, parts = matchers(selector)
    rest = [part.text for part in parts if not OUTCOME.search(part.label)]
    return f"{metric}{{{','.join(rest)}}}" if metric and len(rest) < len(parts) else ""


def said(one: SelectorSeen, start_s: float) -> str:
    """A selector that gave nothing, and why, as far as that is known."""
    before = [until_s for _, until_s in one.spans if until_s < start_s + one.step_s]
    if before:
        return f"{one.selector}, which gave no sample from {before[-1]:.1f} s on"
    if one.spans:
        return f"{one.selector}, which gave no sample before {one.spans[0][0]:.1f} s"
    if not one.of_metric and one.metric:
        other = " (there was one before this run)" if one.before else f" (there is {one.like})" if one.like else ""
        known = f": there is no metric {one.metric}{other}" if _nameless(one) else ""
        return f"{one.selector}, which no series has{known}{_nowhere(one)}"
    nothing = "''"
    there = "; ".join(
        f"no {label} is there" if values == nothing else f"{label} is {values} there"
        for label, values in one.strange.items()
    )
    return f"{one.selector}, which no series has{f': {there}' if there else ''}{_nowhere(one)}"


def missed(journal: Journal, rules: Sequence[RuleSeen], start_s: float, end_s: float) -> Missed:
    """What of that which the rules read was not there, or went, from start_s to end_s, or that none of them can ever hold."""
    never = [_never(journal, rule) for rule in rules]
    if never and all(never):
        return Missed(f"its rule {never[0]}", "rule_impossible")
    reads = [(rule, read(journal, rule, start_s, end_s)) for rule in rules]
    early = [(rule, found) for rule, found in reads if found.too_early]
    tried = [(rule, found) for rule, found in reads if not found.too_early]
    why = next((told for rule, found in tried if (told := _lacked(journal, rule, found, start_s, end_s))), "")
    if not early:
        return Missed(why)
    rule, found = early[0]
    if not tried:
        return Missed(f"its rule {found.blind}", found.reason, found.decide)
    apart = any(not alerting.may_bear(rule, other.labels) for other, _ in tried)
    decide = f"{found.decide}{', or `labels` of the rule that is meant' if apart else ''}"
    others = why or "its expression never held"
    return Missed(f"of its rules one {found.blind}; of what else makes it: {others}", found.reason, decide)


def _lacked(journal: Journal, rule: RuleSeen, found: Read, start_s: float, end_s: float) -> str:
    """What of that which a rule reads was not there, or went, from start_s to end_s; ''."""
    if found.blind:
        return f"its rule {found.blind}"
    if found.unborn:
        return f"its rule reads {found.unborn}, of which there was nothing"
    for one in _of(journal, rule):
        if gap := _gap(one, start_s, end_s):
            from_s, until_s = gap
            until = "on" if math.isinf(until_s) else f"to {until_s:.1f} s"
            return f"{one.selector}, which its rule reads, gave no sample from {from_s:.1f} s {until}"
    return ""


def _never(journal: Journal, rule: RuleSeen) -> str:
    """Why it can never hold, as far as what it reads was asked; ''."""
    last_le = {one.selector: one.last_le for one in journal.of(SelectorSeen)}
    try:
        return impossible(alerting.loaded(journal), rule, last_le.get)
    except ValueError:
        return ""


def shown(journal: Journal, rules: Sequence[RuleSeen], end_s: float) -> Details:
    """What each selector of the rules gave last until the end of the phase."""
    ones = {one.selector: one for rule in rules for one in _of(journal, rule)}
    return tuple((selector, _last(one, end_s)) for selector, one in ones.items() if not one.why)


def _last(one: SelectorSeen, end_s: float) -> str:
    known = [(at_s, value) for at_s, value in one.last if at_s <= end_s]
    if not known:
        return "no series" if not one.spans else f"no sample before {one.spans[0][0]:.1f} s"
    at_s, value = known[-1]
    return f"{'NaN' if value is None else f'{value:g}'} at {at_s:.1f} s, the greatest of its last values"


def _of(journal: Journal, rule: RuleSeen) -> list[SelectorSeen]:
    """All that a rule reads, as far as it was asked."""
    seen = {one.selector: one for one in journal.of(SelectorSeen)}
    found: dict[str, SelectorSeen] = {}

    def has(selector: str) -> bool:
        if selector in seen:
            found[selector] = seen[selector]
        return True

    try:
        wanting(alerting.loaded(journal), rule, has)
    except ValueError:
        return []
    return list(found.values())


def _there(one: SelectorSeen, start_s: float, end_s: float) -> bool:
    return any(from_s - one.step_s < end_s and until_s + one.step_s > start_s for from_s, until_s in one.spans)


def _gap(one: SelectorSeen, start_s: float, end_s: float) -> tuple[float, float] | None:
    """The longest stretch from start_s to end_s in which what had been there was not: when it went, and when it was back (infinite
    where never). None where that is no longer than a step or two, or it was never there before."""
    spans = sorted(one.spans)
    backs = [from_s for from_s, _ in spans[1:]] + [math.inf]
    gaps = [(until_s, back_s) for (_, until_s), back_s in zip(spans, backs, strict=True)]
    known = [(min(back_s, end_s) - max(gone_s, start_s), gone_s, back_s) for gone_s, back_s in gaps]
    longest_s, gone_s, back_s = max(known, default=(0.0, 0.0, 0.0))
    return (gone_s, back_s) if longest_s > 2 * one.step_s else None


def may_come(journal: Journal, one: SelectorSeen, end_s: float) -> bool:
    """Whether one that had no series may be right: it tells of what goes wrong, and nothing had."""
    metric, parts = matchers(one.selector)
    trouble = bool(TROUBLE.search(metric)) or metric.startswith("ALERTS")
    if one.spans:  # it came later, or had gone
        later = all(from_s >= end_s for from_s, _ in one.spans)
        return later and (trouble or any(OUTCOME.search(part.label) for part in parts))
    if not one.of_metric:
        return (one.described or metric.startswith("ALERTS")) and not one.like and not one.unknown
    if one.plain or not trouble or "le" in one.strange:  # no bucket comes with trouble
        return one.plain and not never_comes(one, parts)
    named = _names(journal)
    strange = [part for part in parts if part.label in one.unknown and WHOM.match(part.label)]
    return all(part.label not in TARGET and part.value.lower() in named for part in strange)


def _nameless(one: SelectorSeen) -> bool:
    """Whether no metric of that name was there in the run, and none is known to come."""
    never = bool(one.metric) and not one.spans and not one.of_metric
    return never and (bool(one.like) or not one.described)


def _nowhere(one: SelectorSeen) -> str:
    return f"; nothing in Prometheus has such a {', '.join(one.unknown)}" if one.unknown else ""


def _names(journal: Journal) -> set[str]:
    """What the stack's parts are called: services, their other names, their images, and the words in them."""
    found: set[str] = set()
    for seen in journal.of(ContainerSeen):
        for name in (seen.service, *seen.names, seen.image):
            found |= {name.lower(), *re.split(r"[^a-z0-9]+", name.lower())}
    return found - {""}
