"""What is known of one bad release and one claim of its return, and the words for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.expectations.base import Evidence
from harness.expectations.command_end import ended_ill
from harness.expectations.left_off import left_off
from harness.expectations.page_unheard import ASKED_S
from harness.expectations.prompted import Unprompted, decided_by, unprompted
from harness.expectations.release_story import ORIGINS, SINCE, ReleaseStory
from harness.expectations.requests import GAP_S as LOAD_GAP_S
from harness.journal import Window
from harness.verdict import Finding, Measure, failed, inconclusive

if TYPE_CHECKING:
    from harness.expectations.rolled_back import RolledBack


class ReturnKnown:
    """One story beside one claim; seconds are told from the phase's beginning (`start_s`)."""

    def __init__(self, claim: RolledBack, evidence: Evidence, story: ReleaseStory, start_s: float) -> None:
        self.claim, self.evidence, self.story, self.start_s = claim, evidence, story, start_s
        self.limit_s = start_s + claim.within_s
        self.overdue = story.bad.sent_after(self.limit_s)
        self.told_late = story.seen.told_after(self.limit_s)
        version = story.version or story.seen.version
        self.name = f"version {version}" if version else f"the bad release of {', '.join(story.services)}"

    def harms(self, since_s: float) -> bool:
        """Whether the number that tells of its harm was beyond its limit since then."""
        harm, end_s = self.claim.harm, self.story.end_s
        return harm is not None and any(
            look.well is False for look in harm.looks(self.evidence.journal, since_s, end_s)
        )

    def ill_end(self) -> str:
        """How the rollback's command ended, where it was not with 0; else ''."""
        ended, pulled = self.story.ended, self.story.pulled
        if ended is None:
            runs = pulled is not None and pulled.command
            return f"{self.shown()} had not ended by {self.at(self.story.end_s)}" if runs else ""
        if ended.exit_code == 0:
            return ""
        return f"{self.shown()} {ended_ill(ended)} at {self.at(ended.seen_s)}"

    def unprompted(self) -> Unprompted | None:
        """A runbook's own pull tells upon what it was."""
        claim = self.claim
        if claim.by == "runbook":
            return None
        decided, story = decided_by(self.story), self.story
        until_s = decided.high_s + ASKED_S if decided else story.end_s
        unheard = claim.unheard(self.evidence, Window(story.begun_s, until_s))
        return unprompted(claim.trigger, self.evidence, story, self.start_s, unheard)

    def containers_told(self) -> bool:
        return bool(self.story.still_bad) or "taken_back" in self.story.at

    def served_late(self) -> bool:
        return len(self.overdue) > 0 or len(self.told_late) > 0

    def served_after(self, at_s: float) -> bool:
        """Whether the bad release was seen after an instant: not so where its replica's last word is older."""
        story = self.story
        told = story.seen.told_after(at_s)
        return bool(story.still_bad or told or len(story.bad.sent_after(at_s))) or not story.seen.still

    def serves_at_the_end(self) -> bool:
        story = self.story
        if story.still_bad or story.halved or any(seen in self.told_late for seen in story.seen.still):
            return True
        last = story.at.get("last_bad")
        return last is not None and last.high_s > story.end_s - min(self.evidence.steady.for_s, LOAD_GAP_S)

    def shown(self) -> str:
        """The command in a sentence."""
        return (self.story.pulled.command if self.story.pulled else "") or "the rollback"

    def durations(self) -> str:
        since: dict[str, list[str]] = {}
        for name, low, high in self.story.spans():
            since.setdefault(SINCE[ORIGINS[name]], []).append(f"{name.replace('_', ' ')} {span(low, high)}")
        told = [f"from {origin} {', '.join(spans)}" for origin, spans in since.items()]
        return f" ({'; '.join(told)})" if told else ""

    def at(self, at_s: float) -> str:
        return f"{at_s - self.start_s:.1f} s"

    def cites(self, *more: str) -> tuple[str, ...]:
        story = self.story
        named = [fact.cite for fact in story.facts]
        named += [story.at[name].cite for name in ("exposed", "trigger", "last_bad", "taken_back") if name in story.at]
        named += [seen.cite for seen in (*story.still_bad, *story.halved, *story.seen.still)]
        return tuple(dict.fromkeys(cite for cite in (*named, *more) if cite))

    def failed(
        self, *, reason: str, said: str, measure: Measure | None = None, more: Sequence[str] = (), census: bool = True
    ) -> Finding:
        census = census and reason not in ("wrong_trigger", "false_rollback")
        text = f"{said}{left_off(self.evidence.journal, self.story)}{self.durations()}"
        return failed(text, reason=reason, measure=measure, cites=self.cites(*more), census=census)

    def unsaid(
        self, said: str, *, reason: str, decide: str, measure: Measure | None = None, more: Sequence[str] = ()
    ) -> Finding:
        until = f"of {self.name}, by {self.evidence.journal.end_s:.1f} s: {said}"
        return inconclusive(until, reason=reason, decide=decide, measure=measure, cites=self.cites(*more))

    def left_s(self) -> float:
        """When it had left, at the earliest; while its window is open it may still do so, and what serves then never has."""
        story = self.story
        if story.closed and self.serves_at_the_end():
            return math.inf
        if story.gone is not None:
            return story.gone.low_s
        return math.inf if story.closed else self.evidence.journal.end_s

    def undecided(self) -> str:
        claim, story = self.claim, self.story
        if claim.by == "human" and story.answered is not None:
            return f"the person at the terminal said {story.answered.text!r}"
        if claim.by == "human" and story.asked is not None and "acknowledged" in story.at:
            return f"somebody was there at {self.at(story.at['acknowledged'].low_s)}, and no rollback was begun"
        if claim.by == "human" and story.asked is not None:
            return f"nobody answered when asked at {self.at(story.asked.seen_s)}"
        if claim.by == "system" and "trigger" in story.at:
            return (
                f"nothing rolled it back, though {claim.trigger.said()} came at {self.at(story.at['trigger'].high_s)}"
            )
        if claim.by == "system":
            return "nothing rolled it back"
        return f"{claim.trigger.said()} never came, so that nobody pulled the lever"


def span(low_s: float, high_s: float) -> str:
    return f"{low_s:.1f} s" if high_s - low_s < 0.05 else f"{low_s:.1f}–{high_s:.1f} s"
