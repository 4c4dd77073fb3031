"""The story of one bad release held against a claim of its return: the first thing that is wrong, with its own name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.expectations import release_watched
from harness.expectations.alerts import start_of
from harness.expectations.another_release import another_release, listed
from harness.expectations.base import Evidence
from harness.expectations.command_end import ended_ill
from harness.expectations.harm_left import HarmLeft, harm_left, harm_may_be_told
from harness.expectations.left_off import left_off
from harness.expectations.made_aside import made_aside
from harness.expectations.page_unheard import ASKED_S
from harness.expectations.prompted import Unprompted, decided_by, unprompted
from harness.expectations.release_errors import OwnErrors, own_errors
from harness.expectations.release_harm import felt_beside, felt_untold, restored_while_bad
from harness.expectations.release_story import ORIGINS, SINCE, ReleaseStory
from harness.expectations.requests import GAP_S as LOAD_GAP_S
from harness.expectations.still_broken import still_broken
from harness.facts import LeverEnded, LoadEnded
from harness.journal import Window
from harness.quantities import numbered, spell
from harness.verdict import Finding, Measure, Outcome, failed, inconclusive, passed

if TYPE_CHECKING:
    from harness.expectations.rolled_back import RolledBack

SIGNAL_LAG_S = 3.0  # a page or an alert of the last moment is known so late
LEAST = 20  # answers of another version that show the bad one to be gone, where nobody looked at the containers; more of a rare one


class ReturnJudged:
    """One story held against one claim."""

    def __init__(self, claim: RolledBack, evidence: Evidence, story: ReleaseStory, start_s: float) -> None:
        self.claim, self.evidence, self.story, self.start_s = claim, evidence, story, start_s
        self.limit_s = start_s + claim.within_s
        self.overdue = story.bad.sent_after(self.limit_s)
        self.told_late = story.seen.told_after(self.limit_s)
        version = story.version or story.seen.version
        self.name = f"version {version}" if version else f"the bad release of {', '.join(story.services)}"

    def finding(self) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
        story, journal = self.story, self.evidence.journal
        if not story.closed:
            if self._served_late():
                return self._still_there()
            return self._unsaid("its window was not over", reason="window_open", decide="the end of the phase's `then`")
        if not story.told:
            return self._unsaid(
                "no answer named a version, and no container's image was read, so nobody knows what served",
                reason="no_version",
                decide="load.version_header (X-Version when left out): the header in which each answer names its version; or the "
                "release's own `version`",
            )
        unseen = release_watched.unseen(self.evidence, story, self.start_s)
        if unseen:
            if self._served_late():
                return self._still_there()
            return self._unsaid(unseen, reason="not_watched", decide="load and containers seen all the time")
        if story.open and not journal.last(LoadEnded) and not len(self.overdue):
            return self._unsaid(f"{story.open} answers were still awaited", reason="window_open", decide="their end")
        late = self._served_late()  # what was known of that when the limit passed, nothing that comes later undoes
        if self._signal_may_come() and not late:
            return self._unsaid(
                "a page may still be on its way", reason="window_open", decide=f"{SIGNAL_LAG_S:g} s more"
            )
        if self._serves_at_the_end():
            return self._still_there()
        if story.seen.still and not late:
            last = max(seen.at_s for seen in story.seen.still)
            return self._unsaid(
                f"its version was last told at {self._at(last)}, and nobody said later what had become of it",
                reason="too_few",
                decide="a look at every replica's version after the rollback",
            )
        gone, least = story.gone, max(LEAST, story.needed)
        unsure = gone is None or (not self._containers_told() and len(story.others) < least)
        if unsure and late:
            return self._still_there()
        if gone is None and (another := another_release(self.evidence, story)):
            return self._on(another)
        if gone is None or unsure:
            few = f"only {len(story.others)} answers came after the last that it gave"
            decide = f"at least {least} answers that name a version"
            if story.neither:
                few = f"{', '.join(story.neither)} {'runs' if len(story.neither) == 1 else 'run'} another release than it and the good one, and {few}"
                decide += ", or the good release's image, variables and command on each container"
            return self._unsaid(few, reason="too_few", decide=decide)
        return self._gone(gone.low_s, gone.high_s)

    # --- the two ends of the story ---------------------------------------------------------------------------------------

    def _still_there(self) -> Finding:  # noqa: PLR0911
        """The bad release still serves: why, as far as is known."""
        claim, story = self.claim, self.story
        still = self._still()
        unseen = "acknowledged" not in story.at
        # Asked when the limit had passed already, nobody could have kept it.
        asked = story.asked is not None and story.asked.seen_s <= self.limit_s
        if claim.by == "human" and asked and story.asked is not None and not story.asked.there and unseen:
            return self._unsaid(
                f"nobody could be asked, for there was no terminal; {still}",
                reason="not_asked",
                decide="a terminal, or a person who uses `drill ack` and `drill exec` beside the run",
            )
        ended = story.ended
        done = story.pulled is None if ended is None else ended.exit_code == 0
        if story.halved and not story.still_bad and done:
            return self._failed(reason="taken_back_in_part", said=f"it was taken back in part alone: {still}")
        if ended is not None and ended.exit_code == 0 and self._served_after(ended.seen_s):
            after = story.bad.sent_after(ended.seen_s)
            said = f"{self._shown()} ended with 0 at {self._at(ended.seen_s)}, but {still}"
            # Where one container alone runs it, its are all the answers of that version.
            who = story.still_bad[0].container if len(story.still_bad) == 1 else "it"
            count = f"; {who} answered {numbered(len(after), 'request')} sent after that" if len(after) else ""
            last = [after.cite(len(after) - 1)] if len(after) else []
            return self._failed(reason="said_done_but_still_serving", said=said + count, more=last)
        if ended is not None and ended.exit_code != 0:
            return self._failed(reason="rollback_failed", said=f"{self._shown()} {ended_ill(ended)}; {still}")
        if story.closed and restored_while_bad(self.evidence, story) and not self._harms(story.end_s - LOAD_GAP_S):
            said = f"the steady state came back though nobody took the release back: {still}"
            return self._failed(reason="restored_without_rollback", said=said)
        if story.pulled is not None:
            return self._failed(
                reason="late", said=f"the lever was pulled at {self._at(story.pulled.seen_s)}, but {still}"
            )
        if story.partly and "decided" in story.at:
            return self._failed(reason="late", said=f"it was taken back in part alone: {still}")
        return self._failed(reason="never_decided", said=f"{self._undecided()}; {still}")

    def _gone(self, low_s: float, high_s: float) -> Finding:  # noqa: PLR0911
        """The bad release has left: in time, and for the right reason?"""
        claim, story = self.claim, self.story
        decided, signal, wrong = story.at.get("decided"), story.at.get("trigger"), self._unprompted()
        measure = Measure(
            round(low_s - self.start_s, 3), round(high_s - self.start_s, 3), "s", "census" if story.version else "grid"
        )
        left = f"{self.name} left at {self._at(high_s)}"
        if claim.by == "runbook" and story.pulled is None:
            waited = "" if signal else f": {self._undecided()}"
            return self._failed(
                reason="wrong_trigger", said=f"{left}, but not by the runbook's command{waited}", measure=measure
            )
        before = story.at.get("taken_back")
        if claim.by == "runbook" and story.pulled is not None and before and before.high_s < story.pulled.seen_s:
            pulled = f"which was started only at {self._at(story.pulled.seen_s)}"
            said = f"{left}, taken back by another hand before the runbook's command, {pulled}"
            return self._failed(reason="wrong_trigger", said=said, measure=measure)
        if wrong is not None and not wrong.decide:
            return self._failed(reason=wrong.reason, said=f"{left}, {wrong.said}", measure=measure)
        late = low_s > self.limit_s if story.by_looks else self._served_late()
        own = own_errors(story)
        harmed = self._harms(story.begun_s) or own.harm is True
        if story.healthy and claim.trigger.is_fact and not harmed:
            if claim.harm is not None and not claim.harm.watched(self.evidence.journal, story.begun_s, story.end_s):
                if late:
                    return self._failed(reason="late", said=left, measure=measure)
                unseen = f"{left}, and {claim.harm.query} was not seen all the time"
                return self._unsaid(unseen, reason="not_watched", decide="Prometheus answering all the time")
            if own.harm is None and not late:
                said = f"{left}, and no steady condition was broken before; {own}"
                return self._unsaid(
                    said, reason="too_few", decide="more answers of it before the decision", measure=measure
                )
            said = f"{left}, but no steady condition was broken before: a healthy version was rolled back"
            return self._failed(reason="false_rollback", said=said, measure=measure)
        if late:
            if decided is not None and decided.low_s > self.limit_s:
                said = f"{left}, decided only at {self._at(decided.high_s)}"
                return self._failed(reason="decided_late", said=said, measure=measure)
            count = (
                f"; it answered {numbered(len(self.overdue), 'request')} sent after the limit"
                if len(self.overdue)
                else ""
            )
            return self._failed(reason="late", said=f"{left}{count}", measure=measure)
        if story.by_looks and high_s > self.limit_s:
            return self._unsaid(
                f"{left}, too near the limit to tell",
                reason="too_near",
                decide="a version in every answer",
                measure=measure,
            )
        return self._well(left, high_s, harmed, own, measure)

    def _well(self, left: str, high_s: float, harmed: bool, own: OwnErrors, measure: Measure) -> Finding:  # noqa: PLR0911
        """It has left in time and for the right reason: is the service well again?"""
        claim, story = self.claim, self.story
        if "recovered" not in story.at:
            wrong = still_broken(self.evidence, story.begun_s, high_s, story.end_s)
            named = ": " + "; ".join(one.said for one in wrong) if wrong else ""
            named += f"; {self._ill_end()}" if self._ill_end() else ""
            said = f"{left}, but the steady state was not back, and held, by {self._at(story.end_s)}{named}"
            shown = [cite for one in wrong for cite in one.cites]
            return self._failed(reason="rolled_back_and_still_broken", said=said, measure=measure, more=shown)
        back = f"{left} (limit {spell(claim.within_s)}) and the steady state {self._since_back()}"
        if story.ended is not None and story.ended.exit_code != 0 and claim.by == "runbook":
            return self._ended_ill(story.ended, f"{back}, but {self._ill_end()}", measure)
        compared = None
        if claim.as_before is not None:
            compared = claim.as_before.check(self.evidence, story.at["recovered"].high_s, story.end_s)
        if compared is not None and compared.outcome is not Outcome.PASSED:
            cited = tuple(dict.fromkeys((*self._cites(), *compared.cites)))
            return replace(compared, because=f"{back}, but {compared.because}{self._durations()}", cites=cited)
        doubtful = claim.trigger.is_fact and not harmed
        beside = felt_beside(self.evidence, story) if doubtful else None
        if beside is not None:
            return self._unsaid(
                f"{beside}, and all that users felt before the decision is that answers came late: whether the release harmed "
                f"anybody cannot be told; {back}",
                reason="host_disturbed",
                decide="the same drill on a machine that others leave alone",
                measure=measure,
                more=beside.cites,
            )
        another = another_release(self.evidence, story)
        if another:
            return self._on(f"{back}, but {another}", measure)
        if claim.harm is not None and harm_may_be_told(self.evidence, story, claim.harm, high_s):
            told = f"{back}, and {claim.harm.query} may still be told"
            return self._unsaid(told, reason="window_open", decide="the run's end", measure=measure)
        harm = harm_left(self.evidence, story, claim.harm, high_s) if claim.harm is not None else None
        if harm is not None and harm.open:
            said = f"{back}, but {self._harm(harm)}"
            decide = "a `healed` for the step that undoes it; where nothing can, a `harm` that is over when the release has left"
            return self._unsaid(said, reason="harm_left", decide=decide, measure=measure, more=(harm.cite,))
        unsure = self._unprompted()
        if unsure is not None:
            said = f"{back}, {unsure.said}"
            return self._unsaid(said, reason=unsure.reason, decide=unsure.decide, measure=measure)
        others = len(story.others)
        census = (
            f"; {others} requests after it were answered by {listed(story.others.names())}" if story.version else ""
        )
        census += f"; no steady condition was broken before, but {own}" if story.healthy and own.harm else ""
        census += f"; {self._ill_end()}" if self._ill_end() else ""
        census += f"; {self._harm(harm)}" if harm is not None else ""
        census += left_off(self.evidence.journal, story)
        census += made_aside(self.evidence.journal, story.services, story.begun_s, story.end_s)
        unknown = felt_untold(self.evidence, story) if doubtful else ""
        return passed(
            f"{back}{census}{f'; {compared.because}' if compared else ''}{self._durations()}",
            measure=measure,
            cites=self._cites(),
            details=(("machine", unknown),) if unknown else (),
        )

    def _on(self, said: str, measure: Measure | None = None) -> Finding:
        """It has left, and what came is not what was before: that may have been meant."""
        decide = (
            "a rollback to what ran before, as COMPOSE_FILE states it; of a way on to a mended release `recovers` tells"
        )
        return self._unsaid(said, reason="another_release", decide=decide, measure=measure)

    def _ended_ill(self, ended: LeverEnded, said: str, measure: Measure) -> Finding:
        """All is well as far as it is seen, and the runbook says that it is not; of a command that was killed nobody knows."""
        if ended.exit_code is None:
            decide = "a command that ends by itself, within its `timeout`"
            return self._unsaid(said, reason="command_killed", decide=decide, measure=measure)
        return self._failed(reason="rollback_failed", said=said, measure=measure, census=False)

    # --- what is known ---------------------------------------------------------------------------------------------------

    def _harms(self, since_s: float) -> bool:
        """Whether the number that tells of its harm was beyond its limit since then."""
        harm, end_s = self.claim.harm, self.story.end_s
        return harm is not None and any(
            look.well is False for look in harm.looks(self.evidence.journal, since_s, end_s)
        )

    def _harm(self, left: HarmLeft) -> str:
        limit = self.claim.harm.limit if self.claim.harm is not None else ""
        return f"{left.look.worst.query} was still {left.look.said} at {self._at(left.look.at_s)} (limit {limit})"

    def _ill_end(self) -> str:
        """How the rollback's command ended, where it was not with 0; else ''."""
        ended, pulled = self.story.ended, self.story.pulled
        if ended is None:
            runs = pulled is not None and pulled.command
            return f"{self._shown()} had not ended by {self._at(self.story.end_s)}" if runs else ""
        if ended.exit_code == 0:
            return ""
        return f"{self._shown()} {ended_ill(ended)} at {self._at(ended.seen_s)}"

    def _signal_may_come(self) -> bool:
        """Whether a page or an alert from before the decision may not be known yet; of a runbook its pull tells."""
        claim, decided = self.claim, decided_by(self.story)
        if claim.by == "runbook" or not claim.trigger.is_fact or "trigger" in self.story.at or decided is None:
            return False
        return self.evidence.journal.end_s < decided.high_s + SIGNAL_LAG_S

    def _unprompted(self) -> Unprompted | None:
        """A runbook's own pull tells upon what it was."""
        claim = self.claim
        if claim.by == "runbook":
            return None
        decided, story = decided_by(self.story), self.story
        until_s = decided.high_s + ASKED_S if decided else story.end_s
        unheard = claim.unheard(self.evidence, Window(story.begun_s, until_s))
        return unprompted(claim.trigger, self.evidence, story, self.start_s, unheard)

    def _containers_told(self) -> bool:
        return bool(self.story.still_bad) or "taken_back" in self.story.at

    def _served_late(self) -> bool:
        return len(self.overdue) > 0 or len(self.told_late) > 0

    def _served_after(self, at_s: float) -> bool:
        """Whether the bad release was seen after an instant: not so where its replica's last word is older."""
        story = self.story
        told = story.seen.told_after(at_s)
        return bool(story.still_bad or told or len(story.bad.sent_after(at_s))) or not story.seen.still

    def _serves_at_the_end(self) -> bool:
        story = self.story
        if story.still_bad or story.halved or any(seen in self.told_late for seen in story.seen.still):
            return True
        last = story.at.get("last_bad")
        return last is not None and last.high_s > story.end_s - min(self.evidence.steady.for_s, LOAD_GAP_S)

    def left_s(self) -> float:
        """When it had left, at the earliest; while its window is open it may still do so, and what serves then never has."""
        story = self.story
        if story.closed and self._serves_at_the_end():
            return math.inf
        if story.gone is not None:
            return story.gone.low_s
        return math.inf if story.closed else self.evidence.journal.end_s

    def _still(self) -> str:
        """Who still serves the bad release, and how much."""
        story = self.story
        parts = []
        if story.still_bad:
            names = ", ".join(f"{seen.container} ({seen.image})" for seen in story.still_bad)
            parts.append(f"{names} still {'runs' if len(story.still_bad) == 1 else 'run'} the bad release")
        parts += [f"{seen.container} still has its {' and its '.join(seen.stayed)}" for seen in story.halved]
        if story.seen.still:
            told = ", ".join(f"{seen.replica} (at {self._at(seen.at_s)})" for seen in story.seen.still)
            parts.append(f"version {story.seen.version} was the last that was told of {told}")
        if len(self.overdue):
            parts.append(
                f"{self.name} answered {numbered(len(self.overdue), 'request')} sent after the limit of "
                f"{spell(self.claim.within_s)}"
            )
        elif len(story.bad) and not story.still_bad and not story.halved:
            parts.append(f"{self.name} answered until {self._at(float(story.bad.done_s[-1]))}")
        return ", and ".join(parts) or f"{self.name} still served"

    def _undecided(self) -> str:
        claim, story = self.claim, self.story
        if claim.by == "human" and story.answered is not None:
            return f"the person at the terminal said {story.answered.text!r}"
        if claim.by == "human" and story.asked is not None and "acknowledged" in story.at:
            return f"somebody was there at {self._at(story.at['acknowledged'].low_s)}, and no rollback was begun"
        if claim.by == "human" and story.asked is not None:
            return f"nobody answered when asked at {self._at(story.asked.seen_s)}"
        if claim.by == "system" and "trigger" in story.at:
            return (
                f"nothing rolled it back, though {claim.trigger.said()} came at {self._at(story.at['trigger'].high_s)}"
            )
        if claim.by == "system":
            return "nothing rolled it back"
        return f"{claim.trigger.said()} never came, so that nobody pulled the lever"

    def _shown(self) -> str:
        """The command in a sentence."""
        return (self.story.pulled.command if self.story.pulled else "") or "the rollback"

    def _durations(self) -> str:
        since: dict[str, list[str]] = {}
        for name, low, high in self.story.spans():
            since.setdefault(SINCE[ORIGINS[name]], []).append(f"{name.replace('_', ' ')} {_span(low, high)}")
        told = [f"from {origin} {', '.join(spans)}" for origin, spans in since.items()]
        return f" ({'; '.join(told)})" if told else ""

    def _at(self, at_s: float) -> str:
        return f"{at_s - self.start_s:.1f} s"

    def _since_back(self) -> str:
        """Of a steady state that the release was not seen to break, that it held."""
        found, verb = self.story.at["recovered"], "was back" if "impact" in self.story.at else "held"
        span = _span(found.low_s - self.start_s, found.high_s - self.start_s)
        return f"{verb} from {span} after {start_of(self.evidence)} on"

    def _cites(self, *more: str) -> tuple[str, ...]:
        story = self.story
        named = [fact.cite for fact in story.facts]
        named += [story.at[name].cite for name in ("exposed", "trigger", "last_bad", "taken_back") if name in story.at]
        named += [seen.cite for seen in (*story.still_bad, *story.halved, *story.seen.still)]
        return tuple(dict.fromkeys(cite for cite in (*named, *more) if cite))

    def _failed(
        self, *, reason: str, said: str, measure: Measure | None = None, more: Sequence[str] = (), census: bool = True
    ) -> Finding:
        census = census and reason not in ("wrong_trigger", "false_rollback")
        text = f"{said}{left_off(self.evidence.journal, self.story)}{self._durations()}"
        return failed(text, reason=reason, measure=measure, cites=self._cites(*more), census=census)

    def _unsaid(
        self, said: str, *, reason: str, decide: str, measure: Measure | None = None, more: Sequence[str] = ()
    ) -> Finding:
        until = f"of {self.name}, by {self.evidence.journal.end_s:.1f} s: {said}"
        return inconclusive(until, reason=reason, decide=decide, measure=measure, cites=self._cites(*more))


def _span(low_s: float, high_s: float) -> str:
    return f"{low_s:.1f} s" if high_s - low_s < 0.05 else f"{low_s:.1f}–{high_s:.1f} s"
