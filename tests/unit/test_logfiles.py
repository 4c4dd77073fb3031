"""Logs as they are put together from Docker's stream, and as they are read again on the run's axis."""

from __future__ import annotations

import io
import json
import random
import re
import struct
from pathlib import Path

import pytest

from harness.facts import Opened
from harness.logfiles import LogFolder, read_logs, unix_s
from harness.logrecords import MOST_LINES
from harness.testing import journal_of
from harness.world.logs import going
from harness.world.logstream import LINE_CAP, Lines, frames, terminal

OPENED = journal_of(Opened(drill="d", run="r", wall_unix_s=1_700_000_000.0, monotonic_ns=0))
STAMP = b"2023-11-14T22:13:21.500000001Z"  # 1.5 s after the run was opened


def frame(stream: int, data: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(data)) + data


def test_frames_are_read_whole_and_a_torn_one_ends_the_stream() -> None:
    raw = frame(1, b"a b\n") + frame(2, b"c d\n") + frame(1, b"torn")[:-2]
    assert list(frames(io.BytesIO(raw))) == [(1, b"a b\n"), (2, b"c d\n")]


def test_pieces_of_a_long_line_are_joined_also_when_the_other_stream_speaks_between_them() -> None:
    lines = Lines()
    got = [*lines.frame(1, STAMP + b" one "), *lines.frame(2, STAMP + b" err\n"), *lines.frame(1, STAMP + b" two\n")]
    assert [line.text for line in got] == [b"err", b"one two"]


def test_a_line_of_ten_megabytes_keeps_its_beginning_and_says_what_was_left_out() -> None:
    lines = Lines()
    got = [line for _ in range(640) for line in lines.frame(1, STAMP + b" " + b"x" * 16384)]
    assert got == []
    (line,) = lines.frame(1, STAMP + b" end\n")
    assert line.text.startswith(b"x" * LINE_CAP)
    assert line.text.endswith(b" [%d more bytes left out]" % (640 * 16384 + 3 - LINE_CAP))


def test_bytes_that_are_no_text_survive_and_a_line_without_an_end_is_not_lost() -> None:
    lines = Lines()
    (line,) = lines.frame(1, STAMP + b" \xff\x00\xfe\r\n")
    assert line.whole() == STAMP + b" \xff\x00\xfe\r\n"
    assert list(lines.frame(2, STAMP + b" dying words")) == []
    assert [line.text for line in lines.rest()] == [b"dying words"]


def test_a_line_whose_process_died_in_the_middle_ends_where_the_next_ones_begins() -> None:
    lines = Lines()
    later = STAMP.replace(b"21.5", b"22.5")
    assert list(lines.frame(1, STAMP + b" cut off in the mi")) == []
    assert [line.text for line in lines.frame(1, later + b" begun again\n")] == [b"cut off in the mi", b"begun again"]


def test_an_empty_line_is_a_line() -> None:
    (line,) = Lines().frame(1, STAMP + b" \n")
    assert line.text == b""


def test_a_terminals_stream_is_cut_at_its_ends_of_line() -> None:
    chunks = iter([STAMP + b" a\r", b"\n" + STAMP + b" b", b"c\r\n" + STAMP + b" d"])
    assert [data for _, data in terminal(chunks)] == [STAMP + b" a\n", STAMP + b" bc\n", STAMP + b" d"]


def test_dockers_time_stamps_are_read() -> None:
    assert unix_s(STAMP) == pytest.approx(1_700_000_001.5)
    assert unix_s(b"2023-11-14T22:13:21Z") == 1_700_000_001.0
    assert unix_s(b"2023-11-14T23:13:21.5+01:00") == 1_700_000_001.5
    assert unix_s(b"hello") is None
    assert unix_s(b"\xff") is None


def stamp(at_s: float) -> str:
    seconds, nanos = divmod(round(at_s * 1e9), 10**9)
    return f"2023-11-14T22:{13 + (20 + seconds) // 60:02d}:{(20 + seconds) % 60:02d}.{nanos:09d}Z"


def write(folder: Path, container: str, service: str, *lines: tuple[float, str]) -> None:
    with (folder / "index.jsonl").open("a") as index:
        index.write(f'{{"container":"{container}","service":"{service}","file":"{container}.log"}}\n')
    (folder / f"{container}.log").write_text("".join(f"{stamp(at)} {text}\n" for at, text in lines))


def test_lines_of_all_replicas_come_in_the_order_of_time_and_only_from_the_window(tmp_path: Path) -> None:
    write(tmp_path, "api-1", "api", (1.0, "a"), (3.0, "c"), (9.0, "late"))
    write(tmp_path, "api-2", "api", (2.0, "b"), (4.0, "d"))
    write(tmp_path, "db-1", "db", (2.5, "other"))
    logs = read_logs(tmp_path, OPENED)
    assert [(line.container, line.text) for line in logs.lines("api", 2.0, 9.0)] == [
        ("api-2", "b"),
        ("api-1", "c"),
        ("api-2", "d"),
    ]
    assert [line.text for line in logs.lines("*", 2.0, 3.0)] == ["b", "other"]
    assert next(iter(logs.lines("db", 0, 99))).at_s == pytest.approx(2.5)


def test_lines_a_little_out_of_order_are_found(tmp_path: Path) -> None:
    write(tmp_path, "api-1", "api", (1.0, "a"), (2.02, "b"), (1.99, "c"), (2.5, "d"))
    assert [line.text for line in read_logs(tmp_path, OPENED).lines("api", 0.0, 2.0)] == ["a", "c"]


def test_a_window_deep_in_a_big_file_is_found_whole(tmp_path: Path) -> None:
    write(tmp_path, "api-1", "api", *[(n / 100, f"line {n} " + "x" * 80) for n in range(6000)])
    got = [line.text.split()[1] for line in read_logs(tmp_path, OPENED).lines("api", 40.0, 41.0)]
    assert got == [str(n) for n in range(4000, 4100)]


def test_nothing_written_a_torn_index_and_a_missing_file_are_no_lines(tmp_path: Path) -> None:
    assert list(read_logs(tmp_path, OPENED).lines("api", 0, 9)) == []
    write(tmp_path, "api-1", "api", (1.0, "a"))
    with (tmp_path / "index.jsonl").open("a") as index:
        index.write('{"container":"gone","service":"api","file":"gone.log"}\n{"container":"to')
    assert [line.text for line in read_logs(tmp_path, OPENED).lines("api", 0, 9)] == ["a"]


def test_bytes_that_are_no_text_are_shown_as_such(tmp_path: Path) -> None:
    write(tmp_path, "api-1", "api", (1.0, "a"))
    (tmp_path / "api-1.log").write_bytes(stamp(1.0).encode() + b" \xffa\x00b\r\n")
    assert next(iter(read_logs(tmp_path, OPENED).lines("api", 0, 9))).text == "\N{REPLACEMENT CHARACTER}a\x00b"


def test_a_container_on_its_way_out_is_told_from_a_log_that_cannot_be_read() -> None:
    assert going(409, "can not get logs from container which is dead or marked for removal")
    assert going(404, "No such container: c821275b616f")
    assert not going(409, "configured logging driver does not support reading")
    assert not going(500, "dead or marked for removal")


def written(folder: Path, *lines: tuple[float, str], name: str = "api-1") -> LogFolder:
    with (folder / "index.jsonl").open("a") as index:
        index.write(json.dumps({"container": name, "service": "api", "file": f"{name}.log"}) + "\n")
    (folder / f"{name}.log").write_text("".join(f"{stamp(at_s)} {text}\n" for at_s, text in lines))
    return read_logs(folder, OPENED)


def test_lines_that_match_are_found_each_once_within_the_stretch(tmp_path: Path) -> None:
    logs = written(tmp_path, (1, "id 7"), (2, "id 7 and id 7"), (3, "nothing"), (4, "id 8"), (9, "id 7"))
    found = list(logs.matching(re.compile(rb"id (\d)"), "*", 2, 9))
    assert [(round(line.at_s), line.text) for line in found] == [(2, "id 7 and id 7"), (4, "id 8")]
    wanted = logs.matching(re.compile(rb"id (\d)"), "api", 0, 10, lambda match: match[1] == b"8")
    assert [line.text for line in wanted] == ["id 8"]
    assert list(logs.matching(re.compile(rb"id"), "web", 0, 10)) == []


def test_a_match_gives_the_whole_line_and_those_that_continue_it(tmp_path: Path) -> None:
    trace = [
        (2, "ERROR failed"),
        (2, "Traceback (most recent call last):"),
        (2, '  File "x.py"'),
        (2, "KeyError: id 7"),
        (2, "INFO next"),
    ]
    logs = written(tmp_path, (1, "INFO before"), *trace)
    (found,) = logs.matching(re.compile(rb"id 7"), "*", 0, 10)
    assert found.text.split("\n") == [text for _, text in trace[:4]]
    (other,) = logs.matching(re.compile(rb"ERROR"), "*", 0, 10)
    assert other.text == found.text


def test_a_line_of_padded_levels_is_found_alone_and_stamped_by_itself(tmp_path: Path) -> None:
    logs = written(
        tmp_path, *((n / 10, f"{level:>5} api: id {n}") for n, level in enumerate(["INFO", "WARN", "ERROR"] * 20))
    )
    found = list(logs.matching(re.compile(rb"id \d+"), "*", 0, 10))
    assert [(round(line.at_s, 6), line.text.split()[-1]) for line in found] == [(n / 10, str(n)) for n in range(60)]


def test_what_is_found_is_stamped_by_the_line_that_it_was_found_in(tmp_path: Path) -> None:
    logs = written(tmp_path, (1.8, "fail: Shop[0]"), (2.1, "      id 7"), (4, "fail: Shop[0]"), (9, "      id 8"))
    found = list(logs.matching(re.compile(rb"id"), "*", 2, 10))
    assert [(round(line.at_s, 1), line.text) for line in found] == [
        (2.1, "fail: Shop[0]\n      id 7"),
        (9.0, "      id 8"),
    ]


def test_a_log_whose_lines_are_all_indented_is_one_record_after_the_other(tmp_path: Path) -> None:
    logs = written(tmp_path, *((n / 1000, f"  id {n}") for n in range(3000)))
    found = [line.text.split("\n") for line in logs.matching(re.compile(rb"id"), "*", 0, 10)]
    assert [text for record in found for text in record] == [f"  id {n}" for n in range(3000)]
    assert max(map(len, found)) == MOST_LINES + 1


def test_lines_are_counted_in_a_stretch_of_a_large_file(tmp_path: Path) -> None:
    logs = written(tmp_path, *((i / 100, "x" * 100) for i in range(20000)))
    assert logs.count("*", 50, 100) == 5000
    assert logs.count("*", 0, 1000) == 20000
    assert logs.count("web", 0, 1000) == 0
    assert len(list(logs.matching(re.compile(rb"x+"), "*", 50, 100))) == 5000


def test_what_is_found_is_what_looking_at_each_line_finds(tmp_path: Path) -> None:
    chance = random.Random(1)
    lines = sorted((chance.uniform(0, 20), f"req {chance.randint(0, 50)} \xe9") for _ in range(3000))
    jumbled = [lines[i + chance.choice((0, 0, 1, -1))] if 0 < i < 2998 else lines[i] for i in range(3000)]
    logs = written(tmp_path, *jumbled)
    pattern = re.compile(rb"req 7\b")
    looked = sorted((line.at_s, line.text) for line in logs.lines("*", 5, 15) if "req 7 " in line.text)
    assert sorted((line.at_s, line.text) for line in logs.matching(pattern, "*", 5, 15)) == looked
    assert looked


def test_an_empty_log_and_one_that_is_not_there_have_no_lines(tmp_path: Path) -> None:
    logs = written(tmp_path)
    assert list(logs.matching(re.compile(rb"x"), "*", 0, 10)) == []
    assert logs.count("*", 0, 10) == 0
    (tmp_path / "api-1.log").unlink()
    assert logs.count("*", 0, 10) == 0
