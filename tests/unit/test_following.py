"""A journal that is read while it is written: each fact once, torn lines when they are whole, by another process to the last fact."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness import facts as f
from harness import following
from harness.following import Following
from harness.journal import read
from harness.journal_writer import Writer

FOLLOWS = """
import json, sys, time
from pathlib import Path
from harness.facts import Closed
from harness.following import Following
following, cites, over = Following(Path(sys.argv[1])), [], False
end_s = time.monotonic() + 60
while not over and time.monotonic() < end_s:
    news = following.news()
    cites += [fact.cite for fact in news]
    over = any(isinstance(fact, Closed) for fact in news)
print(json.dumps(cites))
"""


def looked(at_s: float) -> f.Looked:
    return f.Looked(probe="alerts", seen_s=at_s)


def test_each_fact_is_told_once_and_those_of_a_writer_that_comes_later_too(tmp_path: Path) -> None:
    tail = Following(tmp_path)
    assert tail.news() == ()
    ours = Writer(tmp_path / "facts", "harness", lambda: 9.0)
    first = ours.write(looked(1.0))
    assert tail.news() == (first,)
    second, halt = (
        ours.write(looked(3.0)),
        Writer(tmp_path / "facts", "halt", lambda: 2.0).write(f.HaltAsked(by="anna")),
    )
    assert tail.news() == (halt, second)
    assert tail.news() == ()


def test_a_line_that_is_not_whole_waits_for_its_end(tmp_path: Path) -> None:
    fact = Writer(tmp_path / "facts", "harness", lambda: 1.0).write(looked(1.0))
    path = tmp_path / "facts" / "harness.jsonl"
    line, tail = path.read_bytes(), Following(tmp_path)
    for length in range(len(line)):
        path.write_bytes(line[:length])
        assert tail.news() == ()
    path.write_bytes(line)
    assert tail.news() == (fact,)


def test_a_line_longer_than_what_is_read_at_once_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_BYTES", 16)
    writer = Writer(tmp_path / "facts", "harness", lambda: 1.0)
    written = tuple(writer.write(f.Broke(error=f"{number}" * 50)) for number in range(5))
    assert Following(tmp_path).news() == written


def test_people_s_records_are_left_to_whoever_can_check_them_whole(tmp_path: Path) -> None:
    Writer(tmp_path / "facts", "people-anna", lambda: 1.0, chained="root").write(
        f.Noted(by="anna", text="x", kind="note")
    )
    assert Following(tmp_path).news() == ()


def test_another_process_that_follows_ends_with_the_same_facts(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", FOLLOWS, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        writer = Writer(tmp_path / "facts", "harness", lambda: 1.0)
        for number in range(3000):
            writer.write(looked(1.0 + number / 100))
        writer.write(f.Closed(seen_s=99.0))
        said, _ = process.communicate(timeout=90)
    finally:
        process.kill()
    assert json.loads(said) == [fact.cite for fact in read(tmp_path).facts]
