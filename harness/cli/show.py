"""`drill show DRILL`: its story in words, and what its last runs came to."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.inputs import drill_options, read_drill
from harness.cli.names import drill_names

if TYPE_CHECKING:
    from harness.drill.model import Drill

_LAST = 10


@click.command("show")
@click.argument("drill", shell_complete=drill_names)
@drill_options
def command(drill: str, sets: tuple[str, ...], candidates: tuple[str, ...], env_file: tuple[Path, ...]) -> None:
    """Show one drill and its last verdicts."""
    from harness.drill.problem import shown_path
    from harness.drill.project import find_project
    from harness.run.stored import kept

    made = read_drill(drill, sets, env_file, candidates)
    for line in story(made):
        click.echo(line)
    folder = find_project().runs
    runs = list(islice(kept(folder, made.name), _LAST))
    click.echo("")
    if not runs:
        click.echo(f"never run here; start it with: drill run {made.name}")
        return
    click.echo(f"last runs ({shown_path(folder / made.name)}):")
    for run in runs:
        place = Path(run.folder)
        told = f"{run.word:<13} {run.why}" if run.exit_code is None else verdict_line(place)
        click.echo(f"  {place.name}  {told}")


def story(drill: Drill) -> Iterator[str]:
    """The drill told in sentences."""
    from harness.plan import describe, make_plan
    from harness.quantities import spell

    yield f"{drill.name}{': ' + drill.title if drill.title else ''}"
    about = [f"owner {drill.owner}" if drill.owner else "", f"tags {', '.join(drill.tags)}" if drill.tags else ""]
    yield from ([f"  {', '.join(text for text in about if text)}"] if any(about) else [])
    yield f"  {drill.file}"
    if drill.hypothesis:
        yield ""
        for paragraph in drill.hypothesis.strip().splitlines():
            yield from textwrap.wrap(paragraph, 100, initial_indent="  ", subsequent_indent="  ") or [""]
    yield ""
    files = drill.load.locustfiles
    gate = f"{' and '.join(str(condition) for condition in drill.steady.all)} for {spell(drill.steady.for_s)}"
    yield f"First {', '.join(files)} {'load' if files[1:] else 'loads'} {drill.load.against} until {gate}."
    for phase in drill.phases:
        yield f"{phase.name}, for {spell(phase.for_s)}:"
        for fault in phase.faults:
            after = f"after {spell(fault.after)}, " if fault.after else ""
            yield f"  {after}do    {drill.text(fault.id)}"
        yield from (f"  must  {drill.text(claim.id)}" for claim in phase.expect)
        yield from (f"  then  {drill.text(claim.id)}" for claim in phase.then)
        if not (phase.faults or phase.expect or phase.then):
            yield "  nothing is done"
    if drill.expect:
        yield "In the whole run:"
        yield from (f"  must  {drill.text(claim.id)}" for claim in drill.expect)
    yield ""
    yield f"It takes {describe(make_plan(drill))}."


def verdict_line(folder: Path) -> str:
    """What a run came to, from its verdict.json."""
    from harness.report.headline import unhurt

    try:
        data: Any = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return f"its verdict.json cannot be read: {error}"
    if not isinstance(data, dict):
        return "its verdict.json is not understood"
    findings = [f for f in data.get("findings", ()) if isinstance(f, dict)]
    outcomes = [str(f.get("outcome", (f.get("finding") or {}).get("outcome", ""))) for f in findings]
    word = str(data.get("word", data.get("verdict", "")))
    passed = sum(outcome == "passed" for outcome in outcomes)
    failed = [str(f.get("id", "")) for f, outcome in zip(findings, outcomes, strict=True) if outcome == "failed"]
    idle = unhurt(
        [{"outcome": outcome, **(f.get("finding") or f)} for f, outcome in zip(findings, outcomes, strict=True)]
    )
    text = f"{word:<13} {passed} of {len(outcomes)} passed{f', {idle}' if idle else ''}"
    return text + (f"; failed: {', '.join(failed)}" if failed else "")
