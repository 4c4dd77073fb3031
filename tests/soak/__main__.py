"""`python -m soak [--minutes 60] [--rate 20] [--runs FOLDER]`: one long drill, a line each ten seconds, then the page.

Lines go to docs/soak.jsonl as they come. A soak that has no last line was cut, and the page says so; a new one begins
beside it. `--page` only makes the page again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matrix.record import here

from harness import journal, ledger
from harness.facts import GateHeld, LoadSampled
from harness.following import Following
from soak.drill import VARIABLES, drill
from soak.follow import digest
from soak.looks import load_of, look
from soak.page import page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EVERY_S = 10.0
STARTED_S = 1200.0  # images may have to be built
FIRST_READ_S = 300.0


class Soak:
    """One soak: its drill in a folder of its own, and what is seen of it, line by line."""

    def __init__(self, minutes: float, rate: float, runs: Path, lines: Path) -> None:
        self.name = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self._load: int | None = None  # the load's process
        self._minutes, self._rate, self._runs, self._lines = minutes, rate, runs.resolve(), lines

    def tell(self, kind: str, **data: Any) -> None:
        with self._lines.open("a") as file:
            file.write(json.dumps({"soak": self.name, "kind": kind, **data}) + "\n")

    def run(self) -> int:
        """The drill's exit code."""
        made = here(ROOT, ("harness", "tests/soak"))
        self.tell("began", minutes=self._minutes, rate=self._rate, commit=str(made), cpus=os.cpu_count())
        with tempfile.TemporaryDirectory(prefix="drill-soak-") as name:
            home = Path(name)
            (home / "pyproject.toml").write_text("[tool.drill]\n")
            (home / "soak.yaml").write_text(drill(self._minutes, self._rate))
            before = set(self._runs.glob("soak/2*"))
            with (home / "out").open("wb") as out:
                process = subprocess.Popen(
                    [sys.executable, "-m", "harness", "run", "soak.yaml", "--live", "plain", "-o", str(self._runs)],
                    cwd=home,
                    env=os.environ | VARIABLES,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            follower = None
            try:
                folder = self._opened(process, before)
                if folder is not None:
                    follower = subprocess.Popen(
                        [sys.executable, "-m", "soak.follow", str(folder), str(home / "followed")]
                    )
                    self._watch(process, folder)
                code = process.wait()
                if folder is not None and follower is not None:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        follower.wait(120)
                    self._end(code, folder, home / "followed")
                else:
                    self.tell("failed", exit=code, said=(home / "out").read_text(errors="replace")[-2000:])
                return code
            finally:
                if follower is not None and follower.poll() is None:
                    follower.kill()
                if process.poll() is None:  # mends, and takes everything down
                    process.send_signal(signal.SIGINT)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(180)

    def _opened(self, process: subprocess.Popen[bytes], before: set[Path]) -> Path | None:
        """The run's folder, once it is there; None of a run that ended before."""
        end_s = time.monotonic() + STARTED_S
        while process.poll() is None and time.monotonic() < end_s:
            if found := sorted(set(self._runs.glob("soak/2*")) - before):
                self.tell("opened", run=found[-1].name)
                return found[-1]
            time.sleep(0.5)
        return None

    def _watch(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        following, held_s, read_at_s = Following(folder), 0.0, FIRST_READ_S
        next_s = time.monotonic()
        while process.poll() is None:
            began_s = time.monotonic()
            news = following.news()
            took_s = time.monotonic() - began_s
            if not held_s and any(isinstance(fact, GateHeld) for fact in news):
                held_s = began_s
            if held_s:
                late = [fact.late_ms for fact in news if isinstance(fact, LoadSampled)]
                self._sample(process.pid, folder, began_s - held_s, late, took_s)
                if began_s - held_s >= read_at_s:
                    read_at_s = float("inf")
                    self._read(folder, began_s - held_s)
            next_s = max(next_s + EVERY_S, time.monotonic())
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, next_s - time.monotonic()))

    def _sample(self, harness: int, folder: Path, at_s: float, late_ms: list[float], took_s: float) -> None:
        self._load = self._load or load_of(harness)
        seen = {"harness": look(harness), "load": look(self._load) if self._load else None}
        journal_bytes = sum(path.stat().st_size for path in (folder / "facts").glob("*.jsonl"))
        self.tell(
            "sample",
            at_s=round(at_s, 1),
            machine_load=round(os.getloadavg()[0], 1),
            journal_bytes=journal_bytes,
            late_ms=[round(one, 1) for one in late_ms],
            news_s=round(took_s, 4),
            **{name: one.told() for name, one in seen.items() if one is not None},
        )

    def _read(self, folder: Path, at_s: float) -> journal.Journal:
        began_s, cpu_s = time.monotonic(), time.process_time()
        whole = journal.read(folder)
        took_s, cpu_s = time.monotonic() - began_s, time.process_time() - cpu_s
        self.tell("read", at_s=round(at_s, 1), facts=len(whole.facts), seconds=round(took_s, 3), cpu_s=round(cpu_s, 3))
        return whole

    def _end(self, code: int, folder: Path, followed: Path) -> None:
        whole = self._read(folder, self._minutes * 60)
        told = json.loads(followed.read_text()) if followed.exists() else {}
        verdict = json.loads((folder / "verdict.json").read_text())
        self.tell(
            "ended",
            exit=code,
            rows=len(ledger.read(folder / "ledger")),
            same_facts={**digest(whole.facts)} == {name: told.get(name) for name in ("facts", "sha256")},
            followed=told,
            invalid=verdict["invalid"],
            findings={one["id"]: [one["outcome"], one["reason"]] for one in verdict["findings"]},
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=20.0, help="arrivals per second")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs")
    parser.add_argument("--page", action="store_true", help="only make the page again")
    chosen = parser.parse_args()
    lines = DOCS / "soak.jsonl"
    code = 0 if chosen.page else Soak(chosen.minutes, chosen.rate, chosen.runs, lines).run()
    (DOCS / "soak.md").write_text(page([json.loads(line) for line in lines.read_text().splitlines()]))
    sys.exit(code)


if __name__ == "__main__":
    main()
