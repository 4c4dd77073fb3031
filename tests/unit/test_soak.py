"""What a soak says of its samples: a leak is seen through noise, flat is flat, a soak that was cut says so; and what it reads of /proc."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from soak.drill import drill
from soak.follow import digest
from soak.looks import load_of, look
from soak.page import page, trend

from harness import facts as f
from harness.drill.parse import parse_text

GROWS = """
import mmap, sys
print(flush=True)
input()
file = open(sys.argv[1], "rb")
pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
touched = sum(pages[at] for at in range(0, len(pages), mmap.PAGESIZE))
own = bytearray(b"x") * (16 << 20)
print(flush=True)
input()
"""
"""A process of its own: one that has lived for long has memory left over, which it takes before it asks for more."""
BEGAN = {"soak": "A", "kind": "began", "minutes": 60, "rate": 20, "commit": "abc", "cpus": 2}


def samples(leak_kb_min: float = 0.0, minutes: int = 60, warm_kb: float = 4000.0) -> list[dict[str, Any]]:
    """A process that warms up over four minutes, breathes by some hundred kB, and leaks or does not."""
    chance = random.Random(7)
    found: list[dict[str, Any]] = []
    breath = 0.0
    for at_s in range(0, minutes * 60, 10):
        breath = 0.9 * breath + chance.gauss(0, 60)
        grown = 60_000 + warm_kb * min(1.0, at_s / 240) + breath + leak_kb_min * at_s / 60
        seen = {"anonymous_kb": round(grown), "files_kb": 20_000 + at_s, "handles": 40, "threads": 12}
        found.append({"soak": "A", "kind": "sample", "at_s": float(at_s), "machine_load": 3.0, "journal_bytes": at_s * 3000,
                      "late_ms": [1.0, 9.0], "news_s": 0.004, "harness": seen, "load": seen})  # fmt: skip
    return found


@pytest.mark.parametrize("leak_kb_min", [222.0, 30.0])
def test_a_leak_is_told_through_the_noise_and_its_interval_holds_it(leak_kb_min: float) -> None:
    found = trend(samples(leak_kb_min), "harness", "anonymous_kb")
    assert found is not None
    assert not found.flat
    assert found.per_min.low * 60 < leak_kb_min < found.per_min.high * 60


def test_warming_up_is_no_leak_and_neither_are_the_ledger_s_pages() -> None:
    found = trend(samples(), "harness", "anonymous_kb")
    assert found is not None
    assert found.flat
    text = page([BEGAN, *samples()])
    assert "grows" not in text, "mapped files do, and are not called a leak"


def test_one_handle_more_each_minute_grows() -> None:
    lines = samples()
    for line in lines:
        line["harness"] = {**line["harness"], "handles": 40 + int(line["at_s"] // 60)}
    assert "| harness | file handles |" in page([BEGAN, *lines])
    (row,) = [one for one in page([BEGAN, *lines]).splitlines() if one.startswith("| harness | file handles")]
    assert "**grows**" in row


def test_a_soak_without_its_last_line_says_that_it_was_cut_and_at_which_minute() -> None:
    text = page([BEGAN, *samples(minutes=20)])
    assert "cut, or still going on" in text
    assert "minute 19.8" in text


def test_a_soak_that_ended_tells_its_findings_and_whether_the_follower_saw_the_same() -> None:
    followed = {"facts": 12, "reads": 3}
    ended = {"soak": "A", "kind": "ended", "exit": 0, "rows": 72000, "same_facts": True, "followed": followed,
             "findings": {"run/stays_up-all": ["passed", ""]}}  # fmt: skip
    read = {"soak": "A", "kind": "read", "at_s": 300.0, "facts": 5000, "seconds": 0.2, "cpu_s": 0.1}
    text = page([BEGAN, *samples(), read, ended])
    assert "ended with 0 after 59.8 min" in text
    assert "the same facts as the file" in text
    assert "5,000 facts in 0.20 s" in text
    assert "72,000 rows" in text
    assert "The run is invalid: the generator was starved." in page(
        [BEGAN, *samples(), {**ended, "invalid": ["the generator was starved"]}]
    )
    assert "not the same facts" in page([BEGAN, *samples(), {**ended, "same_facts": False}])


def test_the_last_soak_stands_first_and_those_before_in_a_line_each() -> None:
    earlier = [{**line, "soak": "0"} for line in (BEGAN, *samples(222.0))]
    text = page([*earlier, BEGAN, *samples()])
    assert text.index("## A") < text.index("## Before") < text.index("| 0 | abc")
    assert page([]).endswith("None was run yet.\n")


def test_too_few_looks_make_no_slope() -> None:
    assert trend(samples(minutes=3), "harness", "anonymous_kb") is None
    assert "too few looks for a slope" in page([BEGAN, *samples(minutes=3)])


def test_memory_of_its_own_is_told_apart_from_mapped_files_and_handles_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "pages"
    path.write_bytes(b"x" * (8 << 20))
    process = subprocess.Popen(
        [sys.executable, "-c", GROWS, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    process.stdout.readline()
    before = look(process.pid)
    print(file=process.stdin, flush=True)
    process.stdout.readline()
    after = look(process.pid)
    process.communicate("\n")
    assert before is not None
    assert after is not None
    assert after.files_kb - before.files_kb > 7000
    assert 15_000 < after.anonymous_kb - before.anonymous_kb < 24_000
    assert after.handles >= before.handles + 1


def test_the_load_s_process_is_found_by_what_it_runs_and_one_that_is_gone_has_no_memory() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "harness.load.child"])
    try:
        end_s = time.monotonic() + 10
        while (
            load_of(os.getpid()) is None and time.monotonic() < end_s
        ):  # its words stand there a moment after its start
            time.sleep(0.01)
        assert load_of(os.getpid()) == process.pid
    finally:
        process.kill()
        process.wait()
    assert load_of(os.getpid()) is None
    assert look(process.pid) is None


def test_two_followers_agree_whatever_the_order_and_one_fact_more_is_seen() -> None:
    facts = [f.Looked(probe="alerts", writer="harness", number=n, seen_s=float(n)) for n in range(1, 5)]
    assert digest(facts) == digest(reversed(facts)) != digest(facts[1:])


def test_the_drill_of_a_soak_is_one_phase_as_long_as_the_soak(tmp_path: Path) -> None:
    (phase,) = parse_text(drill(60, 20), file=tmp_path / "soak.yaml").phases
    assert phase.for_s == 3600


def test_what_is_closed_when_the_phase_ends_is_no_trend() -> None:
    last = samples()[-1]
    after = [{**last, "at_s": 3601.0 + n, "harness": {**last["harness"], "handles": 3}} for n in range(200)]
    (row,) = [
        one for one in page([BEGAN, *samples(), *after]).splitlines() if one.startswith("| harness | file handles")
    ]
    assert "| 40 | 40 |" in row
    assert row.endswith("| flat |")
