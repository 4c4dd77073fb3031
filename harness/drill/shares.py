"""A share of connections is no share of requests: claims that barely test the fault beside which they stand."""

from __future__ import annotations

from collections.abc import Iterator

from harness.drill.model import Drill
from harness.drill.problem import Problem
from harness.expectations.responds_within import RespondsWithin
from harness.faults.toxic import ToxicFault


def share_problems(drill: Drill) -> Iterator[Problem]:
    """Warns of percentiles beside a fault whose hit connections are given up: a pool keeps the others, and asks on by them."""
    for number, phase in enumerate(drill.phases):
        claims = [one for one in phase.expect if isinstance(one, RespondsWithin) and one.max is None]
        names = list(dict.fromkeys(name for one in claims for name in one.limits_ms()))
        for index, fault in enumerate(phase.faults):
            if names and isinstance(fault, ToxicFault) and fault.spends and fault.share < 1:
                what = (
                    f"{fault.word} hits {fault.share:.0%} of the connections, not of the requests: a caller that keeps its connections "
                    f"soon has those alone that were spared, and {', '.join(names)} may show nothing of it; hit them all "
                    "(without `share`), or claim a `max`"
                )
                yield drill.origin.document.warning(("phases", number, "faults", index, fault.word, "share"), what)
