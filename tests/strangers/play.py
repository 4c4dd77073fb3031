"""One application played from a clean copy of its folder: `drill init`, `drill validate`, `drill edges`, `drill run`, no edit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PLACE = Path(__file__).parent
ROOT = PLACE.parents[1]
NAMES = ("wordpress", "graphite", "redmine")
MOST_S = 1800.0


def true_edges(name: str) -> dict[str, str]:
    """Who calls whom, as a person read it from the application's files: edge and why."""
    lines = (line.split(maxsplit=1) for line in (PLACE / f"{name}.edges").read_text().splitlines())
    return {words[0]: words[1] for words in lines if words and not words[0].startswith("#")}


def play(name: str, home: Path, runs: Path, commit: str) -> dict[str, Any]:
    """Everything that the page says of one application. `home`: an empty folder outside of the repository.

    Times are wall-clock seconds; `load` is the machine's load average over one minute when it began.
    """
    folder = home / name
    shutil.copytree(PLACE / name, folder)
    line: dict[str, Any] = {
        "application": name,
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": commit,
        "load": round(os.getloadavg()[0], 1),
        "cpus": os.cpu_count(),
    }
    _, line["build_s"], _, _ = _timed(["docker", "compose", "build", "--quiet"], folder)
    line["init"], line["init_s"], told, said = _timed([*_drill(), "init"], folder)
    line["cannot"] = [one.removeprefix("  - ") for one in told.splitlines() if one.startswith("  - ")]
    line["hurt"] = next((one for one in told.splitlines() if one.startswith("load goes to ")), "")
    if line["init"] != 0:
        return {**line, "told": said[-2000:]}
    drill = next((folder / "drills").glob("*.yaml")).stem
    line["validate"], _, _, _ = _timed([*_drill(), "validate", drill], folder)
    _, _, edges, _ = _timed([*_drill(), "edges", drill, "--json"], folder)
    line["edges"] = [{"id": edge["id"], "refused": edge["refused"]} for edge in json.loads(edges)["edges"]]
    line["asked"] = _asked(folder / "drills")
    line["run"], line["run_s"], _, said = _timed([*_drill(), "run", drill, "--live", "plain", "-o", str(runs)], folder)
    newest = max(runs.glob(f"{drill}/2*"), key=lambda one: one.name, default=None)
    if newest is None or not (newest / "verdict.json").exists():
        return {**line, "told": said[-2000:]}
    verdict = json.loads((newest / "verdict.json").read_text())
    return {**line, **_judged(verdict), "folder": str(newest)}


def _drill() -> tuple[str, ...]:
    return (sys.executable, "-m", "harness")


def _timed(words: Sequence[str], folder: Path) -> tuple[int, float, str, str]:
    """Exit code, seconds, what it printed, and what it said beside that."""
    began_s = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # this harness, not one that is installed
    done = subprocess.run(
        words, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=MOST_S
    )
    sys.stderr.write(done.stderr)
    return done.returncode, round(time.monotonic() - began_s, 1), done.stdout, done.stderr


def _asked(drills: Path) -> list[str]:
    from harness.drill.endpoints import endpoints

    return [name for file in sorted(drills.glob("*.py")) for name in endpoints(file) or ()]


def _judged(verdict: Mapping[str, Any]) -> dict[str, Any]:
    phases = [
        {key: phase[key] for key in ("name", "requests", "errors", "p95_ms")} for phase in verdict.get("phases") or ()
    ]
    findings = [
        {key: finding[key] for key in ("phase", "text", "outcome", "because")}
        for finding in verdict.get("findings") or ()
    ]
    return {"verdict": verdict["verdict"], "phases": phases, "findings": findings}
