"""How the runs of a project stand at one instant: those that live, those that are being made ready, and what dead ones left. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.errors import EXIT_HARNESS, EXIT_INCONCLUSIVE, EXIT_NOT_MENDED, EXIT_PASSED
from harness.progress import Outline, Progress


@dataclass(frozen=True)
class Holder:
    """
    Who holds a target.

    run    '' until its folder is there: images may still be built
    born, boot, pid_namespace, host   of its process, as in a lease
    here   whether its pid is one of this machine's, and of this container's
    """

    target: str
    drill: str
    pid: int
    since_unix_s: float
    run: str = ""
    born: int = 0
    boot: str = ""
    pid_namespace: str = ""
    host: str = ""
    here: bool = True

    @property
    def ends_by(self) -> str:
        """The command that ends it while it has no run."""
        return f"kill {self.pid}" + ("" if self.here else f" on {self.host}" if self.host else " where it runs")

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since_unix_s).astimezone().strftime("%H:%M:%S")
        run = f"run {self.run} of {self.drill}" if self.run else f"a run of {self.drill} that is being made ready"
        return f"{run} (process {self.pid}) since {since}"


@dataclass(frozen=True)
class LoadNow:
    """The load of the last `over_s` seconds, as the live display has it: `errors` and `p95` of what ended in them."""

    over_s: float
    arrivals: int
    errors: str
    p95: str
    waiting: int = 0


@dataclass(frozen=True)
class RunStatus:
    """
    state     running; hanging (it lives and writes nothing any more); dead (nobody holds it, and something of it is left, or may
              be); remains (it ended in order, and a fault or something else of it is there still); kept (it ended, and its stack stands, as --keep leaves it); ended; cut (killed, and nothing of it is left)
    now_s     now, on the run's clock; silent_s since the harness last wrote anything
    left      what of it is in Docker, counted; None where nothing is, or Docker was not asked
    """

    run: str
    drill: str
    folder: Path
    state: str
    pid: int
    opened_unix_s: float | None
    now_s: float
    silent_s: float
    progress: Progress
    outline: Outline
    load: LoadNow | None = None
    left: Mapping[str, int] | None = None

    @property
    def code(self) -> int:
        """7 where a fault may be on that nobody takes out in time; 6 where only something was left behind."""
        on = bool(self.progress.faults)
        stuck = any(fault.state == "stuck" for fault in self.progress.faults)
        ill = self.state in ("hanging", "dead", "remains")
        if stuck or (on and ill):
            return EXIT_NOT_MENDED
        return EXIT_HARNESS if ill else EXIT_PASSED


@dataclass(frozen=True)
class Status:
    """
    preparing   runs that hold their target and have no folder yet
    elsewhere   ids that only labels tell of, with the folder that these name, and whether they live (None: the folder cannot be
                read): runs of other runs folders
    unseen      why it is not known what dead runs left; '' when Docker was asked and answered
    """

    runs: tuple[RunStatus, ...]
    preparing: tuple[Holder, ...] = ()
    elsewhere: tuple[tuple[str, Path | None, bool | None], ...] = ()
    unseen: str = ""

    @property
    def code(self) -> int:
        """The exit code: 7 before 6 before 3 before 0."""
        codes = {run.code for run in self.runs}
        if EXIT_NOT_MENDED in codes:
            return EXIT_NOT_MENDED
        if EXIT_HARNESS in codes or any(folder is None for _, folder, _ in self.elsewhere):
            return EXIT_HARNESS
        return EXIT_INCONCLUSIVE if self.unseen or any(lives is None for *_, lives in self.elsewhere) else EXIT_PASSED
