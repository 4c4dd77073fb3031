"""Before a run: whether an alert's rule could fire in the time that a claim gives it, by arithmetic on the rule alone. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.alerting import NO_LABELS, held_s, may_bear
from harness.burning import burns
from harness.facts import RuleSeen
from harness.quantities import figures, spell


def slow_rule(
    rules: Sequence[RuleSeen],
    alert: str,
    limit_s: float,
    history_s: float,
    production_s: float | None = None,
    labels: Mapping[str, str] = NO_LABELS,
) -> str:
    """Why no fault could make it fire so soon with these labels, or ''; '' too where no such rule is known.

    history_s     how long Prometheus has scraped when the fault comes, at the least
    production_s  the limit with a full history, where there is one
    """
    mine = [rule for rule in rules if rule.kind == "alerting" and rule.rule == alert and may_bear(rule, labels)]
    if not mine:
        return ""
    first = min(mine, key=held_s)
    waits_s = held_s(first)
    if waits_s >= limit_s:
        return (
            f"{alert} cannot fire in {spell(limit_s)}: its rule's `for` of {spell(first.for_s)} is {spell(waits_s)} in "
            f"whole evaluations of {spell(first.interval_s)}"
        )
    shares = burns(rules, mine[0].expr) if len(mine) == 1 else ()
    if not shares:
        return ""
    slowest = max(shares, key=lambda share: share.window_s * share.threshold)
    window = f"a share over {spell(slowest.window_s)} must exceed {figures(slowest.threshold, 4)}"
    soonest_s = waits_s + max(share.crosses_s(1.0, history_s) for share in shares)
    if soonest_s >= limit_s:
        least = "never" if math.isinf(soonest_s) else f"not before {spell(round(soonest_s, 1))}"
        return f"{alert} cannot fire in {spell(limit_s)}, were every request bad: {window}, so {least}"
    produced_s = waits_s + max(share.crosses_s(1.0) for share in shares)
    if production_s is not None and produced_s >= production_s:
        return (
            f"{alert} cannot fire in {spell(production_s)} where a full window of clean history lies before the fault, were "
            f"every request bad: {window}, so not before {spell(round(produced_s, 1))}"
        )
    return ""
