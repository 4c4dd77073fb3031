"""`drill plan`: what a drill would do, and when. It reads files and touches nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.attach import attach_options
from harness.cli.inputs import drill_options, limits_of, look, read_drill
from harness.cli.names import drill_names
from harness.cli.targets import plan_on, target_option

if TYPE_CHECKING:
    from harness.cli.attach import Attach, PlannedOn
    from harness.target.model import Target


@click.command("plan")
@click.argument("drill", shell_complete=drill_names)
@drill_options
@target_option
@attach_options
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(
    drill: str,
    sets: tuple[str, ...],
    candidates: tuple[str, ...],
    env_file: tuple[Path, ...],
    target: str | None,
    as_json: bool,
    attach: Attach | None,
) -> None:
    """Print the resolved timeline of DRILL; touches nothing.

    Example:  drill plan first-light      drill plan first-light --target staging
    """
    from harness.drill.left_by_rollback import unasked
    from harness.drill.problem import Invalid
    from harness.drill.requests_named import unchecked_requests
    from harness.plan import make_plan

    made = read_drill(drill, sets, env_file, candidates)
    place: Target | None = None
    on: PlannedOn | None = None
    if attach:
        from harness.cli.attach import plan_attached

        on = plan_attached(made, attach)
        plan, looked = on.plan, on.looked
    elif target:
        planned = plan_on(made, target)
        place, plan, looked = planned.target, planned.plan, planned.looked
    else:
        looked = look(made)
        plan = make_plan(
            made,
            edges=looked.edges,
            services=looked.services,
            sure=looked.sure,
            monitoring=looked.monitoring,
            alerts=looked.alerts,
            alerts_unread=looked.alerts_unread,
            receivers=looked.receivers,
            scrapes=looked.scrapes,
            jobs=looked.jobs,
            doubts=looked.doubts,
            narrowed_to=limits_of(made),
        )
    if errors := (*looked.errors, *plan.errors):
        raise Invalid(errors)
    if as_json:
        import json

        from harness.cli.plan_document import document

        click.echo(json.dumps(document(plan, looked, place, on), indent=2, ensure_ascii=False))
        return
    from harness.cli.plan_lines import lines

    for line in lines(plan, looked, place, on):
        click.echo(line)
    for problem in (*looked.problems, *plan.problems):
        click.echo(str(problem), err=True)
    left = "" if target else unasked(made)
    for text in filter(None, (*looked.notes, unchecked_requests(made), left)):
        click.echo(f"note: {text}", err=True)
