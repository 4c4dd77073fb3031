"""What /proc tells of one process: memory that is its own, file handles, threads."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from pathlib import Path

LOAD = "harness.load.child"


@dataclass(frozen=True)
class Look:
    """In kB: `anonymous` memory (what a leak makes grow) apart from mapped `files` (the ledger's pages: the kernel takes them back)."""

    anonymous_kb: int
    files_kb: int
    handles: int
    threads: int

    def told(self) -> dict[str, int]:
        return asdict(self)


def look(pid: int) -> Look | None:
    """None of a process that is gone."""
    place = Path(f"/proc/{pid}")
    with contextlib.suppress(OSError, KeyError, ValueError):
        lines = (line.split(":", 1) for line in (place / "smaps_rollup").read_text().splitlines()[1:])
        kb = {name: int(value.split()[0]) for name, value in lines}
        handles, threads = (len(list((place / name).iterdir())) for name in ("fd", "task"))
        return Look(kb["Anonymous"], kb["Rss"] - kb["Anonymous"], handles, threads)
    return None


def load_of(harness: int) -> int | None:
    """The load's process, which the harness started."""
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{harness}/task").iterdir():
            for child in (task / "children").read_text().split():
                if LOAD in Path(f"/proc/{child}/cmdline").read_text():
                    return int(child)
    return None
