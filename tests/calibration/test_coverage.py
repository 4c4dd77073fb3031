"""The tables of coverage, small: the long ones are `make calibration`'s."""

from __future__ import annotations

import numpy as np

from calibration.coverage import remembering, tables


def test_the_series_remember_as_they_should() -> None:
    series = remembering(np.random.default_rng(1), 200, 120, 0.6)
    assert abs(np.corrcoef(series[:, :-1].ravel(), series[:, 1:].ravel())[0, 1] - 0.6) < 0.03


def test_no_interval_is_surely_worse_than_promised() -> None:
    for cell in tables(60):
        assert cell.holds, f"{cell.table}, {cell.case}: {cell.rate.count} of {cell.rate.runs} {cell.counts}"
