"""Whether a part of a rule gave nothing in the whole run though all that it reads was there: a rate of too short a window, two sides
whose labels do not match. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness import alerting
from harness.facts import PartSeen, SelectorSeen, TargetSeen
from harness.journal import Journal
from harness.promql import nodes, parsed
from harness.promql_parts import part_of, read_by

NOTHING = "which gave nothing in the whole run"
SCRAPES = 4
"""So many make a rate, and let it be evaluated."""


@dataclass(frozen=True)
class Nothing:
    """What is said of such a part, and what would mend it; `too_early`: it looks back further than all that it reads was there."""

    said: str
    decide: str
    too_early: bool = False


def came_to_nothing(journal: Journal, node: Any, seen: Mapping[str, SelectorSeen], made: Mapping[str, PartSeen]) -> str:
    """What a part of the rule is, that gave nothing though all that it reads was there for long enough; ''."""
    part = part_of(node)
    one = made.get(part.text) if part else None
    if one is None or one.why or one.spans:
        return ""
    return one.part if _spare_s(journal, one, seen) >= 0 else ""


def told(journal: Journal, one: PartSeen, seen: Mapping[str, SelectorSeen]) -> Nothing:
    back_s = max(
        (node.offset.total_seconds() for node in nodes(parsed(one.part)) if getattr(node, "offset", None)), default=0
    )
    if back_s > _spare_s(journal, one, seen):
        said = f"{one.part}, {NOTHING}, for it looks back to before that"
        return Nothing(said, "a Prometheus that had run for as long as its `offset`", too_early=True)
    mend = "two sides whose labels match (`on`, `ignoring`), and a window that holds two samples"
    return Nothing(f"{one.part}, {NOTHING}, though all that it reads was there", mend)


def _spare_s(journal: Journal, one: PartSeen, seen: Mapping[str, SelectorSeen]) -> float:
    """For how much longer than it takes all that the part reads was there at once; less than 0 where it was not for long enough."""
    selectors = read_by(alerting.loaded(journal), one.part)
    inputs = [seen[selector] for selector in selectors if selector in seen]
    if not inputs or len(inputs) < len(selectors):
        return -math.inf
    scrape_s = max((target.interval_s for target in journal.of(TargetSeen)), default=0.0)
    return _together_s(inputs) - SCRAPES * scrape_s - 2 * one.step_s


def _together_s(ones: Sequence[SelectorSeen]) -> float:
    """The longest that all gave samples at once."""
    common = [(-math.inf, math.inf)]
    for one in ones:
        common = [(max(a, c), min(b, d)) for a, b in common for c, d in one.spans if max(a, c) < min(b, d)]
    return max((until_s - from_s for from_s, until_s in common), default=0.0)
