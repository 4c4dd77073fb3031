"""Room on disk: for the run folder here, and for Docker's images and volumes."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.doctor.docker_cli import docker
from harness.doctor.seen import Say, Seen

GIB = 1 << 30
RUNS_BYTES = GIB
DOCKER_BYTES = 2 * GIB


@dataclass(frozen=True)
class DiskCheck:
    """1 GiB free where runs are kept, 2 GiB where Docker keeps its own (not seen from another machine)."""

    name: str = "disk"
    needs: tuple[str, ...] = ("engine",)

    def look(self) -> Seen:
        root = docker("info", "--format", "{{.DockerRootDir}}").out.strip()
        rooms = [room(Path("runs"), RUNS_BYTES)]
        if root and Path(root).exists():
            rooms.append(room(Path(root), DOCKER_BYTES))
        told = "; ".join(f"{free / GIB:.1f} GiB free at {place}" for place, free, _ in rooms)
        short = [place for place, free, wanted in rooms if free < wanted]
        if short:
            places = " ".join(str(place) for place in short)
            return Seen(self.name, "missing", f"too little room: {told}", f"df -h {places}; docker system df")
        if not os.access(rooms[0][0], os.W_OK):
            return Seen(self.name, "missing", f"{rooms[0][0]} cannot be written to", f"ls -ld {rooms[0][0]}")
        return Seen(self.name, "ok", told)

    def fix(self, say: Say) -> None:
        """What lies on the disk is not ours to delete."""


def room(place: Path, wanted: int) -> tuple[Path, int, int]:
    """(the nearest folder above that exists, its free bytes for this user, the bytes wanted)."""
    folder = place.resolve()
    while not folder.exists():
        folder = folder.parent
    return folder, shutil.disk_usage(folder).free, wanted
