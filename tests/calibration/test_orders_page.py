"""The page of the order book's suite: it tells what was counted, and ends with 1 where one run was not judged exactly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calibration import orders_page, orders_report
from calibration.orders_suite import Counted, all_of, exact, mistaken, random_history
from calibration.shop import MISTAKES
from calibration.work import Work
from harness.verdict import Finding, failed, passed

HURT = {"k1": "lost", "k2": "lost"}
LOST: Finding = failed("2 are lost", reason="lost")


def test_a_few_runs_of_each_come_to_a_page_and_its_figures(tmp_path: Path) -> None:
    few = ["--seeds", "1", "--honest", "1", "--histories", "5", "--jobs", "1", "--out", str(tmp_path)]
    assert orders_page.main(few) == 0
    figures = json.loads((tmp_path / "orders.json").read_text())
    assert {one["name"] for one in figures["mistakes"]} == set(MISTAKES)
    assert figures["honest"]["count"] == figures["honest"]["runs"] == 1
    text = (tmp_path / "orders.md").read_text()
    assert "| ack before commit | `lost` | 1 of 1 | 2.5–100 % |" in text
    assert "| 5 | 5 | 47.82–100 % |" in text


@pytest.mark.parametrize(
    ("finding", "found", "instead"),
    [
        (LOST, {"lost": {"k1", "k2"}}, ""),
        (LOST, {"lost": {"k1", "k2"}, "law_broken": {"k1"}}, ""),
        (LOST, {"lost": {"k1"}}, "1 orders too many or too few"),
        (LOST, {"lost": {"k1", "k2", "k3"}}, "1 orders too many or too few"),
        (LOST, {"lost": {"k1", "k2"}, "orphan": {"k3"}}, "and orphan"),
        (failed("they are dead", reason="dead"), {"lost": {"k1", "k2"}}, "failed dead"),
        (passed("all there"), {"lost": {"k1", "k2"}}, "passed met"),
    ],
)
def test_only_its_own_class_with_exactly_its_orders_is_found(
    finding: Finding, found: dict[str, set[str]], instead: str
) -> None:
    assert exact(finding, found, HURT, "lost") == instead


def test_one_run_that_was_judged_otherwise_is_told_and_is_one_too_many() -> None:
    right, wrong = Counted("honest shop"), Counted("ack before commit")
    right.add({"orders": 5, "instead": "1 lost"})
    for instead in ("", "passed"):
        wrong.add({"hurt": 2, "orders": 5, "instead": instead})
    data = orders_report.figures([wrong], right, Counted("histories"))
    assert orders_report.broken(data) == [
        "ack before commit: 1 of 2 runs: passed (1)",
        "honest shop: 1 of 1 runs: 1 lost (1)",
    ]
    assert "| 1 | 1 | 2.5–100 % | 1 lost (1) |" in orders_report.page(data)


def test_a_mistake_that_hurt_no_order_in_any_run_shows_nothing() -> None:
    data = orders_report.figures([Counted("worker stops")], Counted("honest shop"), Counted("histories"))
    assert orders_report.broken(data) == ["worker stops: hurt no order in any run"]


def test_a_seed_comes_to_the_same_each_time_and_histories_differ() -> None:
    assert mistaken("worker stops", 3) == mistaken("worker stops", 3)
    counted = all_of("histories", random_history, range(12), Work(None), lambda _: None)
    assert counted.right.count == 12
    assert len({tuple(sorted(random_history(seed)["put"].items())) for seed in range(6)}) > 3
