"""How many answers of a new kind a service's own counter counted as successes: between which bounds, from its raw samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from harness.expectations.base import Evidence
    from harness.expectations.usual_answers import Kind
    from harness.journal import Window

STATUS_LABELS = (
    "code",
    "status",
    "status_code",
    "http_status",
    "http_status_code",
    "http_response_status_code",
    "status_class",
)


def counted_as_success(evidence: Evidence, selector: str, window: Window, strange: frozenset[Kind]) -> str:
    """A sentence. Between two scrapes the counter's successes less the usual successes that the ledger has are strange ones.

    Answers that came within a scrape, or within a second of it, may lie on either side: hence bounds.
    """
    found = evidence.series.get(selector)
    if found is None:
        return f"not known: raw samples of {selector} were not kept in this run"
    mine = [one for one in found if _status(one.labels)[:1] in ("2", "3")]
    before = [at_s for one in found if (at_s := one.last_by(window.start_s)) is not None]
    after = [at_s for one in found if (at_s := one.first_from(window.end_s)) is not None]
    if not before or not after:
        return f"not known: {selector} gave no samples on both sides of the window"
    if not any(_status(one.labels) for one in found):
        return f"not known: {selector} has no label for the status ({', '.join(STATUS_LABELS[:3])}, …)"
    start_s, end_s = max(before), min(after)
    rose = [one.increase(start_s, end_s, from_zero=one.last_by(start_s) is None) for one in mine]
    counted = sum(value or 0.0 for value in rose)
    rows = evidence.rows
    done_s, status = rows.done_s, rows.array["status"]
    odd = np.zeros(len(rows), bool)
    for endpoint, code, shape in strange:
        number = rows.shapes.index(shape)
        odd |= rows.at_endpoint(endpoint) & (status == code) & (rows.array["shape"] == number)
    usual = (status >= 200) & (status < 400) & ~odd
    sure = int((usual & (done_s >= start_s + 1) & (done_s <= end_s - 1)).sum())
    may = int((usual & (done_s >= start_s - 1) & (done_s <= end_s + 1)).sum())
    many = int((odd & (done_s >= start_s - 1) & (done_s <= end_s + 1)).sum())
    low, high = max(0, round(counted) - may), min(many, max(0, round(counted) - sure))
    what = f"{low}" if low == high else f"{low} to {high}"
    return (
        f"{what} of {many}: {selector} counted {counted:.0f} successes between {start_s:.1f} s and {end_s:.1f} s, "
        f"the ledger has {sure} to {may} usual ones"
    )


def _status(labels: Mapping[str, str]) -> str:
    return next((labels[name] for name in STATUS_LABELS if labels.get(name)), "")
