"""A bad release that has left: in time, for the right reason, and is the service well again?"""

from __future__ import annotations

from dataclasses import replace

from harness.expectations.alerts import start_of
from harness.expectations.another_release import another_release, listed
from harness.expectations.harm_left import HarmLeft, harm_left, harm_may_be_told
from harness.expectations.left_off import left_off
from harness.expectations.made_aside import made_aside
from harness.expectations.release_errors import OwnErrors, own_errors
from harness.expectations.release_harm import felt_beside, felt_untold
from harness.expectations.return_known import ReturnKnown, span
from harness.expectations.still_broken import still_broken
from harness.facts import LeverEnded
from harness.quantities import numbered, spell
from harness.verdict import Finding, Measure, Outcome, passed


def gone(known: ReturnKnown, low_s: float, high_s: float) -> Finding:  # noqa: PLR0911
    """The bad release has left: in time, and for the right reason?"""
    claim, story = known.claim, known.story
    decided, signal, wrong = story.at.get("decided"), story.at.get("trigger"), known.unprompted()
    measure = Measure(
        round(low_s - known.start_s, 3), round(high_s - known.start_s, 3), "s", "census" if story.version else "grid"
    )
    left = f"{known.name} left at {known.at(high_s)}"
    if claim.by == "runbook" and story.pulled is None:
        waited = "" if signal else f": {known.undecided()}"
        return known.failed(
            reason="wrong_trigger", said=f"{left}, but not by the runbook's command{waited}", measure=measure
        )
    before = story.at.get("taken_back")
    if claim.by == "runbook" and story.pulled is not None and before and before.high_s < story.pulled.seen_s:
        pulled = f"which was started only at {known.at(story.pulled.seen_s)}"
        said = f"{left}, taken back by another hand before the runbook's command, {pulled}"
        return known.failed(reason="wrong_trigger", said=said, measure=measure)
    if wrong is not None and not wrong.decide:
        return known.failed(reason=wrong.reason, said=f"{left}, {wrong.said}", measure=measure)
    late = low_s > known.limit_s if story.by_looks else known.served_late()
    own = own_errors(story)
    harmed = known.harms(story.begun_s) or own.harm is True
    if story.healthy and claim.trigger.is_fact and not harmed:
        if claim.harm is not None and not claim.harm.watched(known.evidence.journal, story.begun_s, story.end_s):
            if late:
                return known.failed(reason="late", said=left, measure=measure)
            unseen = f"{left}, and {claim.harm.query} was not seen all the time"
            return known.unsaid(unseen, reason="not_watched", decide="Prometheus answering all the time")
        if own.harm is None and not late:
            said = f"{left}, and no steady condition was broken before; {own}"
            return known.unsaid(
                said, reason="too_few", decide="more answers of it before the decision", measure=measure
            )
        said = f"{left}, but no steady condition was broken before: a healthy version was rolled back"
        return known.failed(reason="false_rollback", said=said, measure=measure)
    if late:
        if decided is not None and decided.low_s > known.limit_s:
            said = f"{left}, decided only at {known.at(decided.high_s)}"
            return known.failed(reason="decided_late", said=said, measure=measure)
        count = (
            f"; it answered {numbered(len(known.overdue), 'request')} sent after the limit"
            if len(known.overdue)
            else ""
        )
        return known.failed(reason="late", said=f"{left}{count}", measure=measure)
    if story.by_looks and high_s > known.limit_s:
        return known.unsaid(
            f"{left}, too near the limit to tell",
            reason="too_near",
            decide="a look at its containers nearer to the limit" if story.version else "a version in every answer",
            measure=measure,
        )
    return _well(known, left, high_s, harmed, own, measure)


def _well(known: ReturnKnown, left: str, high_s: float, harmed: bool, own: OwnErrors, measure: Measure) -> Finding:  # noqa: PLR0911
    """It has left in time and for the right reason: is the service well again?"""
    claim, story = known.claim, known.story
    if "recovered" not in story.at:
        wrong = still_broken(known.evidence, story.begun_s, high_s, story.end_s)
        named = ": " + "; ".join(one.said for one in wrong) if wrong else ""
        named += f"; {known.ill_end()}" if known.ill_end() else ""
        said = f"{left}, but the steady state was not back, and held, by {known.at(story.end_s)}{named}"
        shown = [cite for one in wrong for cite in one.cites]
        return known.failed(reason="rolled_back_and_still_broken", said=said, measure=measure, more=shown)
    back = f"{left} (limit {spell(claim.within_s)}) and the steady state {_since_back(known)}"
    if story.ended is not None and story.ended.exit_code != 0 and claim.by == "runbook":
        return _ended_ill(known, story.ended, f"{back}, but {known.ill_end()}", measure)
    compared = None
    if claim.as_before is not None:
        compared = claim.as_before.check(known.evidence, story.at["recovered"].high_s, story.end_s)
    if compared is not None and compared.outcome is not Outcome.PASSED:
        cited = tuple(dict.fromkeys((*known.cites(), *compared.cites)))
        return replace(compared, because=f"{back}, but {compared.because}{known.durations()}", cites=cited)
    doubtful = claim.trigger.is_fact and not harmed
    beside = felt_beside(known.evidence, story) if doubtful else None
    if beside is not None:
        return known.unsaid(
            f"{beside}, and all that users felt before the decision is that answers came late: whether the release harmed "
            f"anybody cannot be told; {back}",
            reason="host_disturbed",
            decide="the same drill on a machine that others leave alone",
            measure=measure,
            more=beside.cites,
        )
    another = another_release(known.evidence, story)
    if another:
        return on(known, f"{back}, but {another}", measure)
    if claim.harm is not None and harm_may_be_told(known.evidence, story, claim.harm, high_s):
        told = f"{back}, and {claim.harm.query} may still be told"
        return known.unsaid(told, reason="window_open", decide="the run's end", measure=measure)
    harm = harm_left(known.evidence, story, claim.harm, high_s) if claim.harm is not None else None
    if harm is not None and harm.open:
        said = f"{back}, but {_harm(known, harm)}"
        decide = (
            "a `healed` for the step that undoes it; where nothing can, a `harm` that is over when the release has left"
        )
        return known.unsaid(said, reason="harm_left", decide=decide, measure=measure, more=(harm.cite,))
    unsure = known.unprompted()
    if unsure is not None:
        said = f"{back}, {unsure.said}"
        return known.unsaid(said, reason=unsure.reason, decide=unsure.decide, measure=measure)
    others = len(story.others)
    census = f"; {others} requests after it were answered by {listed(story.others.names())}" if story.version else ""
    census += f"; no steady condition was broken before, but {own}" if story.healthy and own.harm else ""
    census += f"; {known.ill_end()}" if known.ill_end() else ""
    census += f"; {_harm(known, harm)}" if harm is not None else ""
    census += left_off(known.evidence.journal, story)
    census += made_aside(known.evidence.journal, story.services, story.begun_s, story.end_s)
    unknown = felt_untold(known.evidence, story) if doubtful else ""
    return passed(
        f"{back}{census}{f'; {compared.because}' if compared else ''}{known.durations()}",
        measure=measure,
        cites=known.cites(),
        details=(("machine", unknown),) if unknown else (),
    )


def on(known: ReturnKnown, said: str, measure: Measure | None = None) -> Finding:
    """It has left, and what came is not what was before: that may have been meant."""
    decide = (
        "a rollback to what ran before, as COMPOSE_FILE states it; of a way on to a mended release `recovers` tells"
    )
    return known.unsaid(said, reason="another_release", decide=decide, measure=measure)


def _ended_ill(known: ReturnKnown, ended: LeverEnded, said: str, measure: Measure) -> Finding:
    """All is well as far as it is seen, and the runbook says that it is not; of a command that was killed nobody knows."""
    if ended.exit_code is None:
        decide = "a command that ends by itself, within its `timeout`"
        return known.unsaid(said, reason="command_killed", decide=decide, measure=measure)
    return known.failed(reason="rollback_failed", said=said, measure=measure, census=False)


def _harm(known: ReturnKnown, left: HarmLeft) -> str:
    limit = known.claim.harm.limit if known.claim.harm is not None else ""
    return f"{left.look.worst.query} was still {left.look.said} at {known.at(left.look.at_s)} (limit {limit})"


def _since_back(known: ReturnKnown) -> str:
    """Of a steady state that the release was not seen to break, that it held."""
    found, verb = known.story.at["recovered"], "was back" if "impact" in known.story.at else "held"
    came = span(found.low_s - known.start_s, found.high_s - known.start_s)
    return f"{verb} from {came} after {start_of(known.evidence)} on"
