"""Which distribution this is, and what its packages are called: the one table from names to apt lines."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OS_RELEASE = Path("/etc/os-release")
TRIXIE = "trixie"


@dataclass(frozen=True)
class Distribution:
    """A system that apt can set up, or one that gets its commands printed.

    docker       packages that bring Docker Engine, its command, Compose and buildx
    compose      packages that bring Compose to an engine that works
    go           packages that bring Go ≥ 1.23
    borrows      the suite that those come from when it is not this system's own; '' otherwise
    by_hand      what to type where apt is not ours to use
    """

    name: str
    codename: str = ""
    docker: tuple[str, ...] = ()
    compose: tuple[str, ...] = ()
    go: tuple[str, ...] = ()
    borrows: str = ""
    by_hand: str = ""

    @property
    def installable(self) -> bool:
        return bool(self.docker)


def apt_line(packages: tuple[str, ...]) -> str:
    """The one line a person types to install these packages."""
    return shlex.join(("apt-get", "install", "-y", "--no-install-recommends", *packages))


def parse_os_release(text: str) -> dict[str, str]:
    """The assignments of an os-release file (man os-release: shell quoting, comments, one assignment a line)."""
    fields = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            try:
                fields[name] = "".join(shlex.split(value))
            except ValueError:
                fields[name] = value
    return fields


def from_os_release(fields: Mapping[str, str]) -> Distribution:
    """The distribution that an os-release file describes."""
    name = fields.get("PRETTY_NAME") or fields.get("ID") or "this system"
    system, version = fields.get("ID", ""), _number(fields.get("VERSION_ID", ""))
    codename = fields.get("VERSION_CODENAME", "")
    if system == "debian" and version == 12:
        return Distribution(
            name,
            codename or "bookworm",
            docker=_from_trixie("docker.io", "docker-cli", "docker-compose", "docker-buildx"),
            compose=_from_trixie("docker-compose"),
            go=_from_trixie("golang-1.24-go", "golang-1.24-src"),
            borrows=TRIXIE,
        )
    if system == "debian" and (version >= 13 or not version):
        return Distribution(
            name,
            codename or TRIXIE,
            docker=("docker.io", "docker-cli", "docker-compose", "docker-buildx"),
            compose=("docker-compose",),
            go=("golang-go",),
        )
    if system == "ubuntu" and version >= 22:
        return Distribution(
            name,
            codename,
            docker=("docker.io", "docker-compose-v2", "docker-buildx"),
            compose=("docker-compose-v2",),
            go=("golang-go",) if version >= 25 else ("golang-1.23-go",),
        )
    if system == "fedora":
        return Distribution(name, by_hand="dnf install -y moby-engine docker-compose && systemctl enable --now docker")
    return Distribution(
        name, by_hand="install Docker Engine ≥ 20.10 with Compose ≥ 2.20 and start it (docs.docker.com/engine/install)"
    )


def distribution() -> Distribution:
    """The distribution of this machine."""
    try:
        return from_os_release(parse_os_release(OS_RELEASE.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return from_os_release({})


def _from_trixie(*packages: str) -> tuple[str, ...]:
    return tuple(f"{package}/{TRIXIE}" for package in packages)


def _number(version: str) -> int:
    head = version.partition(".")[0]
    return int(head) if head.isdigit() else 0
