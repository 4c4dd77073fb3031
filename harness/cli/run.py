"""`drill run`: start, load, inject, mend, judge, report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.report.live import PlainDisplay


@click.command(
    "run",
    epilog="Examples:  drill run first-light      drill run first-light --baseline      drill run drills/mine.yaml --set load.seed=7",
)
@click.argument("drills", nargs=-1, required=True, metavar="DRILL...")
@click.option("-n", "--dry-run", is_flag=True, help="Print the plan; touch nothing (as `drill plan`).")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Override a field of the drill.")
@click.option("--env-file", type=click.Path(exists=True, dir_okay=False), help="Variables for ${VAR} in the drill.")
@click.option("--only", multiple=True, metavar="ID", help="Inject only these faults.")
@click.option("--skip", multiple=True, metavar="ID", help="Inject all faults but these.")
@click.option("--baseline", is_flag=True, help="Load and judge, inject nothing.")
@click.option("--keep", type=click.Choice(["never", "on-failure", "always"]), help="Leave the containers after the run.")
@click.option("--offline", is_flag=True, help="Never pull or build; list what is missing and end with 4.")
@click.option("--max-duration", metavar="T", help="A stricter maximum duration than the drill's, such as 5m.")
@click.option("-o", "--output", type=click.Path(file_okay=False), help="Put run folders here instead of runs/.")
@click.option("--junit", type=click.Path(dir_okay=False), help="Also write the JUnit file here.")
@click.option("--json", "as_json", is_flag=True, help="NDJSON on stdout: facts, states, and a last line of type result.")
@click.option("--live", type=click.Choice(["auto", "plain", "off"]), default="auto", help="How progress is shown (stderr).")
def command(
    drills: tuple[str, ...],
    dry_run: bool,
    sets: tuple[str, ...],
    env_file: str | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    baseline: bool,
    keep: str | None,
    offline: bool,
    max_duration: str | None,
    output: str | None,
    junit: str | None,
    as_json: bool,
    live: str,
) -> None:
    """Rehearse: start the stack, load it, hurt it, mend it, judge it. Faults are always taken out, whatever happens.

    \b
    Exit codes: 0 every expectation passed   1 at least one failed   2 wrong usage or invalid drill
                3 inconclusive or invalid    4 could not run         5 stopped by a guard or `drill halt`
                6 error of the harness       7 a fault could not be mended     130/143 interrupted
    """
    if dry_run:
        from harness.cli.plan import print_plans

        print_plans(drills, sets, env_file, as_json)
        return
    if max_duration:
        sets = (*sets, f"abort.max_duration={max_duration}")
    from harness.report.live import display

    codes = []
    for name in drills:
        shown = display(live, as_json)
        try:
            codes.append(_one(name, sets, env_file, only, skip, baseline, keep, offline, output, junit, as_json, shown))
        finally:
            shown.close()
    sys.exit(worst(codes))


def worst(codes: list[int]) -> int:
    """Of several drills, the code that matters most: 7, 6, 143, 130, 5, 4, 2, 1, 3, 0."""
    order = (7, 6, 143, 130, 5, 4, 2, 1, 3, 0)
    return min(codes, key=order.index, default=0)


def _one(
    name: str,
    sets: tuple[str, ...],
    env_file: str | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    baseline: bool,
    keep: str | None,
    offline: bool,
    output: str | None,
    junit: str | None,
    as_json: bool,
    shown: PlainDisplay,
) -> int:
    from harness.drill.project import find_project
    from harness.plan import make_plan
    from harness.run.prepare import narrowed, read_drill, read_stack
    from harness.run.session import Display, Options, rehearse
    from harness.run.verdicts import tell

    project = find_project()
    drill: Drill = read_drill(project, name, sets, env_file)
    stack_project, edges = read_stack(drill)
    plan = narrowed(make_plan(drill, edges=edges, services=tuple(stack_project.config["services"])), only, skip, baseline)
    plan.refuse()
    options = Options(keep=keep or drill.stack.keep, offline=offline)
    runs = Path(output).absolute() if output else project.runs
    done = rehearse(drill, plan, stack_project, edges, runs, options, Display(shown.say, shown.fact, shown.second))
    shown.close()
    return tell(done.folder, done.verdict, as_json=as_json, junit=Path(junit) if junit else None)
