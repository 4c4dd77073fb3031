"""`drill doctor`: what this machine lacks for a run, one line each with its cure; `--fix` cures it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from harness.errors import EXIT_CANNOT_RUN

if TYPE_CHECKING:
    from harness.doctor.seen import Seen

SCHEMA = "drill/doctor/1"


@click.command("doctor", epilog="Example:  drill doctor      drill doctor --fix      drill doctor --json")
@click.option("--fix", "fixing", is_flag=True, help="Cure what is missing; each change is said before it is made.")
@click.option("--json", "as_json", is_flag=True, help=f"One JSON document on standard output ({SCHEMA}).")
def command(fixing: bool, as_json: bool) -> None:
    """Check this machine for what a run needs. Ends with 0 when all is well, otherwise with 4."""
    from harness.doctor import examine
    from harness.doctor.own import all_checks
    from harness.parts import in_use

    in_use.use()
    checks = all_checks()
    seen = examine.fix(lambda line: click.echo(line, err=True), checks) if fixing else examine.look(checks)
    lacks = examine.lacks(seen)
    click.echo(as_document(seen, lacks) if as_json else as_lines(seen))
    if lacks:
        raise click.exceptions.Exit(EXIT_CANNOT_RUN)


def as_document(seen: Sequence[Seen], lacks: bool) -> str:
    """The machine's form: schema, ok, and each check with name, state, what and cure."""
    checks = [asdict(one) for one in seen]
    return json.dumps({"schema": SCHEMA, "ok": not lacks, "checks": checks}, ensure_ascii=False, indent=2)


def as_lines(seen: Sequence[Seen]) -> str:
    """One line per check; what is not well says its cure on the same line."""
    width = max(len(one.check) for one in seen)
    return "\n".join(
        f"{one.state:<8}{one.check:<{width}}  {one.what}{f'; cure: {one.cure}' if one.cure else ''}" for one in seen
    )
