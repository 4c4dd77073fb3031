"""Whether a part of a rule gave nothing in the whole run though all that it reads was there: a rate of too short a window, two sides
whose labels do not match. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from harness import alerting
from harness.facts import PartSeen, SelectorSeen, TargetSeen
from harness.journal import Journal
from harness.promql import nodes, parsed
from harness.promql_parts import part_of, read_by

NOTHING = "which gave nothing in the whole run"
SCRAPES = 4
"""So many make a rate, and let it be evaluated."""


def came_to_nothing(journal: Journal, node: Any, seen: Mapping[str, SelectorSeen], made: Mapping[str, PartSeen]) -> str:
    """What a part of the rule is, that gave nothing though all that it reads was there for long enough; ''."""
    part = part_of(node)
    one = made.get(part.text) if part else None
    if one is None or one.why or one.spans:
        return ""
    selectors = read_by(alerting.loaded(journal), one.part)
    inputs = [seen[selector] for selector in selectors if selector in seen]
    scrape_s = max((target.interval_s for target in journal.of(TargetSeen)), default=0.0)
    enough = inputs and len(inputs) == len(selectors) and _together_s(inputs) >= SCRAPES * scrape_s + 2 * one.step_s
    return one.part if enough else ""


def told(part: str) -> tuple[str, str]:
    """What is said of it, and what would mend it."""
    if any(getattr(node, "offset", None) for node in nodes(parsed(part))):
        return (
            f"{part}, {NOTHING}, for it looks back to before that",
            "a Prometheus that had run for as long as its `offset`",
        )
    mend = "two sides whose labels match (`on`, `ignoring`), and a window that holds two samples"
    return f"{part}, {NOTHING}, though all that it reads was there", mend


def _together_s(ones: Sequence[SelectorSeen]) -> float:
    """The longest that all gave samples at once."""
    common = [(-math.inf, math.inf)]
    for one in ones:
        common = [(max(a, c), min(b, d)) for a, b in common for c, d in one.spans if max(a, c) < min(b, d)]
    return max((until_s - from_s for from_s, until_s in common), default=0.0)
