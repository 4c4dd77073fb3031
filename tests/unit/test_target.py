"""One drill at a time per target: held by a living process and by nothing else."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.errors import CannotRun
from harness.run import target
from harness.run.target import Target, held, holders, of_files

SHOP = Target("shop/compose.yaml", "0a0b0c0d")
HOLD = """
import sys
from pathlib import Path
from harness.run.target import Target, held
with held(Path(sys.argv[1]), Target("shop/compose.yaml", "0a0b0c0d"), "friday", 0, print) as mine:
    mine.opened("3f9a12cd")
    print("held", flush=True)
    sys.stdin.read()
"""


def quiet(_: str) -> None:
    pass


def other(runs: Path) -> subprocess.Popen[str]:
    """Another process that holds the shop until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(runs)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_refused_at_once_in_one_line_that_says_who_since_when_and_what_ends_it(tmp_path: Path) -> None:
    holder = other(tmp_path)
    try:
        began = time.monotonic()
        with pytest.raises(CannotRun) as refused, held(tmp_path, SHOP, "mine", 0, quiet):
            pass
        assert time.monotonic() - began < 2
        assert re.fullmatch(
            rf"shop/compose.yaml is taken: run 3f9a12cd of friday \(process {holder.pid}\) since \d\d:\d\d:\d\d holds it; "
            r"drill halt 3f9a12cd ends it, --wait 10m waits for it",
            str(refused.value),
        )
        assert refused.value.exit_code == 4
    finally:
        holder.communicate("")


def test_a_lock_does_not_outlive_its_holder_however_it_died(tmp_path: Path) -> None:
    holder = other(tmp_path)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert list((tmp_path / target.FOLDER).iterdir()), "nobody was there to take the file away"
    assert holders(tmp_path) == []
    with held(tmp_path, SHOP, "mine", 0, quiet):
        assert [one.drill for one in holders(tmp_path)] == ["mine"]


def test_what_a_lock_file_says_is_believed_of_a_living_holder_only(tmp_path: Path) -> None:
    (tmp_path / target.FOLDER).mkdir()
    (tmp_path / target.FOLDER / SHOP.key).write_text(f'{{"drill":"old","pid":{os.getpid()},"run":"0a0b0c0d"')
    with held(tmp_path, SHOP, "mine", 0, quiet):
        assert [(one.drill, one.run, one.pid) for one in holders(tmp_path)] == [("mine", "", os.getpid())]


def test_nothing_is_left_in_the_runs_folder_once_it_is_let_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(tmp_path, SHOP, "mine", 0, quiet):
        raise ZeroDivisionError
    assert list((tmp_path / target.FOLDER).iterdir()) == []


def test_a_run_that_waits_begins_when_the_other_ends_and_says_for_whom_it_waits(tmp_path: Path) -> None:
    holder = other(tmp_path)
    said: list[str] = []
    threading.Timer(0.5, lambda: holder.communicate("")).start()
    with held(tmp_path, SHOP, "mine", 60, said.append) as mine:
        mine.opened("11111111")
        assert holders(tmp_path)[0].run == "11111111"
    assert len(said) == 1
    assert said[0].startswith("waiting up to 1m for shop/compose.yaml: run 3f9a12cd of friday")


def test_a_run_waits_no_longer_than_it_was_told(tmp_path: Path) -> None:
    holder = other(tmp_path)
    try:
        with (
            pytest.raises(CannotRun, match=r"is taken after 400ms: .* ends it$"),
            held(tmp_path, SHOP, "m", 0.4, quiet),
        ):
            pass
    finally:
        holder.communicate("")


def test_whoever_only_looks_keeps_nobody_from_beginning(tmp_path: Path) -> None:
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            holders(tmp_path)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(100):
            with held(tmp_path, SHOP, "mine", 0, quiet):
                pass
    finally:
        over.set()
        for looker in lookers:
            looker.join()


def test_never_two_hold_one_target_while_its_file_comes_and_goes(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def take() -> None:
        for _ in range(30):
            with held(tmp_path, SHOP, "mine", 60, quiet):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    takers = [threading.Thread(target=take) for _ in range(4)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert len(most) == 120
    assert set(most) == {1}


def test_other_targets_and_other_runs_folders_are_not_touched(tmp_path: Path) -> None:
    with (
        held(tmp_path / "a", SHOP, "one", 0, quiet),
        held(tmp_path / "b", SHOP, "two", 0, quiet),
        held(tmp_path / "a", Target("wiki", "1"), "three", 0, quiet),
    ):
        assert [one.drill for one in holders(tmp_path / "a")] == ["one", "three"]


def test_the_same_files_are_the_same_target_by_whatever_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("compose.yaml", "more.yaml"):
        (tmp_path / name).write_text("services: {}\n")
    (tmp_path / "link").symlink_to(tmp_path / "compose.yaml")
    whole = of_files([tmp_path / "compose.yaml"])
    assert whole.name == "compose.yaml"
    assert {of_files([path]).key for path in (tmp_path, tmp_path / "link", Path("compose.yaml"))} == {whole.key}
    both = of_files([tmp_path / "compose.yaml", tmp_path / "more.yaml"])
    assert both.key == of_files([tmp_path / "more.yaml", tmp_path / "link"]).key != whole.key


def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / target.FOLDER).write_text("")
    with pytest.raises(CannotRun, match="cannot write"), held(tmp_path, SHOP, "mine", 0, quiet):
        pass
