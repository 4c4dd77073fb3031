"""Memory of the harness in a run: free lists are emptied by collections that come by themselves, and are short."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from harness.run.memory import Tidy, settled


def freed_at_another_length(rounds: int) -> int:
    """Blocks that are still taken after so many tuples were made at one length and freed at another, and nothing was kept."""
    before = sys.getallocatedblocks()
    for _ in range(rounds):
        made = [tuple(n for n in range(length)) for length in range(1, 9) for _ in range(100)]
        kept = [[one] for one in made]  # containers, as a run makes: they bring collections about
        del made, kept
    return sys.getallocatedblocks() - before


def test_what_was_there_before_is_not_looked_at_and_comes_back_when_the_run_is_over() -> None:
    before = gc.get_freeze_count()
    with settled():
        assert gc.get_freeze_count() > before + 1000
        assert len(gc.get_objects()) < 1000, "a full collection has hardly anything to look at"
    assert gc.get_freeze_count() == 0


def test_free_lists_are_emptied_once_a_minute_and_not_while_a_fault_begins_or_ends() -> None:
    with settled():
        tidy = Tidy()
        tidy(10.0, True)
        left = freed_at_another_length(400)
        full = gc.get_stats()[2]["collections"]
        tidy(69.0, True)
        tidy(75.0, False)
        assert gc.get_stats()[2]["collections"] == full
        before = sys.getallocatedblocks()
        tidy(76.0, True)
        assert gc.get_stats()[2]["collections"] == full + 1
        assert before - sys.getallocatedblocks() > left / 2 > 100, "what had stayed was free lists"


def anonymous_kb() -> int:
    """This process's own memory."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:"))


def test_holes_of_the_heap_are_given_back_once_a_minute() -> None:
    before = anonymous_kb()
    made = [bytearray(b"x" * 100_000) for _ in range(400)]
    kept = made[::50]  # scattered, the last one on top of the heap: nothing is given back by itself
    del made
    held = anonymous_kb()
    assert held - before > 20_000
    Tidy()(100.0, True)
    assert anonymous_kb() < held - 20_000
    assert all(kept)
