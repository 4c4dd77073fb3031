"""One cell played: the copy changed, a real `drill run` in it as a user would start it, and what its verdict says."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matrix.cell import INCONCLUSIVE, Cell, Found, Seen
from matrix.live import Live, Over
from matrix.project import Copy

ROOT = Path(__file__).parents[2]
PROJECT_NAME = "matrix"
"""The Compose name, from which images that a run builds get theirs: a drill beside it builds others of the same content."""
COULD_NOT_RUN, INTERRUPTED = 4, (130, 143)
UNPLANNED = {"invalid_run", "host_disturbed", "fault_not_landed", "fault_not_measurable"}
"""Reasons that speak of the experiment, not of what was rehearsed."""


def rehearse(cell: Cell, place: Path, command: Sequence[str] = (sys.executable, "-m", "harness")) -> Seen:
    """Play it in a new folder. Raises KeyboardInterrupt once the run that it broke off is mended."""
    copy = Copy.made(ROOT, place, cell.drill)
    copy.cut(cell.phases)
    cell.change(copy)
    runs = place / "runs"
    words = [*command, "run", f"drills/{cell.drill}.yaml", "-o", str(runs), "--live", "plain", *cell.options]
    environ = {"COMPOSE_PROJECT_NAME": PROJECT_NAME, **os.environ, "PYTHONPATH": str(ROOT), **cell.environ}
    not_done = ""
    with _told(place) as (out, err), _ended(subprocess.Popen(words, cwd=place, env=environ, stdout=out, stderr=err,
                                                            start_new_session=True)) as process:  # fmt: skip
        if cell.act is not None:
            try:
                cell.act(Live(process, runs))
            except (Over, OSError, subprocess.CalledProcessError) as error:
                not_done = f"what was to be done to the run was not: {getattr(error, 'stderr', '') or error}"
        process.wait()
    return seen_in(runs / "latest", process.returncode, not_done)


def seen_in(folder: Path, exit_code: int, not_done: str = "") -> Seen:
    """What a run's folder and its exit code tell."""
    verdict = folder / "verdict.json"
    if not verdict.is_file():
        broken_off = exit_code in (COULD_NOT_RUN, *INTERRUPTED)
        return Seen(exit_code, invalid=not_done or (f"no verdict: ended with {exit_code}" if broken_off else ""))
    document = json.loads(verdict.read_text())
    findings = found_in(document)
    why = not_done or _unplanned(document, findings, exit_code)
    return Seen(exit_code, findings, invalid=why, run=folder.resolve().name)


def found_in(document: Mapping[str, Any]) -> dict[str, Found]:
    """The findings of a verdict.json, by id."""
    return {one["id"]: Found(one["outcome"], one["reason"], one["because"]) for one in document["findings"]}


def _unplanned(document: Mapping[str, Any], findings: Mapping[str, Found], exit_code: int) -> str:
    """Why the experiment did not happen as planned, or ''."""
    ending = document["ending"]
    if exit_code == COULD_NOT_RUN:
        return f"could not run: {ending['refused']}"
    if exit_code in INTERRUPTED:
        return "interrupted"
    if ending["gate"] is False:
        return "the steady state never held"
    hit = [found for found in findings.values() if found.outcome == INCONCLUSIVE and found.reason in UNPLANNED]
    return hit[0].because if hit else ""


@contextlib.contextmanager
def _told(place: Path) -> Iterator[tuple[Any, Any]]:
    with (place / "out").open("wb") as out, (place / "err").open("wb") as err:
        yield out, err


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Whatever happens, the run has ended afterwards: one that is broken off is asked to, and mends."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait()
