"""The lease: renewed while the harness goes on, lapsed when it stood still, and what a run does then."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.facts import LeaseLapsed, Opened
from harness.inside.pulse import Pulse
from harness.run.lease import EVERY_S, SIZE, Lease
from harness.run.stop import Stopped

OPENED = Opened(drill="x", run="0a0b0c0d", wall_unix_s=time.time(), monotonic_ns=time.monotonic_ns())
LENGTH_S = 5.0


class Clock:
    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lease(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lease]:
    monkeypatch.setattr("harness.run.lease.EVERY_S", 0.01)
    made = Lease(tmp_path / "lease", LENGTH_S, OPENED, clock)
    made.start()
    yield made
    made.end("down")


def count(lease: Lease) -> int:
    return int(json.loads((lease.folder / "lease.json").read_bytes())["count"])


def renews(lease: Lease, within_s: float = 2.0) -> bool:
    """Whether it is renewed once more."""
    before, limit = count(lease), time.monotonic() + within_s
    while time.monotonic() < limit:
        if count(lease) > before:
            return True
        time.sleep(0.005)
    return False


def test_the_file_is_one_record_that_a_watchdog_reads(lease: Lease, tmp_path: Path) -> None:
    (tmp_path / "alive").touch()
    pulse = Pulse(lease.folder, tmp_path / "alive", LENGTH_S)
    assert pulse.look(0.0) == "lives"  # nobody holds the lock, but the process that it names is here
    assert (lease.folder / "lease.json").stat().st_size == SIZE
    assert pulse.now_s() == pytest.approx((time.monotonic_ns() - OPENED.monotonic_ns) / 1e9, abs=1.0)


def test_before_and_after_the_story_it_is_enough_that_the_process_runs(lease: Lease, clock: Clock) -> None:
    clock.at_s += 1000
    assert renews(lease)
    lease.beat()
    clock.at_s += 1
    lease.rest()
    clock.at_s += 1000
    assert renews(lease)
    assert lease.lapsed() is None


def test_in_the_story_it_is_renewed_only_when_the_engine_comes_round(lease: Lease) -> None:
    lease.beat()
    assert renews(lease)
    assert not renews(lease, 0.2)
    lease.beat()
    assert renews(lease)


def test_what_has_limits_of_its_own_may_take_long(lease: Lease, clock: Clock) -> None:
    lease.beat()
    lease.aside()
    for _ in range(10):
        clock.at_s += LENGTH_S - 1
        assert renews(lease)
    lease.beat()
    assert lease.lapsed() is None


def test_a_harness_that_stood_still_finds_it_out_first_thing_and_ends(lease: Lease, clock: Clock) -> None:
    told: list[str] = []
    lease.on_lapse.append(lambda: told.append("let go"))
    lease.beat()
    renews(lease)
    clock.at_s += LENGTH_S + 0.1
    with pytest.raises(Stopped) as end:
        lease.beat()
    assert end.value.why == "error"
    assert isinstance(end.value.fact, LeaseLapsed)
    assert not end.value.fact.gone
    assert end.value.fact.silent_s >= LENGTH_S
    assert told == ["let go"]
    lease.aside()
    assert lease.lapsed() is not None
    assert told == ["let go"]


def test_an_engine_that_hangs_is_noticed_by_the_thread_alone(lease: Lease, clock: Clock) -> None:
    told = threading.Event()
    lease.on_lapse.append(told.set)
    lease.beat()
    renews(lease)
    clock.at_s += LENGTH_S + 0.1
    assert told.wait(2.0)
    assert not renews(lease, 0.2)  # so that the watchdog takes the faults out


def test_just_within_its_length_it_is_held(lease: Lease, clock: Clock) -> None:
    lease.beat()
    renews(lease)
    clock.at_s += LENGTH_S - 0.1
    lease.beat()
    assert lease.lapsed() is None


def test_a_disk_that_refuses_keeps_nobody_from_going_on_until_it_lapses(
    lease: Lease, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease.beat()
    renews(lease)

    def refused(*_: object) -> int:
        raise OSError("no")

    monkeypatch.setattr("harness.run.lease.os.pwrite", refused)
    lease.beat()
    clock.at_s += LENGTH_S + 0.1
    with pytest.raises(Stopped):
        lease.beat()


def test_an_end_that_the_disk_refuses_is_told_and_one_that_it_takes_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = Lease(tmp_path / "lease", LENGTH_S, OPENED)
    lease.start()

    def refused(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("harness.run.lease.os.pwrite", refused)
        assert lease.end("kept") == "Input/output error"
    again = Lease(tmp_path / "lease", LENGTH_S, OPENED)
    again.start()
    assert again.end("kept") == ""


def test_the_end_is_written_once_the_thread_is_still(tmp_path: Path) -> None:
    lease = Lease(tmp_path / "lease", LENGTH_S, OPENED)
    lease.start()
    lease.end("kept")
    assert json.loads((tmp_path / "lease" / "lease.json").read_bytes())["over"] == "kept"
    before = count(lease)
    time.sleep(2 * EVERY_S)
    assert count(lease) == before
