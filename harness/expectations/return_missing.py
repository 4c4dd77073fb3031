"""A bad release that still serves: why, as far as is known."""

from __future__ import annotations

from harness.expectations.command_end import ended_ill
from harness.expectations.release_harm import restored_while_bad
from harness.expectations.requests import GAP_S as LOAD_GAP_S
from harness.expectations.return_known import ReturnKnown
from harness.quantities import numbered, spell
from harness.verdict import Finding


def still_there(known: ReturnKnown) -> Finding:  # noqa: PLR0911
    """The bad release still serves: why, as far as is known."""
    claim, story = known.claim, known.story
    still = _still(known)
    unseen = "acknowledged" not in story.at
    # Asked when the limit had passed already, nobody could have kept it.
    asked = story.asked is not None and story.asked.seen_s <= known.limit_s
    if claim.by == "human" and asked and story.asked is not None and not story.asked.there and unseen:
        return known.unsaid(
            f"nobody could be asked, for there was no terminal; {still}",
            reason="not_asked",
            decide="a terminal, or a person who uses `drill ack` and `drill exec` beside the run",
        )
    ended = story.ended
    if story.halved and not story.still_bad and (ended is None or ended.exit_code == 0):
        runs = f"; {known.ill_end()}" if known.ill_end() else ""
        return known.failed(reason="taken_back_in_part", said=f"it was taken back in part alone: {still}{runs}")
    if ended is not None and ended.exit_code == 0 and known.served_after(ended.seen_s):
        after = story.bad.sent_after(ended.seen_s)
        said = f"{known.shown()} ended with 0 at {known.at(ended.seen_s)}, but {still}"
        # Where one container alone runs it, its are all the answers of that version.
        who = story.still_bad[0].container if len(story.still_bad) == 1 else "it"
        count = f"; {who} answered {numbered(len(after), 'request')} sent after that" if len(after) else ""
        last = [after.cite(len(after) - 1)] if len(after) else []
        return known.failed(reason="said_done_but_still_serving", said=said + count, more=last)
    if ended is not None and ended.exit_code != 0:
        return known.failed(reason="rollback_failed", said=f"{known.shown()} {ended_ill(ended)}; {still}")
    if story.closed and restored_while_bad(known.evidence, story) and not known.harms(story.end_s - LOAD_GAP_S):
        said = f"the steady state came back though nobody took the release back: {still}"
        return known.failed(reason="restored_without_rollback", said=said)
    if story.pulled is not None:
        return known.failed(reason="late", said=f"the lever was pulled at {known.at(story.pulled.seen_s)}, but {still}")
    if story.partly and "decided" in story.at:
        return known.failed(reason="late", said=f"it was taken back in part alone: {still}")
    return known.failed(reason="never_decided", said=f"{known.undecided()}; {still}")


def _still(known: ReturnKnown) -> str:
    """Who still serves the bad release, and how much."""
    story = known.story
    parts = []
    if story.still_bad:
        names = ", ".join(f"{seen.container} ({seen.image})" for seen in story.still_bad)
        parts.append(f"{names} still {'runs' if len(story.still_bad) == 1 else 'run'} the bad release")
    parts += [f"{seen.container} still has its {' and its '.join(seen.stayed)}" for seen in story.halved]
    if story.seen.still:
        told = ", ".join(f"{seen.replica} (at {known.at(seen.at_s)})" for seen in story.seen.still)
        parts.append(f"version {story.seen.version} was the last that was told of {told}")
    if len(known.overdue):
        parts.append(
            f"{known.name} answered {numbered(len(known.overdue), 'request')} sent after the limit of "
            f"{spell(known.claim.within_s)}"
        )
    elif len(story.bad) and not story.still_bad and not story.halved:
        parts.append(f"{known.name} answered until {known.at(float(story.bad.done_s[-1]))}")
    return ", and ".join(parts) or f"{known.name} still served"
