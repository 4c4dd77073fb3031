"""`drill run` of the small shop, as a user starts it: in a folder of its own, watched and interfered with while it goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Semaphore
from typing import Any

from harness.facts import Fact
from harness.journal import Journal, read

AT_ONCE = 2  # runs side by side, which is itself one of the promises
SHOP = Path(__file__).parent / "projects" / "shop"
DRILL = """
drill: shop
stack: {{compose: [{compose}], ready_within: {ready_within}}}
load:
  locustfile: {locustfile}
  against: web:8080
  arrivals: [{{for: 1m, rate: 20/s}}]
  max_in_flight: 30
  timeout: 3s
steady: {{for: 4s, within: 40s, all: [errors < 1%, p95 < 1s]}}
phases:
  - name: slow
    for: 6s
    faults: [{{latency: {{edge: web->store, delay: 400ms}}}}]
    expect: [{{errors_below: {{request: GET /item, ratio: 2%}}}}, {{responds_within: {{request: GET /item, p50: 2s}}}}]
    then: [{{recovers: {{within: 20s}}}}]
  - name: gone
    for: 6s
    faults: [{{down: {{edge: web->store}}}}]
    expect: [{{log_seen: {{service: web, contains: ERROR store, within: 5s}}}}]
    then: [{{recovers: {{within: 20s}}}}]
expect: [{{stays_up: {{service: "*"}}}}, {{log_quiet: {{service: web, matches: Traceback}}}}]
abort: {{max_duration: 4m}}
"""


@dataclass
class Run:
    """One `drill run` of the shop, in a folder of its own. `edit` changes the drill file's text, `runs` is where run
    folders go."""

    home: Path
    options: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    compose: Path = SHOP / "compose.yaml"
    locustfile: Path = SHOP / "locustfile.py"
    ready_within: str = "60s"
    edit: Callable[[str], str] = str
    runs: Path | None = None
    code: int | None = None

    def prepare(self) -> None:
        """The project's folder with its drill, before anything is started."""
        self.home.mkdir(parents=True)
        (self.home / "pyproject.toml").write_text("[tool.drill]\n")
        text = DRILL.format(compose=self.compose, locustfile=self.locustfile, ready_within=self.ready_within)
        (self.home / "shop.yaml").write_text(self.edit(text))

    def start(self) -> subprocess.Popen[bytes]:
        if not self.home.exists():
            self.prepare()
        where = ("-o", str(self.runs)) if self.runs else ()
        with (self.home / "out").open("wb") as out, (self.home / "err").open("wb") as err:
            return subprocess.Popen(
                [sys.executable, "-m", "harness", "run", "shop.yaml", "--live", "plain", *where, *self.options],
                cwd=self.home,
                env={**os.environ, **self.env},
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def finish(self, process: subprocess.Popen[bytes], meanwhile: Callable[[subprocess.Popen[bytes]], None]) -> Run:
        """Wait for its end, doing something to it meanwhile."""
        try:
            meanwhile(process)
            process.wait()
        finally:
            process.kill()
        self.code = process.returncode
        return self

    @property
    def out(self) -> str:
        """What it has written to standard output so far."""
        return (self.home / "out").read_text(errors="replace")

    @property
    def said(self) -> str:
        return (self.home / "err").read_text(errors="replace") + self.out

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "harness", *words]

    def drill(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*words),
            check=False,
            cwd=self.home,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
        )

    @property
    def folder(self) -> Path:
        return ((self.runs or self.home / "runs") / "latest").resolve()

    @property
    def journal(self) -> Journal:
        return read(self.folder)

    @property
    def verdict(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "verdict.json").read_text())
        return document

    def outcome(self, ending: str) -> str:
        (found,) = [f["outcome"] for f in self.verdict["findings"] if f["id"].endswith(ending)]
        return str(found)

    def left(self) -> list[str]:
        """Everything in Docker that still bears the run's label."""
        label = f"label=io.drill.run={self.folder.name.rpartition('-')[2]}"
        found = []
        for kind in (("ps", "-a"), ("network", "ls"), ("volume", "ls")):
            found += docker(*kind, "-q", "--filter", label).split()
        return found

    def await_fact(self, process: subprocess.Popen[bytes], kind: type[Fact], **fields: Any) -> None:
        """Wait until the run has written such a fact. It must come while the run lives."""
        while not (self.folder / "facts").is_dir() or not self.journal.of(kind, **fields):
            assert process.poll() is None, f"the run ended before {kind.__name__} {fields}"
            time.sleep(0.05)

    def container(self, service: str) -> str:
        run = self.folder.name.rpartition("-")[2]
        return docker("ps", "-aq", "--filter", f"label=com.docker.compose.project=drill-{run}",
                      "--filter", f"label=com.docker.compose.service={service}").split()[0]  # fmt: skip


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


Act = Callable[[Run, subprocess.Popen[bytes]], None]
Told = Callable[[str], Run]


def told_by(
    home: Path, stories: Mapping[str, tuple[Act, Mapping[str, Any]]], at_once: int = AT_ONCE, kind: type[Run] = Run
) -> Iterator[Told]:
    """Every story (what is done to a run of this kind, and the run's settings), played once, some side by side; `told(name)` is
    the run when it is over. An act that has a `prepare` is told of the run before it starts. A story that fills the machine has
    the setting `alone`: it is played beside no other."""
    places, order = Semaphore(at_once), Lock()

    def play(name: str) -> Run:
        taken = at_once if stories[name][1].get("alone") else 1
        with order:
            for _ in range(taken):
                places.acquire()
        try:
            return played(name)
        finally:
            places.release(taken)

    def played(name: str) -> Run:
        act, settings = stories[name][0], {key: value for key, value in stories[name][1].items() if key != "alone"}
        run = kind(home / name.replace(" ", "-"), **settings)
        run.prepare()
        getattr(act, "prepare", lambda run: None)(run)
        return run.finish(run.start(), lambda process: act(run, process))

    pool = ThreadPoolExecutor(at_once)
    runs: dict[str, Future[Run]] = {name: pool.submit(play, name) for name in stories}
    yield lambda name: runs[name].result()
    pool.shutdown(cancel_futures=True)
