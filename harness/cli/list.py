"""`drill list`: the project's drills, one line each; one that cannot be read is said to be so. `--parts`: what drills are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command("list", epilog="Examples:  drill list      drill list --parts")
@click.option(
    "--parts", is_flag=True, help="Faults, expectations, probes, checks and reports instead; yours with their file."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(parts: bool, as_json: bool) -> None:
    """List the project's drills: name, how long it takes, phases, title."""
    if parts:
        _parts(as_json)
        return
    from harness.drill.problem import shown_path
    from harness.drill.project import find_project

    project = find_project()
    rows = [_row(file) for file in project.drill_files()]
    if as_json:
        import json

        click.echo(json.dumps({"schema": "drill.list/1", "drills": rows}, indent=2, ensure_ascii=False))
        return
    if not rows:
        click.echo(f"no drills in {shown_path(project.drills)}", err=True)
    width = max((len(row["drill"]) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['drill']:<{width}}  {row['takes']:<16}  {row['phases']:>2} phases  {row['title']}".rstrip())


def _parts(as_json: bool) -> None:
    from harness.parts import in_use
    from harness.parts.listed import rows

    in_use.use()
    found = list(rows())
    if as_json:
        import json
        from dataclasses import asdict

        document = {"schema": "drill.parts/1", "parts": [asdict(row) for row in found]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    width = max(len(row.name) for row in found)
    for row in found:
        click.echo(f"{row.kind:<11}  {row.name:<{width}}  {row.what}{f'   {row.where}' if row.where else ''}".rstrip())


def _row(file: Path) -> dict[str, Any]:
    from harness.drill.parse import parse
    from harness.drill.problem import Invalid, shown_path
    from harness.plan import make_plan
    from harness.quantities import spell

    row: dict[str, Any] = {
        "drill": file.stem,
        "file": shown_path(file),
        "takes": "",
        "phases": 0,
        "title": "",
        "tags": [],
    }
    try:
        drill = parse(file)
    except Invalid as invalid:
        first = invalid.found[0]
        return {**row, "takes": "invalid", "title": f"{first.where}: {first.what}", "valid": False}
    plan = make_plan(drill)
    row |= {
        "takes": f"{spell(plan.shortest_s)} – {spell(min(plan.longest_s, plan.max_duration_s))}",
        "phases": len(drill.phases),
    }
    return {**row, "title": drill.title, "tags": list(drill.tags), "owner": drill.owner, "valid": not plan.errors}
