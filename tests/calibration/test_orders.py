"""A shop that is built right keeps every order through resets after the commit; each way to build it wrong is found by its class,
with exactly the orders that it hurt."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.orders_suite import judged
from calibration.shop import MISTAKES, Ways, played
from harness.verdict import Finding, Outcome

CLEAN = 50


def run(seed: int, ways: Ways, folder: Path) -> tuple[Finding, dict[str, set[str]], dict[str, str]]:
    """The finding, by class the keys that verdict.json has of it, and what the shop did wrong, by key."""
    shop = played(seed, ways)
    return *judged(shop, folder), shop.wrong


@pytest.mark.parametrize("seed", range(CLEAN))
def test_a_shop_that_is_built_right_has_no_finding(seed: int, tmp_path: Path) -> None:
    finding, found, wrong = run(seed, Ways(), tmp_path / "run")
    assert not wrong
    assert not found
    assert finding.outcome is Outcome.PASSED, finding.because


def test_the_world_of_the_clean_runs_is_broken_enough() -> None:
    """Otherwise they would show nothing: orders that were done and not acknowledged at once, and some that never were."""
    shop = played(0, Ways())
    last = {attempt.key: attempt.status for attempt in shop.attempts}
    there = {order["key"] for order in shop.orders}
    assert sum(status == 0 and key in there for key, status in last.items()) > 10
    assert sum(status == 0 and key not in there for key, status in last.items()) > 3
    assert len(shop.attempts) > len(last) + 30


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_found_by_its_class_with_exactly_its_orders(mistake: str, seed: int, tmp_path: Path) -> None:
    ways, reason = MISTAKES[mistake]
    finding, found, wrong = run(seed, ways, tmp_path / "run")
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, reason), finding.because
    assert found[reason] == {key for key, what in wrong.items() if what == reason}
    assert set(wrong.values()) == {reason}
    assert set(found) <= {reason, "law_broken"}  # a second charge breaks a law, too
