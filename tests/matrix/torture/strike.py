"""One disaster played: the run that it strikes ends by itself, leaves nothing, and says nothing that the whole run denies."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from matrix.cell import FAILED, PASSED, Seen, Want
from matrix.kills.cut import contradictions
from matrix.kills.play import SHOP, drill, environ, left, words
from matrix.live import Live, Over
from matrix.project import Copy
from matrix.rehearsal import ROOT, seen_in
from matrix.torture.cells import WHOLE
from matrix.torture.disasters import Disaster

DRILLS = Path(__file__).parent
WATCHED = ROOT / "tests/e2e/projects/watched"
STACKS = {"torture": SHOP, "watched": WATCHED}
WHOLES = {
    "torture": WHOLE,
    "watched": {
        "fires": Want(PASSED),
        "paged": Want(PASSED),
        "quiet": Want(PASSED),
        "works": Want(FAILED),
        "recovers": Want(PASSED),
    },
}
TOUCHED = frozenset({"recovers", "gone-recovers", "no-traceback", "slow-works", "fires", "paged", "quiet"})
"""Claims that a disaster upon the stack itself may make fail, for it did what they are about: the service was truly hurt."""
MOST_S = 400.0


def strike(cell: Disaster, place: Path) -> Seen:
    """Play it in a new folder."""
    if why := cell.cannot(place):
        return Seen(None, invalid=why)
    source = STACKS[cell.drill]
    shutil.copytree(source, place / source.name)
    (place / "drills").mkdir()
    shutil.copy(DRILLS / f"{cell.drill}.yaml", place / "drills")
    (place / "pyproject.toml").write_text("[tool.drill]\n")
    cell.change(Copy(place, cell.drill))
    with cell.around(place) as variables:
        return _struck(cell, place, variables)


def _struck(cell: Disaster, place: Path, variables: object) -> Seen:
    assert isinstance(variables, dict)
    not_done = ""
    with (place / "out").open("wb") as out, (place / "err").open("wb") as err:
        process = subprocess.Popen(
            words("run", f"drills/{cell.drill}.yaml", "--live", "plain"),
            cwd=place,
            env={**environ(), **variables},
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        live = Live(process, place / "runs")
        try:
            if cell.act is not None:
                try:
                    cell.act(live)
                except (Over, OSError, subprocess.CalledProcessError) as error:
                    not_done = f"it could not be done: {str(getattr(error, 'stderr', '') or error).strip()}"
            process.wait(MOST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            drill(place, "mend")
            return Seen(None, problems=(f"the run had not ended after {MOST_S:g} s, and was killed",))
        except BaseException:
            process.kill()
            process.wait()
            drill(place, "mend")
            raise
    return _told(cell, place, live, not_done)


def _told(cell: Disaster, place: Path, live: Live, not_done: str) -> Seen:
    seen = seen_in(live.folder, live.process.returncode)
    problems = [f"left when the run had ended: {what}" for what in left(place, live.run)]
    with contextlib.suppress(FileNotFoundError):
        os.unlink(live.runs / "fill")
    for turn in ("", " again"):
        mended = drill(place, "mend", str(live.folder))
        if mended.returncode != 0:
            problems.append(f"`drill mend`{turn} ended with {mended.returncode}: {mended.stderr.strip()}")
    hurt = TOUCHED | cell.breaks
    decided = {name: one for name, one in seen.findings.items() if name not in hurt or one.outcome != FAILED}
    problems += contradictions(decided, WHOLES[cell.drill])
    return Seen(
        None if not_done else seen.exit_code, seen.findings, invalid=not_done, problems=tuple(problems), run=seen.run
    )
