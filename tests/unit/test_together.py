"""Things begun and ended side by side: all of them, whatever one raises."""

from __future__ import annotations

import threading

import pytest

from harness.run.together import Together, beside, side_by_side


def test_parts_run_at_the_same_time() -> None:
    met = threading.Barrier(3, timeout=10)
    side_by_side(met.wait, met.wait, met.wait)


def test_every_part_is_ended_though_one_raises_and_the_error_is_told() -> None:
    ended: list[str] = []

    def breaks() -> None:
        raise OSError("no")

    together = Together()
    together.callback(breaks)
    together.callback(lambda: ended.append("other"))
    with pytest.raises(OSError, match="no"):
        together.close()
    assert ended == ["other"]
    together.close()
    assert ended == ["other"], "closed once"


def test_what_is_begun_beside_a_block_has_begun_when_it_is_left() -> None:
    begun = threading.Event()
    with beside(begun.set):
        pass
    assert begun.is_set()


def test_a_block_that_raises_ends_what_was_begun_beside_it() -> None:
    ended = threading.Event()

    def block() -> None:
        with beside(lambda: ended.wait(10), ended.set):
            raise KeyError("block")

    with pytest.raises(KeyError, match="block"):
        block()


def test_an_error_of_the_start_is_told_when_the_block_is_left() -> None:
    def breaks() -> None:
        raise OSError("start")

    def block() -> None:
        with beside(breaks):
            pass

    with pytest.raises(OSError, match="start"):
        block()
