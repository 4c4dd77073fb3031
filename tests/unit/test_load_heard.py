"""What workers tell of their seconds becomes what one load would tell; one that hangs keeps the whole load silent."""

from __future__ import annotations

from typing import Any

from harness.load.heard import Heard


def sample(**changes: Any) -> dict[str, Any]:
    return {"cpu_ratio": 0.1, "late_ms": 1.0, "due": 10, "dropped": 0, "last_due_us": 0, **changes}


def test_arrivals_add_up_and_the_worst_lateness_counts() -> None:
    heard = Heard()
    assert heard.sample(0, sample(late_ms=40.0, last_due_us=5), [0, 1]) is None
    told = heard.sample(1, sample(cpu_ratio=0.9, dropped=3, last_due_us=4), [0, 1])
    assert told == {"cpu_ratio": 0.9, "late_ms": 40.0, "due": 20, "dropped": 3, "last_due_us": 5}


def test_nothing_is_lost_of_one_that_tells_twice_before_another_tells_once() -> None:
    heard = Heard()
    for _ in range(2):
        assert heard.sample(0, sample(), [0, 1]) is None
    told = heard.sample(1, sample(), [0, 1])
    assert told is not None
    assert told["due"] == 30


def test_one_that_hangs_is_silence_until_it_is_known_to_be_dead() -> None:
    heard = Heard()
    assert all(heard.sample(0, sample(), [0, 1]) is None for _ in range(5))
    told = heard.whole([0])
    assert told is not None
    assert told["due"] == 50
    assert heard.whole([0]) is None, "it was told"
