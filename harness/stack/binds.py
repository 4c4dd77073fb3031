"""Bind mounts: which are copied into the run's folder, which stay, which are refused; and the copying."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import CannotRun, Missing
from harness.stack import names as topology
from harness.world.docker_cli import docker

LIMIT_BYTES = 1 << 30
COPIES = "binds"  # the folder of a run that holds them
COPY_S = 600.0
SYSTEM = ("dev", "proc", "sys", "run")
TREES = (*SYSTEM, "bin", "boot", "etc", "lib", "lib64", "sbin", "usr", "var")


@dataclass(frozen=True)
class Bind:
    """One bind mount of one service; `source` is real (links followed, as Docker does)."""

    service: str
    target: str
    written: str
    source: Path
    read_only: bool


@dataclass(frozen=True)
class Copy:
    """One tree or file to be copied; `missing` becomes an empty folder, as Docker would make one."""

    source: Path
    place: Path
    missing: bool = False


@dataclass(frozen=True)
class Plan:
    """`copies` are made, `places` tell the new source of (service, target); what is in neither stays as it is."""

    copies: tuple[Copy, ...]
    places: Mapping[tuple[str, str], str]


def binds(config: topology.Config) -> tuple[Bind, ...]:
    """Every bind mount of the project."""
    found = []
    for name, body in topology.services(config).items():
        for mount in body.get("volumes") or ():
            if mount.get("type") == "bind":
                written = str(mount["source"])
                found.append(
                    Bind(
                        name,
                        str(mount["target"]),
                        written,
                        Path(os.path.realpath(written)),
                        bool(mount.get("read_only")),
                    )
                )
    return tuple(found)


def _of_machine(source: Path, project: Path) -> bool:
    """Whether it is a tree of this machine's, or one around the whole project: looked at (by a monitor, as a rule), and far too
    big to copy."""
    parts = source.parts
    return not _within(source, project) and (len(parts) < 3 or parts[1] in TREES or _within(project, source))


def plan(found: Sequence[Bind], directory: Path, folder: Path, shared: Sequence[Path] = ()) -> Plan:
    """Decide for each mount. Copied: what can be written, and what it is read from elsewhere at the same time, but for trees of
    the machine's own.

    Read-only mounts that overlap with nothing written stay where they are: nothing can change them.
    Raises CannotRun for sockets, devices and system folders, naming the cure.
    """
    if problems := uncopied(found, shared):
        raise CannotRun(*problems)
    mine = _private(found, shared)
    written = [bind.source for bind in mine if not bind.read_only]
    inside = Path(os.path.realpath(directory))
    copied = {
        bind.source
        for bind in mine
        if not bind.read_only
        or any(_within(bind.source, path) for path in written)
        or (not _of_machine(bind.source, inside) and any(_within(path, bind.source) for path in written))
    }
    roots = sorted(path for path in copied if not any(other != path and _within(path, other) for other in copied))
    copies = tuple(
        Copy(root, folder / COPIES / f"{number}-{root.name or 'root'}", missing=not root.exists())
        for number, root in enumerate(roots)
    )
    places = {}
    for bind in mine:
        if bind.source in copied:
            home = next(copy for copy in copies if _within(bind.source, copy.source))
            places[(bind.service, bind.target)] = str(home.place / bind.source.relative_to(home.source))
    return Plan(copies, places)


def uncopied(found: Sequence[Bind], shared: Sequence[Path] = ()) -> tuple[Missing, ...]:
    """Mounts that can be neither copied nor left alone: sockets, devices and system folders, each with its cure."""
    return tuple(dict.fromkeys(problem for bind in _private(found, shared) if (problem := _special(bind))))


def _private(found: Sequence[Bind], shared: Sequence[Path]) -> list[Bind]:
    real = [Path(os.path.realpath(path)) for path in shared]
    return [bind for bind in found if not any(_within(bind.source, path) for path in real)]


def _within(path: Path, other: Path) -> bool:
    return path == other or other in path.parents


def _special(bind: Bind) -> Missing | None:
    """Why it can be neither copied nor left alone, or None."""
    cure = (
        f'data: {{"{bind.written}": shared}} in the drill (drill init --data {shlex.quote(bind.written)}=shared), to use the real one; '
        "or an override file without the mount"
    )
    says = f"services.{bind.service} mounts {bind.written}"
    try:
        mode = bind.source.stat().st_mode
    except OSError:
        return None
    if stat.S_ISSOCK(mode):
        return Missing(f"{says}, a socket: a copy of it would answer nobody", cure)
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISFIFO(mode):
        return Missing(f"{says}, a device or pipe: it cannot be copied", cure)
    parts = bind.source.parts
    if not bind.read_only and (len(parts) < 2 or parts[1] in SYSTEM):
        return Missing(f"{says}, a part of this machine's system, writable", cure)
    return None


def copy_all(copies: Sequence[Copy], runs: Path, image: str, run_label: str) -> list[str]:
    """Copy everything, owners and times kept; returns lines on what was left out (sockets and pipes inside a tree).

    Without root, what we may not read or own is copied by a container. The folder of runs is never copied into itself.
    Raises CannotRun over the limit, or with the reason when copying fails.
    """
    said = []
    for copy in copies:
        copy.place.parent.mkdir(parents=True, exist_ok=True)
        if copy.missing:
            copy.place.mkdir()
            continue
        seen = measure(copy.source, runs)
        if seen.bytes > LIMIT_BYTES:
            raise CannotRun(
                Missing(
                    f"{copy.source} is bind-mounted and holds more than 1 GiB: too much to copy for each run",
                    f'data: {{"{copy.source}": shared}} in the drill, to use the real one, or mount less of it',
                )
            )
        said += [f"{copy.source}: {path} left out, it is a socket or pipe" for path in seen.special]
        if seen.foreign and os.geteuid() != 0:
            _copy_by_container(copy, runs, image, run_label)
        else:
            _copy(copy, runs)
    return said


@dataclass(frozen=True)
class Measured:
    bytes: int
    foreign: bool
    special: tuple[str, ...]


def measure(source: Path, runs: Path) -> Measured:
    """Size in bytes (counting stops beyond the limit), whether another user owns a part, and sockets, pipes and
    devices in it."""
    total, foreign, special = 0, not os.access(source, os.R_OK), []
    user = os.geteuid()
    for folder, folders, files in os.walk(source) if source.is_dir() else [(str(source.parent), [], [source.name])]:
        folders[:] = [name for name in folders if Path(folder, name) != runs]
        for name in (*folders, *files):
            path = Path(folder, name)
            try:
                seen = path.lstat()
            except OSError:
                continue
            total += seen.st_size if stat.S_ISREG(seen.st_mode) else 0
            foreign |= seen.st_uid != user or not (stat.S_ISLNK(seen.st_mode) or os.access(path, os.R_OK))
            if not (stat.S_ISREG(seen.st_mode) or stat.S_ISDIR(seen.st_mode) or stat.S_ISLNK(seen.st_mode)):
                special.append(str(path.relative_to(source)))
        if total > LIMIT_BYTES:
            break
    return Measured(total, foreign, tuple(special))


def _pack(source: Path, runs: Path) -> list[str]:
    left_out = [f"--exclude=./{runs.relative_to(source)}"] if source in runs.parents else []
    return [
        "tar",
        "--create",
        "--file=-",
        "--sparse",
        "--warning=no-file-changed",
        "--warning=no-file-ignored",
        "--anchored",
        *left_out,
    ]


_UNPACK = ["tar", "--extract", "--file=-", "--preserve-permissions", "--numeric-owner"]


def _copy(copy: Copy, runs: Path) -> None:
    if copy.source.is_file():
        shutil.copy2(copy.source, copy.place)
        if os.geteuid() == 0:
            seen = copy.source.stat()
            os.chown(copy.place, seen.st_uid, seen.st_gid)
        return
    copy.place.mkdir()
    with (
        subprocess.Popen(
            [*_pack(copy.source, runs), "-C", str(copy.source), "."], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as reader,
        subprocess.Popen([*_UNPACK, "-C", str(copy.place)], stdin=reader.stdout, stderr=subprocess.PIPE) as writer,
    ):
        assert reader.stdout is not None
        reader.stdout.close()
        try:
            complaint = writer.communicate(timeout=COPY_S)[1] + reader.communicate(timeout=30)[1]
        except BaseException:
            reader.kill()
            writer.kill()
            raise
    # GNU tar ends with 1 when a file changed while it was read: a copy of something alive, which is what was asked for.
    if writer.returncode or reader.returncode not in (0, 1):
        raise CannotRun(f"{copy.source} cannot be copied: {complaint.decode(errors='replace').strip()[-400:]}")


def _copy_by_container(copy: Copy, runs: Path, image: str, run_label: str) -> None:
    source, name = (copy.source, ".") if copy.source.is_dir() else (copy.source.parent, copy.source.name)
    inside = copy.place if name == "." else copy.place.parent
    inside.mkdir(exist_ok=True)
    script = f'set -o pipefail; {shlex.join(_pack(source, runs))} -C /from "$0" | {shlex.join(_UNPACK)} -C /to'
    answer = docker(
        "run", "--rm", "--network", "none", "--label", run_label, "-v", f"{source}:/from:ro", "-v", f"{inside}:/to",
        image, "bash", "-c", script, name, within_s=COPY_S,
    )  # fmt: skip
    if not answer.ok:
        raise CannotRun(f"{copy.source} cannot be copied: {answer.why}")
    if name != ".":
        (inside / name).rename(copy.place)


def remove_copies(folder: Path, image: str) -> str:
    """Remove the copies of a run; what containers wrote as other users is removed by one. Returns what is left, or
    ''."""
    place = folder / COPIES
    if not place.exists():
        return ""
    shutil.rmtree(place, ignore_errors=True)
    if place.exists():
        docker(
            "run",
            "--rm",
            "--network",
            "none",
            "-v",
            f"{folder}:/folder",
            image,
            "rm",
            "-rf",
            f"/folder/{COPIES}",
            within_s=COPY_S,
        )
    return str(place) if place.exists() else ""
