"""Docker Compose v2 ≥ 2.20 (`include`, `config --format json`, `up --wait`)."""

from __future__ import annotations

from dataclasses import dataclass

from harness.doctor.apt import borrowing_commands, install
from harness.doctor.checks.engine import new_enough
from harness.doctor.command import fix_line
from harness.doctor.debian import Distribution, apt_line, distribution
from harness.doctor.docker_cli import ask, docker
from harness.doctor.privilege import may_install
from harness.doctor.seen import Say, Seen

AT_LEAST = (2, 20)


@dataclass(frozen=True)
class ComposeCheck:
    """The `docker compose` command. Only its own package is installed: the engine beside it works and stays."""

    name: str = "compose"
    needs: tuple[str, ...] = ("engine",)

    def look(self) -> Seen:
        answer = docker("compose", "version", "--short")
        version = answer.out.strip()
        if answer.ok and new_enough(version, AT_LEAST):
            return Seen(self.name, "ok", f"Docker Compose {version}")
        system = distribution()
        if answer.ok and version:
            return Seen(self.name, "missing", f"Docker Compose {version} is too old", "upgrade it to 2.20 or newer")
        cure = fix_line() if may_install(system) else compose_line(system)
        return Seen(self.name, "missing", "`docker compose` is not there", cure)

    def fix(self, say: Say) -> None:
        """Install the Compose plugin beside the engine; nothing where one is there, though too old."""
        system = distribution()
        if may_install(system) and not docker("compose", "version", "--short").ok:
            install(system, compose_packages(system), say)


def compose_packages(system: Distribution) -> tuple[str, ...]:
    """The distribution's package, or Docker's own where Docker's own command is installed."""
    own = ask("dpkg-query", "--show", "--showformat", "${db:Status-Status}", "docker-ce-cli")
    return ("docker-compose-plugin",) if own.out.strip() == "installed" else system.compose


def compose_line(system: Distribution) -> str:
    """The commands that install Compose on a distribution."""
    if not system.installable:
        return system.by_hand
    return "as root: " + " && ".join((*borrowing_commands(system), apt_line(compose_packages(system))))
