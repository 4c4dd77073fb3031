"""What the harness stands on, taken from under it while a drill runs: each disaster with what must happen."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from harness.facts import PhaseBegan
from matrix.cell import FAILED, INCONCLUSIVE, PASSED, Cell
from matrix.live import LABEL, Live, Over, docker
from matrix.project import Copy
from matrix.torture import late
from matrix.torture.gone import end_watchdog

COMPILER = "cc"
ALERTS = 10_000
LINE_BYTES = 10_000_000
FROZEN_S = 8.0
Environ = Mapping[str, str]
Around = Callable[[Path], AbstractContextManager[Environ]]


@contextlib.contextmanager
def as_it_is(place: Path) -> Iterator[Environ]:
    """Nothing is put under the run."""
    yield {}


def can(place: Path) -> str:
    """It can be played anywhere."""
    return ""


@dataclass(frozen=True)
class Disaster(Cell):
    """
    around   what is put under the run before it begins, and taken away after it; yields the variables that the run gets
    cannot   why it cannot be played on this machine now, '' when it can
    breaks   findings of a whole run's that fail truthfully here: a stack that somebody deleted does not settle
    """

    around: Around = field(default=as_it_is)
    cannot: Callable[[Path], str] = field(default=can)
    breaks: frozenset[str] = frozenset()


def load_of(live: Live) -> list[int]:
    """The processes of the run's load."""
    return [pid for pid in _all() if _parent(pid) == live.process.pid and "harness.load.child" in _command(pid)]


# --- what is done to the run --------------------------------------------------------------------------------------------


def in_phase(number: int, after_s: float, act: Callable[[Live], object]) -> Callable[[Live], None]:
    """Do it so long after the `number`th phase began. Raises Over when the run ends before."""

    def acted(live: Live) -> None:
        while len(live.journal.of(PhaseBegan)) < number:
            if live.process.poll() is not None:
                raise Over(f"the run ended before its phase {number}")
            time.sleep(0.05)
        time.sleep(after_s)
        act(live)

    return acted


def kill_load(live: Live) -> None:
    for pid in load_of(live):
        os.kill(pid, signal.SIGKILL)


def kill_watchdog(live: Live) -> None:
    if not end_watchdog(live.run):
        raise Over("the run has no watchdog")


def interrupt_twice(live: Live) -> None:
    live.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    live.process.send_signal(signal.SIGINT)


def terminate(live: Live) -> None:
    live.process.send_signal(signal.SIGTERM)


def fill_disk(live: Live) -> None:
    """Every byte of the disk that the runs lie on."""
    with contextlib.suppress(OSError), (live.runs / "torture" / "fill").open("wb", buffering=0) as file:
        while file.write(b"\0" * 65536):
            pass


def step_clock(live: Live) -> None:
    """An hour forward, and two back."""
    for step in ("+3600", "-3600"):
        (live.runs.parent / "clock").write_text(f"{step}\n")
        time.sleep(3)


def signalled(name: str, *signals: signal.Signals, apart_s: float = FROZEN_S) -> Callable[[Live], None]:
    """Signals to the first process of the run's container of that name, so that Docker knows of none of it."""

    def act(live: Live) -> None:
        filters = ("--filter", f"label={LABEL}={live.run}", "--filter", f"name={name}")
        found = docker("ps", "--quiet", *filters).split()
        if not found:
            raise Over(f"no container of the run is called {name}")
        pid = int(json.loads(docker("inspect", found[0]))[0]["State"]["Pid"])
        for number, one in enumerate(signals):
            time.sleep(apart_s if number else 0.0)
            os.kill(pid, one)

    return act


def slow_network(live: Live) -> None:
    """Everything between Toxiproxy and the rest, its control plane too, half a second late each way, while its container lives."""
    found = docker("ps", "--quiet", "--filter", f"label={LABEL}={live.run}", "--filter", "name=drill-lanes").split()
    pid = str(json.loads(docker("inspect", found[0]))[0]["State"]["Pid"])
    words = ["nsenter", "-t", pid, "-n", sys.executable, str(Path(late.__file__)), "eth+", "0.5", pid]
    with (live.runs.parent / "late").open("wb") as told:
        subprocess.Popen(words, stdout=told, stderr=subprocess.STDOUT, start_new_session=True)
    until_s = time.monotonic() + 10
    while b" late" not in (said := (live.runs.parent / "late").read_bytes()):
        if time.monotonic() > until_s:
            raise Over(f"packets could not be held: {said.decode(errors='replace')[-300:]}")
        time.sleep(0.05)


def delete_project(live: Live) -> None:
    """As by `docker compose down -v` of somebody who took the run for a stray."""
    project = f"drill-{live.run}"
    subprocess.run(
        ["docker", "compose", "-p", project, "down", "--volumes", "--timeout", "1"], check=False, capture_output=True
    )


def delete_containers(live: Live) -> None:
    """Every container of the run, at once."""
    found = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}={live.run}").split()
    subprocess.run(["docker", "rm", "--force", "--volumes", *found], check=False, capture_output=True)


def restart_docker(live: Live) -> None:
    """The daemon, in an orderly way; with it every container of this machine."""
    from harness.doctor import daemon

    pid = int(daemon.PID_FILE.read_text())
    os.kill(pid, signal.SIGTERM)
    until_s = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until_s:
        time.sleep(0.2)
    daemon.start(lambda line: None)


def many_alerts(live: Live) -> None:
    """Ten thousand alerts in Alertmanager, in one request, each of another service; half of them page."""
    labels = [
        {"alertname": "Many", "service": f"s{n}", "severity": "page" if n % 2 else "ticket"} for n in range(ALERTS)
    ]
    address = docker("port", live.container("alertmanager"), "9093/tcp").split()[0]
    body = json.dumps([{"labels": one} for one in labels]).encode()
    sent = urllib.request.Request(f"http://{address}/api/v2/alerts", body, {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sent, timeout=60):
        pass


# --- what is changed before ---------------------------------------------------------------------------------------------


def stubborn(copy: Copy) -> None:
    """The services ignore their stop signal."""
    copy.text("shop/shop.py", lambda text: text.replace("lambda *_: os._exit(0)", "signal.SIG_IGN"))


def talkative(copy: Copy) -> None:
    """Every twentieth answer writes a line of ten million bytes."""
    line = f'        if next(asked) % 20 == 0:\n            print("x" * {LINE_BYTES}, flush=True)\n'
    copy.text(
        "shop/shop.py",
        lambda text: text.replace("        self.send_response(code)\n", line + "        self.send_response(code)\n"),
    )


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[Environ]:
    """The drill's runs lie on a disk of their own, of 32 MB; what was written is copied away before it goes."""
    runs = place / "runs" / "torture"
    runs.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(runs)], check=True, capture_output=True)
    try:
        yield {}
    finally:
        (runs / "fill").unlink(missing_ok=True)
        subprocess.run(["cp", "-a", str(runs), str(place / "kept")], check=False)
        subprocess.run(["umount", "--lazy", str(runs)], check=True)


def no_mount(place: Path) -> str:
    return "" if os.geteuid() == 0 else "only root can mount a small disk"


def not_root(place: Path) -> str:
    return "" if os.geteuid() == 0 else "only root can hold packets of a container's network"


@contextlib.contextmanager
def own_clock(place: Path) -> Iterator[Environ]:
    """The wall clock of harness and load is what the file `clock` says; the monotonic clock, and the containers', stay."""
    (place / "clock").write_text("+0\n")
    library = place / "stepped.so"
    source = Path(__file__).with_name("stepped.c")
    subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", library, source], check=True, capture_output=True)
    yield {"LD_PRELOAD": str(library), "STEPPED_BY": str(place / "clock")}


def no_compiler(place: Path) -> str:
    return (
        ""
        if shutil.which(COMPILER)
        else f"no {COMPILER} is here to make a clock that can be stepped: apt-get install gcc libc6-dev"
    )


def others_run(place: Path) -> str:
    """A daemon that is restarted takes everybody's containers along."""
    found = docker("ps", "--quiet").split()
    return f"{len(found)} containers run here, and would be restarted too" if found else ""


# --- the table ----------------------------------------------------------------------------------------------------------

LEFT_ALONE = frozenset({PASSED, FAILED, INCONCLUSIVE})


def _cell(
    name: str, told: str, exit_code: int, *also: int, act: Callable[[Live], None] | None = None, drill: str = "torture",
    change: Callable[[Copy], None] = lambda copy: None, around: Around = as_it_is, cannot: Callable[[Path], str] = can,
    breaks: frozenset[str] = frozenset(),
) -> Disaster:  # fmt: skip
    return Disaster(
        name, told, drill, exit_code, rest=LEFT_ALONE, act=act, change=change, also=frozenset(also), around=around, cannot=cannot,
        breaks=breaks,
    )  # fmt: skip


SLOW, STOPPED, RELEASE = 1, 2, 3
UNSETTLED = frozenset({"gone/settles"})
DISASTERS = (
    _cell("load killed", "Locust killed with a service stopped", 1, 3, act=in_phase(STOPPED, 1, kill_load)),
    _cell("watchdog killed", "the watchdog killed; Docker starts it again, and the run goes on", 1, act=in_phase(SLOW, 1, kill_watchdog)),
    _cell("interrupted twice", "Ctrl-C twice, half a second apart, with a service stopped", 130, act=in_phase(STOPPED, 1, interrupt_twice)),
    _cell("terminated", "SIGTERM, as from a scheduler, with a release out", 143, act=in_phase(RELEASE, 2, terminate)),
    _cell("disk full", "the disk that the run is written to is full", 6, act=in_phase(STOPPED, 1, fill_disk), around=small_disk, cannot=no_mount),
    _cell("clock steps", "the wall clock of harness and load steps an hour forward, and two back", 1, 3, act=in_phase(SLOW, 1, step_clock), around=own_clock, cannot=no_compiler),
    _cell("docker restarted", "the Docker daemon restarted with a slow edge: containers without a restart policy stay ended", 1, 3, 6, act=in_phase(SLOW, 1, restart_docker), cannot=others_run, breaks=frozenset({"slow/settles"})),
    _cell("toxiproxy killed", "Toxiproxy killed with a slow edge", 1, 3, act=in_phase(SLOW, 1, signalled("drill-toxiproxy", signal.SIGKILL))),
    _cell("toxiproxy wedged", "Toxiproxy frozen with a slow edge: it answers nobody, and carries nothing", 1, 3, act=in_phase(SLOW, 1, signalled("drill-toxiproxy", signal.SIGSTOP))),
    _cell("network slow", "everything to and from Toxiproxy half a second late", 1, 3, act=in_phase(SLOW, 1, slow_network), cannot=not_root),
    _cell("stop ignored", "the services ignore their stop signal", 1, 3, change=stubborn),
    _cell("probe hangs", "the container that the probes look from is frozen", 1, 3, act=in_phase(SLOW, 1, signalled("lookout", signal.SIGSTOP))),
    _cell("long lines", "a service logs lines of ten million bytes", 1, 3, change=talkative),
    _cell("project deleted", "`docker compose down --volumes` of the run's project under the drill", 1, 3, 6, act=in_phase(STOPPED, 1, delete_project), breaks=UNSETTLED),
    _cell("containers deleted", "`docker rm --force` of all of the run's containers under the drill", 1, 3, 6, act=in_phase(STOPPED, 1, delete_containers), breaks=UNSETTLED),
    _cell("prometheus killed", "the stack's Prometheus killed", 1, 3, drill="watched", act=in_phase(1, 2, signalled("-prometheus-", signal.SIGKILL))),
    _cell("prometheus frozen", "the stack's Prometheus frozen for eight seconds", 1, 3, drill="watched", act=in_phase(1, 2, signalled("-prometheus-", signal.SIGSTOP, signal.SIGCONT))),
    _cell("alertmanager killed", "the stack's Alertmanager killed", 1, 3, drill="watched", act=in_phase(1, 0.5, signalled("-alertmanager-", signal.SIGKILL))),
    _cell("ten thousand alerts", "ten thousand alerts at once in the stack's Alertmanager", 1, 3, drill="watched", act=in_phase(1, 1, many_alerts)),
)  # fmt: skip


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""
