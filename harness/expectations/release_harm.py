"""What users felt of a bad release: whether it ended with the release still serving, and whether it may be others' doing. Pure."""

from __future__ import annotations

import math

from harness.expectations.base import Evidence
from harness.expectations.release_errors import late
from harness.expectations.release_story import ReleaseStory
from harness.expectations.requests import now_s
from harness.journal import Window
from harness.neighbours import Neighbours, disturbed, untold
from harness.stats import all_hold, holds, steady_from, was_broken
from harness.stats.fewer import fewer


def restored_while_bad(evidence: Evidence, story: ReleaseStory) -> bool:
    """Whether the steady state came back after the harm was felt, and held to the end, with the bad release still serving.

    To the end, for as long as the harm lasted or twice as long as the steady state has to hold, and with fewer bad requests than
    chance leaves: a release that fails few requests has calm stretches, and a run ends upon the first that is long enough.
    """
    felt, steady = story.at.get("impact"), evidence.steady
    if felt is None or not math.isfinite(felt.high_s):
        return False
    known_s = now_s(evidence.journal)
    found = steady_from(evidence.rows, steady.conditions, steady.for_s, felt.high_s, story.end_s, known_s)
    calm_s, ill_s = story.end_s - found.high_s, found.low_s - felt.low_s
    if not found.held or calm_s < min(ill_s, 2 * steady.for_s):
        return False
    if all_hold(holds(steady.conditions, evidence.rows, found.high_s, story.end_s, now_s=known_s)) is not True:
        return False
    ill, calm = (felt.low_s, max(felt.high_s, found.low_s)), (found.high_s, story.end_s)
    return fewer(evidence.rows, steady.conditions, calm, ill, known_s)


def felt_beside(evidence: Evidence, story: ReleaseStory) -> Neighbours | None:
    """Who else filled the machine from the release's exposure to the decision, where all that users felt in that time is that
    answers came late or never: such harm others can have brought about, and a healthy release would have been taken back."""
    found = disturbed(evidence.journal, _ill(story), _tolerates(evidence), evidence.steady.for_s)
    return found if found is not None and _late_alone(evidence, story) else None


def felt_untold(evidence: Evidence, story: ReleaseStory) -> str:
    """Of the same time and such harm: that nobody knows who used the processors while others waited for one, or may have; else ''."""
    said = untold(evidence.journal, _ill(story))
    return said if said and _late_alone(evidence, story) else ""


def _ill(story: ReleaseStory) -> Window | None:
    """From the release's exposure to the decision, where the steady state was broken in that time."""
    exposed, decided = story.at.get("exposed"), story.at.get("decided")
    if exposed is None or decided is None or story.healthy is not False:
        return None
    return Window(exposed.low_s, decided.low_s)


def _late_alone(evidence: Evidence, story: ReleaseStory) -> bool:
    """Whether all that users felt in that time is that answers came late or never."""
    ill, steady = _ill(story), evidence.steady
    errors = [condition for condition in steady.conditions if condition.metric == "errors"]
    if ill is None or not errors:
        return ill is not None
    prompt = evidence.rows.select(~late(evidence.rows))
    return not was_broken(prompt, errors, steady.for_s, ill.start_s, ill.end_s, now_s(evidence.journal))


def _tolerates(evidence: Evidence) -> float:
    """The least share of slow requests that breaks a condition of the steady state."""
    conditions = evidence.steady.conditions
    return min((1 - one.quantile for one in conditions if one.quantile is not None), default=1.0)
