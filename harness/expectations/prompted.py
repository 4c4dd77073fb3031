"""Whether a bad release was taken back upon the signal that its claim names, or before it, or nobody can tell. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness import alerting
from harness.expectations import notifications
from harness.expectations.base import Evidence
from harness.expectations.instants import Instant
from harness.expectations.release_story import ReleaseStory
from harness.expectations.release_watched import GAP_S
from harness.expectations.triggers import Trigger
from harness.facts import MonitoringFound
from harness.verdict import Finding


@dataclass(frozen=True)
class Unprompted:
    """`said` goes on after when it left; `decide` is '' where it surely was taken back without its signal."""

    said: str
    reason: str = "wrong_trigger"
    decide: str = ""


def decided_by(story: ReleaseStory) -> Instant | None:
    """By when taking it back was decided, surely and at the latest; None while nobody knows that it was.

    What changes no container tells nobody of a decision: it was taken before so many answers in a row were another version's.
    """
    decided, gone = story.at.get("decided"), story.gone
    if decided is not None or gone is None:
        return replace(decided, low_s=decided.low_s if _unwatched(decided) else decided.high_s) if decided else None
    if not story.version:
        return Instant(gone.high_s, gone.high_s, gone.cite)
    others = story.others
    return Instant(gone.high_s, float(others.done_s[min(story.needed, len(others)) - 1]), gone.cite)


def _unwatched(decided: Instant) -> bool:
    """Whether so long nobody looked that a signal of that time may have come after it as well."""
    return decided.high_s - decided.low_s > GAP_S


def unprompted(
    trigger: Trigger, evidence: Evidence, story: ReleaseStory, start_s: float, unheard: Finding | None
) -> Unprompted | None:
    """Why it was not, or may not have been, taken back upon its signal. None where it was, or the drill itself timed it.

    unheard   why nobody could have seen the signal in this run
    """
    decided, signal = decided_by(story), story.at.get("trigger")
    if decided is None or not trigger.is_fact or (signal is not None and signal.high_s <= decided.low_s):
        return None
    came = f"came only at {signal.high_s - start_s:.1f} s" if signal else "never came"
    if signal is not None and signal.low_s <= decided.high_s:
        said = f"too near {trigger.said()}, which {came}, to tell whether it was taken back upon that"
        return Unprompted(said, reason="too_near", decide="a rollback that comes later after its signal")
    if unheard is not None:
        return Unprompted(f"and {unheard.because}", reason=unheard.reason, decide=unheard.decide)
    return _blind(trigger, evidence, story.begun_s, decided.high_s) or Unprompted(
        f"but before {trigger.said()}, which {came}"
    )


def _blind(trigger: Trigger, evidence: Evidence, since_s: float, until_s: float) -> Unprompted | None:
    """Whether somebody did not look all the time, so that a signal may have come unseen, as far as the run says what it looked at."""
    source = notifications if trigger.kind == "page" else alerting
    if evidence.journal.last(MonitoringFound) is None or evidence.journal.watched(
        source.PROBE, "", since_s, until_s, source.GAP_S, source.LAG_S
    ):
        return None
    said = f"and whether {trigger.said()} came before is not known: {source.PROBE} could not be looked at all the time"
    return Unprompted(said, reason="not_watched", decide="monitoring that is looked at all the time")
