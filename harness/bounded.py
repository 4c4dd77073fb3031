"""A claim asked for so long and no longer: a check of the user's own that never ends must not keep a run from its verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.apart import Overran, Untold, called
from harness.expectations.asked import asked, broke
from harness.verdict import Finding, inconclusive

if TYPE_CHECKING:
    from harness.expectations.base import Evidence, Expectation


def asked_within(expectation: Expectation, evidence: Evidence, limit_s: float = math.inf) -> Finding:
    """As `asked`. A claim of the user's own has `check_limit_s`, or the limit where that is shorter: then it is inconclusive."""
    if type(expectation).__module__.startswith("harness."):
        return asked(expectation, evidence)
    limit_s = min(limit_s, expectation.check_limit_s)
    try:
        return called(lambda: asked(expectation, evidence), limit_s)
    except Overran:
        return inconclusive(
            f"the check itself did not end within {limit_s:g} s",
            reason="check_overran",
            decide="an expectation that comes to an end, or more time for it (check_limit_s); judge the stored run again",
        )
    except Untold as error:
        return broke(str(error))
