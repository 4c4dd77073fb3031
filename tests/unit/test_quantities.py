"""Numbers as a person says them."""

from __future__ import annotations

import math

import pytest

from harness.quantities import figures


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (100.0, 2, "100"),
        (99.97, 2, "100"),
        (24137.2, 2, "24137"),
        (1023.0, 3, "1023"),
        (0.012345, 3, "0.0123"),
        (0.000012, 2, "0.000012"),
        (2.5e-300, 2, "2.5e-300"),
        (0.0, 3, "0"),
        (-12345.6, 3, "-12346"),
        (math.inf, 3, "inf"),
        (math.nan, 3, "nan"),
    ],
)
def test_a_number_is_written_out(value: float, digits: int, shown: str) -> None:
    assert figures(value, digits) == shown


def test_a_difference_has_its_sign() -> None:
    assert [figures(value, signed=True) for value in (1234.5, 0.5, -0.5)] == ["+1234", "+0.5", "-0.5"]
