"""One run of the table: killed at a seam or at an instant, or with the ground taken from under it; then what is left of it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import EXIT_CANNOT_RUN, EXIT_FAILED, EXIT_INCONCLUSIVE
from harness.journal import read
from matrix.cell import Cell, Seen
from matrix.kills.play import SHOP, aftermath, drill, environ, left, processes, reach
from matrix.live import Live
from matrix.rehearsal import ROOT, seen_in
from matrix.torture import powercut
from matrix.torture.cells import LISTED, WHOLE, RandomKill, SeamKill
from matrix.torture.disasters import Disaster, load_of
from matrix.torture.evidence import kept, readable
from matrix.torture.gone import await_gone, watchdog
from matrix.torture.strike import strike

DRILLS = Path(__file__).parent
MARK = "drills/mark"
"""What the drill's own command makes, and its undo takes away."""
MOST_S = 600.0
WITHIN_S = 45.0
"""From the death until a watchdog has everything gone: its lease, the grace of a container, and a machine that is full."""


def play(cell: Cell, place: Path) -> Seen:
    """Play it in a new folder."""
    if isinstance(cell, Disaster):
        return strike(cell, place)
    copy_project(place)
    with begun(place, _variables(cell, place)) as live:
        if isinstance(cell, SeamKill):
            return _at_seam(cell, place, live)
        if isinstance(cell, RandomKill):
            return _at_instant(cell, place, live)
        live.process.wait(MOST_S)
        seen = seen_in(live.folder, live.process.returncode)
        return dataclasses.replace(seen, problems=tuple(out_of_date(place)))


def copy_project(place: Path) -> None:
    """The small shop with its drill, as a project of its own."""
    shutil.copytree(SHOP, place / "shop")
    (place / "drills").mkdir()
    shutil.copy(DRILLS / "torture.yaml", place / "drills")
    (place / "pyproject.toml").write_text("[tool.drill]\n")


@contextlib.contextmanager
def begun(place: Path, variables: Mapping[str, str]) -> Iterator[Live]:
    """`drill run torture` that writes down its seams. What is there does not stay when this is broken off by hand."""
    words = [sys.executable, "-m", "matrix.torture.seamed", "run", "torture", "--live", "plain"]
    with (place / "out").open("wb") as out, (place / "err").open("wb") as err:
        process = subprocess.Popen(words, cwd=place, env=variables, stdout=out, stderr=err, start_new_session=True)
        try:
            yield Live(process, place / "runs")
        except BaseException:
            process.kill()
            process.wait()
            drill(place, "mend")
            raise


def _variables(cell: Cell, place: Path) -> dict[str, str]:
    die = {"TORTURE_DIE": str(cell.seam)} if isinstance(cell, SeamKill) else {}
    path = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    return {
        **environ(),
        "PYTHONPATH": path,
        "TORTURE_SEAMS": str(place / "seams"),
        "TORTURE_SYNCED": str(place / "synced"),
        **die,
    }


def out_of_date(place: Path) -> Iterator[str]:
    """Calls of the whole run that the list does not name: they would never be killed at."""
    listed, seen = set(_lines(LISTED)), _lines(place / "seams")
    whats = {line.rpartition(" ")[0] for line in listed}
    fresh = dict.fromkeys(line.rpartition(" ")[0] for line in seen if line.rpartition(" ")[0] not in whats)
    if fresh:
        yield f"not in {LISTED.name}: {', '.join(fresh)}; put {place / 'seams'} in its place"


def _at_seam(cell: SeamKill, place: Path, live: Live) -> Seen:
    code = live.process.wait(MOST_S)
    died_ns, run = time.monotonic_ns(), _run(live)
    watched = bool(watchdog(run))
    missed = "" if code == -signal.SIGKILL else f"the run ended with {code} before it came to this seam"
    return _after(place, live, died_ns, missed, watched=watched, torn=False, load_lived=True)


def _at_instant(cell: RandomKill, place: Path, live: Live) -> Seen:
    missed = reach(live, cell.stage, cell.after_s)
    run = _run(live)
    if not cell.harness:
        return _load_alone(place, live, missed)
    guard = watchdog(run)
    _kill([guard] * (cell.watchdog and bool(guard)) + (load_of(live) if cell.load else []) + [live.process.pid])
    live.process.wait()
    died_ns = time.monotonic_ns()
    if cell.power and run:
        _kill(processes(place, run))
        torn = powercut.cut(live.folder, powercut.surely(_lines(place / "synced")), random.Random(cell.seed))
        (place / "torn").write_text("".join(f"{line}\n" for line in torn))
    return _after(place, live, died_ns, missed, watched=bool(guard), torn=cell.power, load_lived=not cell.load)


def _load_alone(place: Path, live: Live, missed: str) -> Seen:
    """The harness lives: it ends the run by itself, and nothing is left when it has."""
    _kill([] if missed else load_of(live))
    code = live.process.wait(MOST_S)
    right = {EXIT_FAILED, EXIT_INCONCLUSIVE, EXIT_CANNOT_RUN}
    problems = [f"`drill run` ended with {code}, without its load"] * (not missed and code not in right)
    problems += [f"left when the run had ended: {what}" for what in left(place, _run(live))]
    seen = aftermath(place, missed, problems, WHOLE)
    return dataclasses.replace(seen, gone_s=None, gone_by="")


def _kill(pids: list[int]) -> None:
    """All of them, one right after the other."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _after(place: Path, live: Live, died_ns: int, missed: str, *, watched: bool, torn: bool, load_lived: bool) -> Seen:
    """What is left once the watchdog, or `drill mend`, has had its time; and what the evidence is worth."""
    run, problems = _run(live), []
    gone_s = await_gone(place, run, died_ns / 1e9, WITHIN_S) if watched else None
    if watched and gone_s is None:
        problems += [f"left {WITHIN_S:g} s after the death: {what}" for what in left(place, run)]
    if run:
        problems += readable(live.folder, died_ns, torn=torn, load_lived=load_lived)
        problems += kept(read(live.folder), _lines(place / "seams"))
    seen = aftermath(place, missed, problems, WHOLE)
    if (place / MARK).exists():
        seen = dataclasses.replace(seen, problems=(*seen.problems, "what the drill's command made is still there"))
    return dataclasses.replace(seen, gone_s=gone_s, gone_by="watchdog") if watched else seen


def _run(live: Live) -> str:
    """The run's id; '' before it has a folder."""
    return live.run if (live.runs / "latest").exists() else ""


def _lines(file: Path) -> list[str]:
    """Its whole lines; [] when it is not there."""
    text = file.read_text() if file.is_file() else ""
    return text[: text.rfind("\n") + 1].splitlines()
