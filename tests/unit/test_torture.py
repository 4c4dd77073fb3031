"""The torture's own parts without Docker: seams are named, numbered and died at; a power cut tears; evidence is held against its promises."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from matrix.rehearsal import ROOT
from matrix.torture import CELLS, powercut
from matrix.torture.cells import LIFE, RandomKill, SeamKill, random_kills
from matrix.torture.evidence import kept, readable
from matrix.torture.seams import REPEATED, Counted, Seam, command, replaced, request, toxiproxy

from harness import facts as f
from harness.journal import read
from harness.journal_writer import Writer
from harness.testing import journal_of

RUN = "drill-0a1b2c3d"


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["docker", "compose", "--ansi", "never", "-p", RUN, "up", "--detach", "web"], "docker compose up"),
        (["docker", "compose", "-f", "compose.yaml", "config", "--format", "json"], ""),
        (["docker", "rm", "--force", "--volumes", "ab12"], "docker rm"),
        (["docker", "network", "rm", "ab12"], "docker network rm"),
        (["docker", "network", "ls", "--quiet"], ""),
        (["docker", "ps", "--all"], ""),
        (["docker", "build", "."], ""),
        (["docker", "run", "--rm", "--name", f"{RUN}-lookout-abd298", "image"], "docker run lookout"),
        ([sys.executable, "-m", "harness.load.child", "told.json"], "load process"),
        (["/usr/bin/touch", "mark"], "command touch"),
        (["git", "status"], ""),
    ],
)
def test_commands_that_change_something_have_a_name_and_those_that_look_have_none(
    argv: Sequence[str], named: str
) -> None:
    assert command(argv) == named


def test_requests_that_change_something_have_a_name_without_what_differs_from_run_to_run() -> None:
    assert request("POST", "http+docker://localhost/v1.47/containers/ab12/pause") == "docker api pause container"
    assert request("DELETE", "http+docker://localhost/v1.47/containers/ab12?force=1") == "docker api delete container"
    assert request("POST", "http+docker://localhost/v1.47/networks/ab12/connect") == "docker api connect network"
    assert request("GET", "http+docker://localhost/v1.47/containers/ab12/json") == ""
    assert request("POST", "http+docker://localhost/v1.47/containers/ab12/wait") == ""
    assert toxiproxy("POST", "/proxies/web-%3Estore%3A6379/toxics") == "toxiproxy POST web-store-6379-toxics"
    assert toxiproxy("POST", "/proxies") == "toxiproxy POST proxies"
    assert toxiproxy("GET", "/proxies") == ""
    assert (replaced(Path("runs/verdict.json")), replaced(Path("a.cpython-311.pyc"))) == ("replace verdict.json", "")


def test_seams_are_numbered_by_their_name_and_what_is_done_all_the_time_is_one_only_so_often() -> None:
    reached: list[str] = []
    told = Counted(lambda seam: reached.append(str(seam)))
    for _ in range(2):
        told("before", "docker compose up")
    told("after", "docker compose up")
    for _ in range(REPEATED + 4):
        told("before", "replace lease.json")
    assert reached[:3] == ["before docker compose up 1", "before docker compose up 2", "after docker compose up 1"]
    assert reached[3:] == [f"before replace lease.json {number}" for number in range(1, REPEATED + 1)]
    assert Seam.of(reached[1]) == Seam("before", "docker compose up", 2)
    with pytest.raises(ValueError, match="no seam"):
        Seam.of("sometime docker compose up 1")


SEAMED = """
import os, subprocess, sys
from pathlib import Path
from matrix.torture import seamed, wraps
from matrix.torture.seams import Counted
import harness.cli

def drill():
    from harness.facts import Broke, Injecting
    from harness.journal_writer import Writer
    from harness.world.commands import Commands
    place = Path.cwd()
    writer = Writer(place / "facts", "harness", lambda: 1.0)
    writer.write(Injecting(fault="f", kind="command", target="t", planned_s=1.0), durable=True)
    started = Commands(place, place / "logs").start("f", ["touch", "mark"], {})
    while started.ended() is None: pass
    writer.write(Broke(error="not durable"))
    print("to the end")

harness.cli.main = drill
seamed.main()
"""


def seamed(place: Path, die: str = "") -> subprocess.CompletedProcess[str]:
    path = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    named = {"TORTURE_SEAMS": "seams", "TORTURE_SYNCED": "synced", "TORTURE_DIE": die}
    environ = {**os.environ, "PYTHONPATH": path, **named}
    return subprocess.run(
        [sys.executable, "-c", SEAMED], cwd=place, env=environ, check=False, capture_output=True, text=True
    )


def test_a_process_writes_down_its_seams_and_what_is_surely_on_disk(tmp_path: Path) -> None:
    ended = seamed(tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "to the end\n"), ended.stderr
    assert (tmp_path / "seams").read_text().splitlines() == [
        "before journal Injecting f 1",
        "after journal Injecting f 1",
        "before command touch 1",
        "during command touch 1",
    ]
    journal = tmp_path / "facts" / "harness.jsonl"
    sure = powercut.surely((tmp_path / "synced").read_text().splitlines())
    assert sure == {journal: len(journal.read_text().splitlines(keepends=True)[0])}


@pytest.mark.parametrize(
    ("die", "facts", "marked"),
    [
        ("before journal Injecting f 1", 0, False),
        ("after journal Injecting f 1", 1, False),
        ("before command touch 1", 1, False),
    ],
)
def test_a_process_dies_at_the_seam_that_it_is_told_and_has_done_nothing_after_it(
    tmp_path: Path, die: str, facts: int, marked: bool
) -> None:
    ended = seamed(tmp_path, die)
    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, ""), ended.stderr
    assert len(read(tmp_path).facts) == facts
    assert (tmp_path / "mark").exists() is marked
    assert (tmp_path / "seams").read_text().splitlines()[-1] == die


def test_a_power_cut_leaves_what_was_synced_and_tears_the_rest(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "facts", "harness", lambda: 1.0)
    writer.write(f.Injecting(fault="f", kind="latency", target="a->b", planned_s=1.0), durable=True)
    sure = writer.path.stat().st_size
    for _ in range(50):
        writer.write(f.Looked(probe="logs", target="web"))
    writer.close()
    whole = writer.path.stat().st_size
    lengths = set()
    for seed in range(40):
        (tmp_path / "stack.json").write_text("{}")
        before = writer.path.read_bytes()
        list(powercut.cut(tmp_path, {writer.path: sure}, random.Random(seed)))
        lengths.add(writer.path.stat().st_size)
        assert (tmp_path / "stack.json").stat().st_size in (0, 2)
        assert read(tmp_path).of(f.Injecting, fault="f")
        writer.path.write_bytes(before)
    assert min(lengths) >= sure and max(lengths) <= whole and len(lengths) > 10  # noqa: PT018


def test_a_fact_that_was_on_disk_and_is_no_more_is_a_problem() -> None:
    journal = journal_of(f.Injecting(fault="p/f", kind="latency", target="a->b", planned_s=1.0))
    seams = ["before journal Injecting p-f 1", "after journal Injecting p-f 1"]
    assert list(kept(journal, seams)) == []
    assert "stands in the journal 1 times" in next(kept(journal, [*seams, "after journal Injecting p-f 2"]))
    assert "Mended p-f" in next(kept(journal, [*seams, "after journal Mended p-f 1"]))


def test_evidence_must_reach_up_to_the_death(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "facts", "harness", lambda: 30.0)
    writer.write(f.Opened(drill="d", run="r", wall_unix_s=0.0, monotonic_ns=0, version="1"))
    writer.write(f.LoadBegan(begins_s=5.0))
    writer.close()

    def wrong(died_s: float, *, torn: bool = False, load_lived: bool = False) -> list[str]:
        return list(readable(tmp_path, round(died_s * 1e9), torn=torn, load_lived=load_lived))

    assert wrong(31.0) == []
    assert "10.0 s before the death" in wrong(40.0)[0]
    assert wrong(40.0, torn=True) == []
    assert "arrival" in wrong(31.0, load_lived=True)[0]


def test_a_hundred_instants_lie_in_every_stage_and_each_kind_of_death_is_among_them() -> None:
    kills = random_kills()
    assert kills == random_kills() != random_kills(seed=1)
    assert len({kill.name for kill in kills}) == len(kills) == 100
    assert {kill.stage for kill in kills} >= {stage for stage in LIFE if stage.length_s > 1}
    assert all(0 <= kill.after_s <= kill.stage.length_s for kill in kills)
    assert sum(kill.watchdog for kill in kills) == 50
    assert sum(kill.power for kill in kills) == 25
    alone = [kill for kill in kills if not kill.harness]
    assert alone and all(kill.stage.loaded and kill.load and not kill.watchdog for kill in alone)  # noqa: PT018


def test_every_listed_seam_is_a_cell_and_names_are_unlike_each_other() -> None:
    seams = [cell for cell in CELLS if isinstance(cell, SeamKill)]
    assert len(seams) > 80
    assert {str(cell.seam) for cell in seams} == {cell.name for cell in seams}
    assert len({cell.name for cell in CELLS}) == len(CELLS)
    assert sum(isinstance(cell, RandomKill) for cell in CELLS) == 100
    assert not [cell.name for cell in CELLS if "/" in cell.name]
    for what in (
        "Injecting",
        "Mended",
        "pause container",
        "unpause container",
        "docker rm",
        "network rm",
        "command rm",
    ):
        assert any(what in cell.name for cell in seams), what
