"""How the alerts did as a detector over all of a run's faults, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.quantities import figures, spell
from harness.stats.nab import STANDARD

NOTHING = "nothing to score"
TOO_MANY = 60.0
"""Alerts in an hour: that there are no more than one a minute is nothing to tell."""


def detected(told: Mapping[str, Any]) -> str:
    """How the alerts did over all faults, with what so few of them say."""
    low, high = told["recall"]
    words = ", ".join(f"{name}: {word.replace('_', ' ')}" for name, word in told["told"].items())
    most = told["false_per_hour_at_most"]
    rate = f", which excludes more than {figures(most, 2)} per hour" if most is not None else ""
    if most is not None and most > TOO_MANY:
        rate = ", too short to say how many come in an hour"
    flaps = sum(told["flaps"].values())
    return (
        f"{told['detected']} of {told['counted']} troubles detected in time ({words}), so {low:.0%} to {high:.0%} of such; "
        f"{len(told['collateral'])} collateral, {flaps} anew; {len(told['false_alarms'])} false alarms in "
        f"{spell(round(told['calm_s'], 1))} without a fault{rate} (all at 95 %)"
    )


def in_numbers(trend: Mapping[str, Any]) -> str:
    """Three scores of the literature, each with what it is about."""
    nab = trend["nab"][STANDARD.name]
    return (
        f"range recall {_shown(trend['range_recall'], 'no trouble that an alert could detect')}: of the troubles, half for an"
        " alert at all and half for how soon, how long and unbroken; "
        f"range precision {_shown(trend['range_precision'], 'no alert fired')}: of the alerts, what lay in a trouble that"
        " they may tell of; "
        f"NAB score {_shown(nab, 'no trouble that an alert could detect', 1)} (profile {STANDARD.name}): 100 is an alert as"
        " each trouble begins, 0 is silence, less is noise. For a trend over runs of this drill: no claim is decided by them"
    )


def _shown(value: float | None, why: str, digits: int = 2) -> str:
    return f"{NOTHING} ({why})" if value is None else f"{value:.{digits}f}"
