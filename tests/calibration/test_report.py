"""The page and the figures of a calibration."""

from __future__ import annotations

import json

from calibration import report
from calibration.coverage import Cell
from calibration.defects import DEFECTS
from calibration.rates import Null, Rate
from calibration.suite import Found


def _figures(found: int, false: int = 0) -> report.Figures:
    null = Null(false=Rate(false, 100), census=Rate(0, 100), claims=2000)
    null.spoken["otel"] = Rate(false, 25)
    defect = Found(DEFECTS[0], Rate(found, 100), spoken={"otel": Rate(24, 25)})
    cell = Cell("slope 0", "φ = 0.8", "holds the truth", Rate(95, 100), 0.93, 1.0)
    return report.figures(null, null, [defect], [cell], None)


def test_a_calibration_that_holds_is_said_to() -> None:
    assert report.broken(_figures(found=98)) == []


def test_what_does_not_hold_is_named() -> None:
    assert report.broken(_figures(found=60)) == [f"{DEFECTS[0].name}: found in 60 of 100"]
    assert "false failures" in report.broken(_figures(found=100, false=12))[0]


def test_the_page_tells_the_figures_with_their_intervals() -> None:
    page = report.page(_figures(found=98))
    assert f"`{DEFECTS[0].name}`" in page
    assert "98 of 100 | 93–99.8 %" in page
    assert json.loads(report.as_json(_figures(found=98)))["defects"][0]["count"] == 98


def test_the_page_tells_how_often_in_each_dialect() -> None:
    page = report.page(_figures(found=98))
    assert "| `otel` | 25 | 0 | 1 | 24 of 25 |" in page
    assert "otel 24/25" in page
