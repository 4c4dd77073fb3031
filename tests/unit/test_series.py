"""The raw series: counters read without guessing, kept on disk sample by sample, readable after a kill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness import series as raw
from harness.facts import ClockRead, Opened
from harness.series import RawSeries, SeriesWriter, known_until, scrapes_of
from harness.series.disk import DTYPE
from harness.testing import journal_of, series_of
from harness.wall import Wall

JOB = {"job": "api", "instance": "api:80"}
WALL = Wall(((1000.0, 0.0),))


def counter(*points: tuple[float, float], **labels: str) -> RawSeries:
    return series_of({"x": [({**JOB, **labels}, points)]})["x"][0]


def test_an_increase_is_what_the_samples_show_and_nothing_is_extrapolated() -> None:
    one = counter((0, 5), (5, 8), (10, 20), (15, 20))
    assert one.increase(0, 15) == 15
    assert one.increase(1, 14) == 12, "the samples at 5 and 10 alone"
    assert one.increase(0, 10) == 15, "both ends belong to it"
    assert one.increase(6, 9) is None
    assert one.increase(6, 10) is None


def test_a_counter_that_fell_counts_on_from_zero_and_the_fall_is_told() -> None:
    one = counter((0, 100), (5, 110), (10, 3), (15, 7), (20, 1))
    assert one.increase(0, 20) == 10 + 3 + 4 + 1
    assert one.resets(0, 20) == ((5.0, 10.0), (15.0, 20.0))
    assert one.resets(5, 9) == ()


def test_a_series_that_was_seen_to_be_absent_counts_from_its_first_value() -> None:
    one = counter((10, 4), (15, 6))
    assert one.increase(5, 15) == 2
    assert one.increase(5, 15, from_zero=True) == 6
    assert one.increase(5, 10, from_zero=True) == 4
    assert one.increase(5, 9, from_zero=True) is None


def test_no_number_is_no_increase() -> None:
    assert counter((0, 1), (5, float("nan")), (10, 3)).increase(0, 10) is None


def test_where_no_sample_lies_there_is_a_gap() -> None:
    one = counter((0, 1), (5, 1), (20, 1))
    assert one.gaps(0, 30, 5) == ((5.0, 20.0), (20.0, 30.0))
    assert one.gaps(0, 5, 5) == ()
    assert counter().gaps(0, 3, 2) == ((0.0, 3.0),)


def test_a_sample_is_found_by_its_scrape() -> None:
    one = counter((0, 1), (5, 2))
    assert one.at(5.0004) == 2, "stamps are whole milliseconds"
    assert one.at(4) is None
    assert (one.last_by(4.9), one.last_by(5), one.last_by(-1)) == (0, 5, None)
    assert (one.first_from(0.1), one.first_from(5), one.first_from(5.1)) == (5, 5, None)


def test_a_good_scrape_that_lacks_a_series_says_that_it_was_not_there() -> None:
    book = series_of(
        {
            "x": [(JOB, [(10, 4), (15, 6)])],
            "up": [(JOB, [(0, 1), (5, 1), (10, 1), (15, 1), (20, 1), (25, 0)])],
            "scrape_duration_seconds": [(JOB, [(0, 0.1), (5, 0.2), (10, 0.3), (15, 0.1), (20, 0.1)])],
        }
    )
    scrapes = scrapes_of(book, ("api", "api:80"))
    assert scrapes is not None
    assert scrapes.lacking(book["x"][0]).tolist() == [0, 5, 20], "before it was born, and where it went stale"
    assert scrapes.lacking(counter()).tolist() == [0, 5, 10, 15, 20]
    assert scrapes.took_at(10) == pytest.approx(0.3)
    assert scrapes.took_at(25) == np.inf, "nothing tells how long it took"
    assert scrapes.took_at(7) == 0
    assert scrapes_of(book, ("api", "other")) is None
    assert scrapes_of({}, ("api", "api:80")) is None


def test_what_was_not_known_yet_is_not_there() -> None:
    book = series_of({"x": [(JOB, [(0, 1), (5, 2)]), ({**JOB, "code": "500"}, [(5, 1)])], "y": []})
    cut = known_until(book, 4)
    assert [one.t_s.tolist() for one in cut["x"]] == [[0.0]]
    assert cut["y"] == ()


def test_what_was_written_is_read_each_sample_once(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path / "series", ("x", "y"))
    writer.add("x", [(JOB, [(1_000_000, 1.0), (1_005_000, 2.0)])])
    writer.add(
        "x", [(JOB, [(1_005_000, 2.0), (1_010_001, float("nan"))]), ({**JOB, "code": "500"}, [(1_010_001, 7.0)])]
    )
    book = raw.read(tmp_path / "series", WALL)
    assert set(book) == {"x", "y"}
    assert book["y"] == (), "asked for, and nothing there"
    good, bad = book["x"]
    assert good.labels == JOB
    assert good.t_s.tolist() == pytest.approx([0, 5, 10.001])
    assert good.value[:2].tolist() == [1, 2]
    assert np.isnan(good.value[2])
    assert bad.labels["code"] == "500"
    assert bad.value.tolist() == [7]
    assert (tmp_path / "series" / "samples.rows").stat().st_size == 4 * DTYPE.itemsize


def test_it_can_be_read_after_a_kill_at_any_byte(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path / "whole", ("x",))
    writer.add("x", [(JOB, [(1_000_000, 1.0)])])
    writer.add("x", [({**JOB, "code": "500"}, [(1_005_000, 2.0), (1_010_000, 3.0)])])
    rows = (tmp_path / "whole" / "samples.rows").read_bytes()
    names = (tmp_path / "whole" / "names.jsonl").read_bytes()
    cut = tmp_path / "cut"
    cut.mkdir()
    (cut / "names.jsonl").write_bytes(names)
    for size in range(len(rows) + 1):
        (cut / "samples.rows").write_bytes(rows[:size])
        assert sum(len(one) for one in raw.read(cut, WALL)["x"]) == size // DTYPE.itemsize
    (cut / "samples.rows").unlink()
    for size in range(len(names) + 1):
        (cut / "names.jsonl").write_bytes(names[:size])
        assert raw.read(cut, WALL) in ({}, {"x": ()})


def test_an_older_run_has_none(tmp_path: Path) -> None:
    assert raw.read(tmp_path / "series", WALL) == {}


def test_it_grows_to_its_limit_and_says_so(tmp_path: Path) -> None:
    writer = SeriesWriter(tmp_path / "series", ("x",), most_bytes=2 * DTYPE.itemsize)
    writer.add("x", [(JOB, [(1_000_000, 1.0), (1_005_000, 2.0)])])
    assert not writer.full
    writer.add("x", [(JOB, [(1_010_000, 3.0)])])
    assert writer.full
    assert len(raw.read(tmp_path / "series", WALL)["x"][0]) == 2


def test_what_the_disk_refused_is_written_with_the_next_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    writer = SeriesWriter(tmp_path / "series", ("x",))
    writer.add("x", [(JOB, [(1_000_000, 1.0)])])
    real, calls = os.write, []

    def torn(descriptor: int, text: bytes) -> int:
        calls.append(text)
        if len(calls) == 1:
            return real(descriptor, text[:7])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", torn)
    with pytest.raises(OSError, match="No space"):
        writer.add("x", [(JOB, [(1_005_000, 2.0)])])
    monkeypatch.undo()
    writer.add("x", [(JOB, [(1_000_000, 1.0), (1_005_000, 2.0), (1_010_000, 3.0)])])
    assert raw.read(tmp_path / "series", WALL)["x"][0].value.tolist() == [1, 2, 3]


def test_times_follow_a_step_of_the_wall_clock() -> None:
    journal = journal_of(
        Opened(drill="d", run="r", wall_unix_s=1000.0, monotonic_ns=0),
        ClockRead(wall_unix_s=1010.0, seen_s=10.0),
        ClockRead(wall_unix_s=1071.0, seen_s=11.0),
    )
    wall = Wall.of(journal)
    assert wall.at_s(1005.0) == 5.0
    assert wall.at_s(1072.0) == 12.0
