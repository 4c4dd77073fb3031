"""The ledger as if nobody had wanted for a processor: what came late came well, and at once. Pure.

A failure that this leaves standing is of errors that came as fast as good answers do: no full machine makes those.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from harness.expectations.errors_below import service_gave_up

if TYPE_CHECKING:
    from harness.journal import Window
    from harness.ledger import Rows

USUAL = 0.95
"""An error that took longer than so many of the calm answers to the same request may be a time-out of the service's own."""


def in_good_time(rows: Rows, start_s: float, end_s: float, calm: Window | None) -> Rows:
    """The rows, where those due in [start_s, end_s) that came late, or not at all, and all good ones were good and took no time.

    Late are time-outs, broken connections, dropped arrivals, answers of somebody whose own time-out had run out, and errors slower
    than calm answers; where none was seen in `calm`, every error.
    """
    from harness.ledger import DONE, OUTCOMES

    found = rows.snapshot()
    array = found.array
    mine = (rows.intended_s >= start_s) & (rows.intended_s < end_s) & rows.asked()
    late = rows.outcome("", "ok", "timeout", "conn", "dropped") | (array["state"] != DONE) | service_gave_up(array)
    good = mine & (late | (array["took_us"] > _usual_us(rows, calm)[array["endpoint"]]))
    values = {"outcome": OUTCOMES.index("ok"), "status": 200, "sent_us": 0, "took_us": 0, "state": DONE}
    for name, value in values.items():
        array[name][good] = value
    return found


def _usual_us(rows: Rows, calm: Window | None) -> Any:
    """By endpoint, what a slow calm answer took."""
    import numpy as np

    usual = np.zeros(len(rows.endpoints))
    if calm is None or math.isinf(calm.end_s):
        return usual
    array = rows.array[rows.outcome("ok") & rows.between(calm.start_s, calm.end_s)]
    for number in np.unique(array["endpoint"]):
        usual[number] = np.quantile(array["took_us"][array["endpoint"] == number], USUAL, method="higher")
    return usual
