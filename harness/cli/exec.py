"""`drill exec -- COMMAND`: a person's own command, run as always, and among the run's facts."""

from __future__ import annotations

import click

from harness.cli.names import run_names


@click.command(
    "exec",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Examples:  drill exec -- ./rollback.sh      drill exec -- docker compose logs --tail 20 api",
)
@click.option("--run", "run", default="", help="Which run, where several go on.", shell_complete=run_names)
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
def command(run: str, words: tuple[str, ...]) -> None:
    """Run COMMAND here, on your terminal, in the running drill's environment: COMPOSE_PROJECT_NAME, COMPOSE_FILE (which states
    the good release), COMPOSE_ENV_FILES where the project has such files, DRILL_RUN, and while a release is out DRILL_SERVICE,
    DRILL_GOOD_IMAGE and DRILL_BAD_IMAGE.

    Its beginning and end, exit code, the last of its output and a hash of all of it are among the run's facts.

    Exit codes: COMMAND's own (126 and 127 when it cannot be started), 2 no such run or several, 4 no drill is running.
    """
    import getpass
    import os

    from harness.drill.project import find_project
    from harness.facts import Executed, Executing
    from harness.judging import secrets_of
    from harness.masking import masked
    from harness.run.attended import Kept, attended, environment
    from harness.run.people import living, own_record

    folder = living(find_project().runs, run)
    own = secrets_of(folder.path) or ()
    record = own_record(folder)
    shown = tuple(masked(word, own) for word in words)
    begun = record.write(Executing(by=getpass.getuser(), command=shown), durable=True)
    if record.broken:
        click.echo(f"{record.broken}; the command is run all the same, and is in no record", err=True)
    kept = Kept()
    code, detail = attended(words, {**os.environ, **environment(folder)}, kept)
    if detail:
        click.echo(detail, err=True)
    record.write(
        Executed(
            begun_s=begun.seen_s,
            exit_code=None if detail else code,
            detail=masked(detail, own),
            output=masked(kept.tail(), own),
            sha256=kept.sha256(),
            size=kept.size,
        ),
        durable=True,
    )
    record.close()
    raise click.exceptions.Exit(code)
