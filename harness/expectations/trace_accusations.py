"""Whom the traces of a stretch accuse: those that failed, and slow ones where they are more than always are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from harness.blaming import Truth
from harness.expectations import traced
from harness.expectations.accusations import CHANCE, Accused, Heard, Threshold, alias, sure
from harness.expectations.accused import Names
from harness.expectations.base import Evidence
from harness.expectations.requests import folded, load_was_watched
from harness.expectations.traced import SLOW, Seen
from harness.journal import Window
from harness.verdict import Finding


def heard(
    evidence: Evidence, window: Window, truth: Truth, aliases: Mapping[str, Iterable[str]], threshold: Threshold
) -> Heard | Finding:
    """By how many traces; of a tie who was accused first. A finding where no service sends any that can be read."""
    seen = Seen(evidence, window, "")
    blind = traced.unseen(evidence, Window(window.start_s, max(window.end_s, seen.until_s)))
    if blind is not None and blind.reason == "no_exporter":
        return blind
    why = blind.because if blind is not None else ""
    if not load_was_watched(evidence.journal, window.start_s, window.end_s):
        why = "the load was not seen at work all the time"
    elif waiting := folded(evidence, window.start_s, window.end_s).waiting:
        why = f"{waiting} requests had not ended"
    during, names = seen.during(seen.hurts), Names.of(evidence.journal, aliases, seen.heard)
    found = [(place, names.accused(span), slow) for place, span, slow in seen.accusing() if not slow or during[place]]
    slow_ones, usual = sum(slow for _, _, slow in found), (1 - SLOW) * int(during.sum())
    if slow_ones <= usual + CHANCE * math.sqrt(usual):
        found = [one for one in found if not one[2]]
    count = Counter(part for _, part, _ in found)
    first: dict[str, int] = {}
    for place, part, _ in found:
        first.setdefault(part, place)
    loud = [part for part, n in count.items() if threshold.reached(n, len(found))]
    loud.sort(key=lambda part: (-count[part], first[part], part))
    every = tuple(
        Accused(
            part,
            "traces",
            f"{count[part]} of {len(found)} traces",
            seen.rows.cite(first[part]),
            bool(truth.roots) and not names.known(part) and part not in truth.allowed,
        )
        for part in loud
    )
    aside = tuple(alias("traces name", one.part) for one in every if one.strange)
    return Heard("traces", sure(every), why, strange=every, aside=aside)
