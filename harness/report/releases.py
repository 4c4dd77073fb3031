"""What became of each bad release, told in words: its instants with who and upon what, and the times between them. Pure.

Everything is the verdict's document's; the facts that its instants cite say who did it and upon which evidence. What people
did meanwhile (harness.report.people) stands among the instants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.expectations.release_story import SPANS as TOLD
from harness.facts import (
    AlertChanged,
    Deployed,
    Fact,
    Injecting,
    LeverAnswered,
    LeverAsked,
    LeverEnded,
    LeverHeld,
    LeverPulled,
    Paged,
    ReleaseSeen,
)
from harness.quantities import numbered
from harness.report.people import WRITER, Deed, deed_of, deeds

if TYPE_CHECKING:
    from harness.report.story import Story

NAMES = {
    "last_bad": "last bad answer",
    "recovered": "restored",
    "trigger": "trigger came",
}
"""Instants that are called otherwise than in verdict.json; `taken_back` is told as `taken back`."""
NEVER = ("exposed", "impact", "detected", "paged", "decided", "last_bad", "recovered")
"""Instants whose absence is told."""
SPANS = {name: (one, then) for name, one, then in TOLD}
"""From which instant to which a duration is; one that is not named here is told without."""

RUNS = {"good": "the good release", "bad": "the bad release", "other": "another release", "gone": "no more"}


@dataclass(frozen=True)
class Step:
    """An instant in [low_s, high_s], or something that a person did: `said` tells who, what and upon which evidence."""

    name: str
    low_s: float
    high_s: float
    said: str = ""
    cite: str = ""
    bad: bool = False

    @property
    def when(self) -> str:
        return span(self.low_s, self.high_s)


@dataclass(frozen=True)
class Between:
    """How long from one instant to another, between these bounds, s."""

    name: str
    low_s: float
    high_s: float
    first: Step | None = None
    then: Step | None = None

    @property
    def took(self) -> str:
        return span(self.low_s, self.high_s)


@dataclass(frozen=True)
class ReleaseView:
    """One bad release: `steps` in the order of time, `never` the instants that did not come."""

    fault: str
    name: str
    summary: str
    steps: tuple[Step, ...]
    between: tuple[Between, ...]
    never: tuple[str, ...]

    def after_exposure(self, step: Step) -> str:
        """How long after the bad release was exposed, '' for what came before or is not known."""
        exposed = next((one for one in self.steps if one.name == "exposed"), None)
        if exposed is None or step is exposed or step.low_s < exposed.low_s:
            return ""
        return span(max(0.0, step.low_s - exposed.high_s), step.high_s - exposed.low_s)


def releases(story: Story) -> list[ReleaseView]:
    """Those that were deployed; [] for a drill without any."""
    told = story.document.get("releases", ())
    return [_view(story, one, told) for one in told]


def named(name: str) -> str:
    """An instant as it is called in a report."""
    return NAMES.get(name, name.replace("_", " "))


def never(told: Mapping[str, Any]) -> list[str]:
    """Instants of a release, as verdict.json tells of it, that did not come; of its last answer only where answers name it."""
    return [name for name in NEVER if name not in told["instants"] and (told["version"] or name != "last_bad")]


def span(low_s: float, high_s: float) -> str:
    return f"{low_s:.1f} s" if high_s - low_s < 0.05 else f"{low_s:.1f}–{high_s:.1f} s"


def few_users(told: Mapping[str, Any]) -> str:
    """That few users stood for all, so that what a release does to some of them may not have been met; '' where many did."""
    users = told.get("users") or {}
    if not users.get("few"):
        return ""
    idle = users["of"] - users["asked"]
    none = f", and {idle} sent none" if idle else ""
    share = sum(users["foremost"]) / users["requests"]
    return (
        f"{len(users['foremost'])} of {users['of']} users sent {100 * share:.0f} % of the requests meanwhile{none}: what it "
        "does to some users only may not have been met (they take turns without `users_at_least`, or with a higher one)"
    )


def _view(story: Story, told: Mapping[str, Any], every: list[Mapping[str, Any]]) -> ReleaseView:
    instants = told["instants"]
    called = told["version"] or f"the bad release of {', '.join(told['services'])}"
    made = {name: _step(story, name, at, called, told) for name, at in instants.items()}
    others = {step.cite for name, step in made.items() if name != "trigger" and step.cite}
    steps = [step for name, step in made.items() if name != "trigger" or step.cite not in others]
    cited = {step.cite for step in steps}
    steps += [_by_a_person(one) for one in _meanwhile(story, told["fault"], every) if cited.isdisjoint(one.cites)]
    between = tuple(_between(name, took, made) for name, took in _in_order(told["durations"]))
    return ReleaseView(
        told["fault"],
        called,
        _summary(told),
        tuple(sorted(steps, key=lambda step: (step.low_s, step.high_s))),
        between,
        tuple(map(named, never(told))),
    )


def _summary(told: Mapping[str, Any]) -> str:
    """Of how many answers all this is told, and what still runs the bad release."""
    of = ", ".join(told["services"])
    parts = [
        f"Version {told['version']} of {of}" if told["version"] else f"A release of {of}; no answer named its version"
    ]
    if told["version"]:
        after = numbered(told["answers_after"], "answer")
        parts.append(f"it gave {numbered(told['bad_answers'], 'answer')}, and {after} of others came after the last")
    if halved := told.get("halved"):
        has = "; ".join(f"{name} still had its {' and its '.join(its)}" for name, its in halved.items())
        parts.append(f"taken back in part: at the end of its phase {has}")
    if still := told["still_bad"]:
        parts.append(f"{', '.join(still)} still ran it at the end of its phase")
    if few := few_users(told):
        parts.append(few)
    return "; ".join(parts)


def _step(story: Story, name: str, at: Mapping[str, Any], called: str, told: Mapping[str, Any]) -> Step:
    fact = story.journal.by_cite.get(at["cite"])
    said = {
        "deployed": f"{told['version'] or 'it'} onto {', '.join(told['services'])}, by the harness",
        "exposed": f"the first answer of {called}" if told["version"] else "the first container was seen to run it",
        "impact": "the steady state was broken for the first time",
        "last_bad": f"the last answer of {called}",
        "taken_back": "no container runs any of it any more",
        "recovered": "steady again, and it held",
        "clean": "no alert of that time fires, and orders have come to rest (looked at when the load is over)",
    }.get(name, "")
    bad = isinstance(fact, LeverEnded) and fact.exit_code != 0
    return Step(named(name), at["low_s"], at["high_s"], said or _told_by(story, fact), at["cite"], bad)


def _told_by(story: Story, fact: Fact | None) -> str:  # noqa: PLR0911 (one line per kind of fact reads best as a table)
    match fact:
        case None:
            return ""
        case AlertChanged():
            return f"alert {fact.alert} {fact.state}"
        case Paged():
            return f"page {fact.alert} to {fact.receiver}"
        case LeverPulled():
            upon = _told_by(story, story.journal.by_cite.get(fact.trigger))
            command = f": {fact.command}" if fact.command else ""
            held = ", while it still went out" if story.journal.first(LeverHeld, lever=fact.lever) else ""
            return f"by {fact.by}{command}{f', upon {upon}' if upon else ''}{held}"
        case LeverEnded():
            return fact.detail or ("killed" if fact.exit_code is None else f"exit code {fact.exit_code}")
        case LeverAsked():
            return f"on the terminal: {fact.question}" if fact.there else "there was no terminal to ask on"
        case LeverAnswered():
            return f"on the terminal: {fact.text}"
        case ReleaseSeen():
            runs = f"a part of the bad release ({', '.join(fact.stayed)})" if fact.stayed else RUNS[fact.release]
            return f"nobody said so: {fact.container} was found to run {runs}"
        case Deployed():
            return f"{fact.service} got {fact.image}, by {fact.by}"
    return _said(deed_of(story, fact)) if fact.writer.startswith(WRITER) else ""


def _meanwhile(story: Story, fault: str, every: list[Mapping[str, Any]]) -> Iterator[Deed]:
    """What people did from the beginning of this deployment to that of the next."""
    began = {one["fault"]: story.journal.first(Injecting, fault=one["fault"]) for one in every}
    from_s = {name: fact.seen_s for name, fact in began.items() if fact is not None}
    start_s = from_s.get(fault, 0.0)
    until_s = min((at_s for at_s in from_s.values() if at_s > start_s), default=float("inf"))
    return (deed for deed in deeds(story) if start_s <= deed.start_s < until_s)


def _by_a_person(deed: Deed) -> Step:
    return Step(deed.name, deed.start_s, deed.end_s, _said(deed), deed.cites[-1], bool(deed.bad))


def _said(deed: Deed) -> str:
    return ": ".join(part for part in (f"by {deed.who}", deed.said) if part)


def _in_order(durations: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """In the order of SPANS, those that are not there after them."""
    known = list(SPANS)
    return sorted(durations.items(), key=lambda one: known.index(one[0]) if one[0] in SPANS else len(known))


def _between(name: str, took: Mapping[str, Any], made: Mapping[str, Step]) -> Between:
    first, then = (made.get(end) for end in SPANS.get(name, ("", "")))
    return Between(name.replace("_", " "), took["low_s"], took["high_s"], first, then)
