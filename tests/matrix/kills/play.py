"""One run killed, judged, mended and judged again; and the whole run beside it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.errors import EXIT_HARNESS, EXIT_NOT_MENDED, EXIT_USAGE
from harness.journal import read
from matrix.cell import Cell, Found, Seen, Want
from matrix.kills.cut import contradictions, decided_too_early, verdict_too_early
from matrix.kills.stages import Kill, Stage
from matrix.live import LABEL, Live, docker
from matrix.rehearsal import PROJECT_NAME, ROOT, found_in, seen_in

SHOP = ROOT / "tests/e2e/projects/shop"
DRILL = Path(__file__).with_name("small.yaml")
MOST_S = 600.0
"""After which a stage that does not come is given up: the run is killed anyhow, and invalid."""
LATE_S = 3.0
"""What Docker was just making when a command was cut off is there after so long, on a busy machine too."""


def play(cell: Cell, place: Path) -> Seen:
    """Play the whole run, or one that is killed."""
    shutil.copytree(SHOP, place / "shop")
    (place / "drills").mkdir()
    shutil.copy(DRILL, place / "drills" / "small.yaml")
    (place / "pyproject.toml").write_text("[tool.drill]\n")
    with (place / "out").open("wb") as out, (place / "err").open("wb") as err:
        process = subprocess.Popen(
            words("run", "small", "--live", "plain"),
            cwd=place,
            env=environ(),
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            if not isinstance(cell, Kill):
                process.wait()
                return seen_in(place / "runs" / "latest", process.returncode)
            live = Live(process, place / "runs")
            missed = reach(live, cell.stage, cell.after_s)
            kill(live, load_too=cell.load_too)
            broke = process.returncode in (EXIT_HARNESS, EXIT_NOT_MENDED)
            from matrix.kills import WHOLE

            return aftermath(place, missed, [f"`drill run` ended with {process.returncode}"] * broke, WHOLE)
        except BaseException:  # broken off by hand: what is there must not stay
            process.kill()
            process.wait()
            drill(place, "mend")
            raise


def words(*more: str) -> list[str]:
    return [sys.executable, "-m", "harness", *more]


def environ() -> dict[str, str]:
    return {"COMPOSE_PROJECT_NAME": PROJECT_NAME, **os.environ, "PYTHONPATH": str(ROOT)}


def reach(live: Live, stage: Stage, after_s: float) -> str:
    """Wait for the instant; why it did not come, or ''."""
    limit = time.monotonic() + MOST_S
    while not stage.begun(live.journal, said(live)):
        if live.process.poll() is not None or time.monotonic() > limit:
            return f"{stage.told} never came"
        time.sleep(0.02)
    with contextlib.suppress(subprocess.TimeoutExpired):
        live.process.wait(after_s)
        return f"the run had ended by {after_s:g} s after {stage.told}"
    return ""


def said(live: Live) -> str:
    """What the command has told so far."""
    return (live.runs.parent / "err").read_text(errors="replace")


def kill(live: Live, *, load_too: bool) -> None:
    """The harness, and the load's process first, so that neither sees the other go."""
    children = [pid for pid in _children(live.process.pid) if "harness.load.child" in _command(pid)]
    for pid in children if load_too else ():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    live.process.kill()
    live.process.wait()


def aftermath(place: Path, missed: str, problems: list[str], whole: Mapping[str, Want]) -> Seen:
    """Judge, mend, judge, mend, and look at what is left. `whole` is what the whole run comes to."""
    runs = place / "runs"
    if not (runs / "latest").exists():
        return Seen(None if missed else 0, invalid=missed, problems=(*problems, *left(place, "")))
    folder = (runs / "latest").resolve()
    journal = read(folder)
    findings: dict[str, Found] = {}
    code, mended_s = 0, 0.0
    for when in ("before it was mended", "after it was mended"):
        if when.startswith("after"):
            began_s = time.monotonic()
            code = drill(place, "mend", str(folder)).returncode
            mended_s = round(time.monotonic() - began_s, 2)
            time.sleep(LATE_S)
            problems += [f"left after `drill mend`: {what}" for what in left(place, folder.name.rpartition("-")[2])]
        judged = drill(place, "judge", str(folder), "--json")
        if judged.returncode == EXIT_USAGE:
            if (folder / "drill.yaml").is_file() and journal.facts:
                problems.append(f"`drill judge` refused the run {when}: {judged.stderr.strip()}")
            continue
        document = json.loads(judged.stdout)
        findings = found_in(document)
        found = (
            *contradictions(findings, whole),
            *decided_too_early(findings, journal),
            *verdict_too_early(document["exit_code"], journal),
        )
        problems += [f"{what}, {when}" for what in found]
    again = drill(place, "mend", str(folder))
    if again.returncode != 0:
        problems.append(f"`drill mend` again ended with {again.returncode}: {again.stderr.strip()}")
    return Seen(
        None if missed else code,
        findings,
        invalid=missed,
        problems=tuple(problems),
        run=folder.name,
        gone_s=mended_s,
        gone_by="mend",
    )


def drill(place: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words(*more), cwd=place, env=environ(), check=False, capture_output=True, text=True)


def left(place: Path, run: str) -> Iterator[str]:
    """Everything of a run that is still there: by its label and by its project's name in Docker, by its place in /proc."""
    if run:
        for kind, listed in (
            ("container", ("ps", "--all", "--format", "{{.Names}}")),
            ("network", ("network", "ls", "--format", "{{.Name}}")),
            ("volume", ("volume", "ls", "--format", "{{.Name}}")),
        ):
            marked = set(docker(*listed, "--filter", f"label={LABEL}={run}").split())
            named = {name for name in docker(*listed).split() if run in name}
            for name in sorted(marked | named):
                yield f"{kind} {name}"
    for pid in processes(place, run):
        yield f"process {pid}: {_command(pid)[:200]}"


def processes(place: Path, run: str) -> list[int]:
    """Processes that name the run's place or the run, or work in that place."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            where, command = os.readlink(entry / "cwd"), _command(int(entry.name))
            if str(place) in command or where.startswith(str(place)) or (run and run in command):
                found.append(int(entry.name))
    return found


def _children(pid: int) -> Sequence[int]:
    with contextlib.suppress(OSError):
        threads = Path(f"/proc/{pid}/task").iterdir()
        return [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    return ()


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    return ""
