"""Installs packages with apt, but simulates first and refuses every plan that upgrades or removes one that is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from harness.doctor.debian import Distribution, apt_line
from harness.doctor.docker_cli import ask
from harness.doctor.sources import APT, PREFERENCES_NAME, SOURCES_NAME, derive, knows_suite, preferences, read_sources
from harness.errors import CannotRun, Missing
from harness.world.docker_cli import Answer

UPDATE_S = 300.0
INSTALL_S = 900.0
QUIET = ("env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l", "apt-get", "-o", "DPkg::Lock::Timeout=120")


@dataclass(frozen=True)
class AptPlan:
    """What apt would do, as its simulation says it. Names of packages."""

    installs: tuple[str, ...]
    upgrades: tuple[str, ...]
    removes: tuple[str, ...]

    @property
    def harmless(self) -> bool:
        """Only adds packages."""
        return not self.upgrades and not self.removes


def parse_plan(simulated: str) -> AptPlan:
    """Read the output of `apt-get install --simulate`.

    `Inst x (1 …)` adds x, `Inst x [0] (1 …)` replaces its version 0 (up or down), `Remv` and `Purg` take it away.
    """
    installs, upgrades, removes = [], [], []
    for line in simulated.splitlines():
        done = re.match(r"(Inst|Remv|Purg) (\S+)( \[[^\]]*\])?", line)
        if done is None:
            continue
        if done[1] != "Inst":
            removes.append(done[2])
        elif done[3]:
            upgrades.append(done[2])
        else:
            installs.append(done[2])
    return AptPlan(tuple(installs), tuple(upgrades), tuple(dict.fromkeys(removes)))


def install(system: Distribution, packages: tuple[str, ...], say: Callable[[str], object]) -> None:
    """Install packages; says what it is about to change before it changes it.

    Raises errors.CannotRun when apt cannot, or its plan would upgrade or remove anything: then nothing was changed.
    """
    if system.borrows and any(package.endswith(f"/{system.borrows}") for package in packages):
        _offer(system, say)
    say("apt-get update")
    updated = ask(*QUIET, "update", "-q", timeout_s=UPDATE_S)
    simulated = ask(*QUIET, "install", "--simulate", "--no-install-recommends", *packages, timeout_s=UPDATE_S)
    if not simulated.ok:
        reason = _apt_error(simulated) if updated.ok else f"{_apt_error(updated)}; {_apt_error(simulated)}"
        raise CannotRun(Missing(f"apt cannot install {' '.join(packages)}: {reason}", apt_line(packages)))
    plan = parse_plan(simulated.out)
    if not plan.harmless:
        raise CannotRun(refusal(packages, plan))
    if not plan.installs:
        return
    say(f"installing {len(plan.installs)} packages, upgrading and removing none: {' '.join(plan.installs)}")
    done = ask(
        *QUIET, "install", "-y", "-q", "--no-install-recommends", "--no-upgrade", "--no-remove",
        "-o", "Dpkg::Options::=--force-confold", *packages, timeout_s=INSTALL_S,
    )  # fmt: skip
    if not done.ok:
        raise CannotRun(Missing(f"apt did not install {' '.join(packages)}: {_apt_error(done)}", apt_line(packages)))


def refusal(packages: tuple[str, ...], plan: AptPlan) -> Missing:
    """Why a plan is refused, naming what it would have touched."""
    verbs = (("upgrade", plan.upgrades), ("remove", plan.removes))
    touched = " and ".join(f"{verb} {' '.join(names)}" for verb, names in verbs if names)
    return Missing(
        f"installing {' '.join(packages)} would {touched}: refused, nothing was changed",
        f"if you want that, type it yourself: {apt_line(packages)}",
    )


def borrowing_commands(system: Distribution) -> list[str]:
    """The commands that offer the borrowed suite, for a person to type; none where it is offered already."""
    sources = read_sources()
    if not system.borrows or knows_suite(sources, system.borrows):
        return []
    source = derive(sources, system.codename, system.borrows)
    if source is None:
        return []
    return [
        f"printf '%s\\n' {_quoted(source)} > {APT / SOURCES_NAME}",
        f"printf '%s\\n' {_quoted(preferences(system.borrows))} > {APT / PREFERENCES_NAME}",
        "apt-get update",
    ]


def _offer(system: Distribution, say: Callable[[str], object]) -> None:
    """Make the borrowed suite known to apt, pinned low; nothing where a source of this machine offers it already."""
    sources = read_sources()
    if knows_suite(sources, system.borrows):
        return
    source = derive(sources, system.codename, system.borrows)
    if source is None:
        raise CannotRun(
            Missing(f"no apt source of this machine offers {system.codename} main, to derive {system.borrows} from")
        )
    say(f"writing {APT / PREFERENCES_NAME}: everything of {system.borrows} pinned at 100, so that it upgrades nothing")
    (APT / PREFERENCES_NAME).parent.mkdir(parents=True, exist_ok=True)
    (APT / PREFERENCES_NAME).write_text(preferences(system.borrows))
    say(f"writing {APT / SOURCES_NAME}: {' '.join(source.split())}")
    (APT / SOURCES_NAME).parent.mkdir(parents=True, exist_ok=True)
    (APT / SOURCES_NAME).write_text(source)


def _quoted(text: str) -> str:
    return " ".join("'" + line.replace("'", "'\\''") + "'" for line in text.splitlines())


def _apt_error(answer: Answer) -> str:
    errors = [line.strip() for line in answer.err.splitlines() if line.startswith("E:")]
    return errors[0] if errors else answer.last
