"""Protected targets are confirmed by typing their names, or by --yes, before anything starts."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from harness.drill.protected import Protected
    from harness.plan import Plan


def protected_by(plan: Plan, project: str) -> tuple[Protected, ...]:
    """What this plan touches that its project, or the one of the working directory, protects."""
    from harness.cli.inputs import projects_of
    from harness.drill.protected import protected, touched

    patterns = [name for one in projects_of(plan.drill) for name in one.protected]
    faults = [injection.fault for injection in plan.injections]
    return protected(patterns, touched(plan.drill, faults, project, machines()))


def machines() -> list[str]:
    """Names of the Docker that is spoken to: its context, and the host where that is another machine."""
    context = os.environ.get("DOCKER_CONTEXT", "")
    host = os.environ.get("DOCKER_HOST", "")
    if not context and not host:
        folder = Path(os.environ.get("DOCKER_CONFIG", "") or Path.home() / ".docker")
        try:
            context = str(json.loads((folder / "config.json").read_text()).get("currentContext") or "")
        except (OSError, ValueError, AttributeError):  # none, or not ours to read: Docker's own default then
            context = ""
    try:
        name = urlsplit(host).hostname or ""
    except ValueError:
        name = ""
    return [one for one in (context, name) if one]


def confirm(found: tuple[Protected, ...], drill: str, yes: bool, *, ask: bool = True) -> None:
    """Ask for each name on the terminal. Raises CannotRun where nobody can (or is to) be asked, or what is typed is another name."""
    from harness.errors import CannotRun, Missing

    if yes or not found:
        return
    cure = f"drill run {drill} --yes"
    if not (ask and sys.stdin.isatty() and sys.stderr.isatty()):
        raise CannotRun(
            *(Missing(f"{one.name} is protected ({one.what}); it needs a confirmation", cure) for one in found)
        )
    for one in found:
        click.echo(f"{one.name} is protected: it is {one.what}. Type its name to go on: ", nl=False, err=True)
        typed = sys.stdin.readline().strip()
        if typed != one.name:
            said = f"{typed!r} was typed" if typed else "nothing was typed"
            raise CannotRun(Missing(f"{one.name} is protected ({one.what}), and {said}; nothing was started", cure))
