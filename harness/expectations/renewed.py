"""A rule whose `for` may never be over: a label of its alerts is made of the value, and each other value makes another alert. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.alerting import varying
from harness.facts import RuleSeen
from harness.quantities import spell


def renewed(rules: Sequence[RuleSeen]) -> str:
    """That all of them are such, in words; '' where one is not."""
    found = [(rule, sorted(varying(rule))) for rule in rules if rule.for_s and varying(rule)]
    if not found or len(found) < len(rules):
        return ""
    rule, labels = found[0]
    return (
        f"its label {labels[0]} is made of the value, so that each other value is another alert, whose `for` of "
        f"{spell(rule.for_s)} begins anew (write values in annotations)"
    )
