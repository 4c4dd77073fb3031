"""`drill schedule`: files by which systemd, cron, Kubernetes or GitHub start a drill on time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.names import drill_names
from harness.cli.scheduled import Asked, longest_s, when_options

if TYPE_CHECKING:
    from datetime import datetime

    from harness.drill.model import Drill
    from harness.schedule.almanac import Almanac
    from harness.schedule.files import Job

SHOWN = 5
YEAR_DAYS = 366


@click.command(
    "schedule",
    epilog='Example:  drill schedule friday-traffic --at "Thu 10:00" --timezone Europe/Berlin --every 2w --format systemd -o units',
)
@click.argument("drill", shell_complete=drill_names)
@when_options
@click.option("--format", "form", type=click.Choice(["systemd", "cron", "k8s", "github"]), help="For what starts it.")
@click.option("--image", default="", metavar="IMAGE", help="k8s: the image with drill and your project in it.")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Write the files here.")
@click.option("--json", "as_json", is_flag=True, help="When it is due next, as one JSON document; no files.")
def command(drill: str, asked: Asked, form: str | None, image: str, output: Path | None, as_json: bool) -> None:
    """Print the files that start DRILL on time, right as they are; without --format, when it is due next.

    What no such file can say (every second week, skipped days, a freeze, no two at a time) `drill run --scheduled --if-due`, which
    they all call, knows. Options stand over the drill's own `schedule:`.

    \b
    Exit codes: 0 printed   2 an unknown drill, no time, or one that cannot be meant
    """
    from datetime import UTC, datetime, timedelta
    from itertools import islice

    from harness.cli.inputs import read_drill
    from harness.cli.judge import tell
    from harness.cli.scheduled import scheduled_of
    from harness.errors import UsageError
    from harness.schedule.turn import told

    made = read_drill(drill)
    found = scheduled_of(made, asked)
    almanac = found.almanac
    if almanac is None:
        raise UsageError(f'{made.name} names no time; try: drill schedule {drill} --at "Thu 10:00"')
    now = datetime.now(UTC)
    coming = list(islice(almanac.between(now, now + timedelta(days=8 * YEAR_DAYS)), SHOWN))
    if not coming:
        raise UsageError(f"{almanac} is never due, with its skipped days, in eight years")
    if as_json:
        import json

        tell(
            json.dumps(
                {
                    "schema": "drill.schedule/1",
                    "drill": made.name,
                    "schedule": str(almanac),
                    "next": [at.isoformat() for at in coming],
                }
            )
            + "\n"
        )
        return
    click.echo(f"{made.name}: {almanac}; due next {', '.join(told(at) for at in coming)}", err=True)
    for text in _leapt(almanac, now):
        click.echo(f"warning: {text}", err=True)
    if form is not None:
        _print(form, _job(drill, made, asked, almanac, found.window_s, image), output)


def _print(form: str, job: Job, output: Path | None) -> None:
    from harness.cli.judge import shown, tell
    from harness.errors import CannotRun, UsageError
    from harness.schedule import files

    make = {"systemd": files.units, "cron": files.crontab, "k8s": files.cronjobs, "github": files.workflow}[form]
    try:
        made = make(job)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if output is None:
        tell("\n".join(file.text for file in made))
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
        for file in made:
            (output / file.name).write_text(file.text, encoding="utf-8")
            click.echo(f"written: {shown((output / file.name).absolute())}", err=True)
    except OSError as error:
        raise CannotRun(f"{error.filename or output} cannot be written: {error.strerror}") from error
    for line in (line for file in made for line in file.install):
        click.echo(f"install with: {line}", err=True)


def _job(name: str, drill: Drill, asked: Asked, almanac: Almanac, window_s: float, image: str) -> Job:
    """The job as it is to be started from here: by this drill, in this folder, on this Docker."""
    import getpass
    import os
    import shutil
    import sys

    from harness.own_process import own_process
    from harness.plan import make_plan
    from harness.schedule.files import Job

    own = shutil.which(sys.argv[0]) if Path(sys.argv[0]).name == "drill" else None
    program = (os.path.abspath(own),) if own else tuple(own_process("harness"))
    meant = ("DOCKER_HOST", "DOCKER_CONTEXT", "DRILL_HOME")
    return Job(
        drill=drill.name,
        almanac=almanac,
        program=program,
        arguments=("run", name, "--scheduled", "--if-due", *asked.options()),
        folder=str(Path.cwd()),
        user=getpass.getuser(),
        window_s=window_s,
        longest_s=longest_s(make_plan(drill)),
        environment={word: os.environ[word] for word in meant if os.environ.get(word)},
        image=image,
    )


def _leapt(almanac: Almanac, now: datetime) -> list[str]:
    """The times of the coming year that the clock leaps over."""
    from datetime import UTC, datetime, timedelta

    found = []
    first = now.astimezone(almanac.zone).date()
    for day in (first + timedelta(days=number) for number in range(YEAR_DAYS)):
        if almanac.has(day):
            begin = datetime.combine(day, datetime.min.time(), almanac.zone)
            due = {
                at.time()
                for at in almanac.between(begin, begin.astimezone(UTC) + timedelta(hours=26))
                if at.date() == day
            }
            found += [
                f"there is no {clock:%H:%M} on {day} in {almanac.zone.key}: no run then"
                for clock in almanac.when.times
                if clock not in due
            ]
    return found
