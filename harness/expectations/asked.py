"""A claim asked what it finds. What it does wrong itself decides nothing, and costs no other claim its finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness.expectations.base import Evidence, Expectation
from harness.verdict import Finding, Measure, Outcome, inconclusive

Ask = Callable[[Expectation, Evidence], Finding]
"""How a claim is asked: as it is, or for so long and no longer (harness/bounded.py)."""
NUMBER = int | float


def asked(expectation: Expectation, evidence: Evidence) -> Finding:
    """Its finding; inconclusive (check_broke) where it raises, ends the process, or gives back what is none."""
    try:
        finding = expectation.check(evidence)
    except (Exception, SystemExit) as error:
        return broke(f"{type(error).__name__}: {error}")
    wrong = next(_wrong(finding), "")
    return broke(wrong) if wrong else finding


def broke(why: str) -> Finding:
    """That the check itself broke, and how."""
    return inconclusive(
        f"the check itself broke: {why}",
        reason="check_broke",
        decide="a mended expectation; judge the stored run again",
    )


def _wrong(found: Any) -> Iterator[str]:
    """Why this is no finding, as nobody holds a part of the user's own to its types."""
    if not isinstance(found, Finding):
        yield f"check() returned {type(found).__name__}, not a Finding"
        return
    if not isinstance(found.outcome, Outcome):
        yield f"the outcome of its finding is {found.outcome!r}, not an Outcome"
    yield from (
        f"{name} of its finding is {type(getattr(found, name)).__name__}, not a text"
        for name in ("reason", "because", "decide")
        if not isinstance(getattr(found, name), str)
    )
    if not isinstance(found.cites, tuple) or not all(isinstance(cite, str) for cite in found.cites):
        yield "cites of its finding are not all texts, such as fact.cite"
    if not isinstance(found.details, tuple) or not all(_pair(one) for one in found.details):
        yield "details of its finding are not all pairs of texts"
    if found.measure is not None and not _measured(found.measure):
        yield "measure of its finding is no Measure of two numbers and a unit"
    if not isinstance(found.p_value, NUMBER | None):
        yield f"p_value of its finding is {type(found.p_value).__name__}, not a number"


def _pair(one: Any) -> bool:
    return isinstance(one, tuple) and len(one) == 2 and all(isinstance(text, str) for text in one)


def _measured(one: Any) -> bool:
    numbers = isinstance(one, Measure) and isinstance(one.low, NUMBER) and isinstance(one.high, NUMBER)
    return numbers and isinstance(one.unit, str) and isinstance(one.kind, str)
