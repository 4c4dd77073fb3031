"""The command line. Each command is one file, imported only when it is called, so that `drill --help` starts fast."""

from __future__ import annotations

import importlib
import os
import sys

import click

from harness import __version__
from harness.cli.reader import while_read
from harness.errors import EXIT_HARNESS, EXIT_INTERRUPTED, EXIT_USAGE, DrillError, Signalled
from harness.harmless import lines

COMPLETING = "_DRILL_COMPLETE"  # the shell asks what may come next (`drill completion`)

COMMANDS = {
    "run": "Start the stack, load it, hurt it, mend it, judge it.",
    "plan": "Print the resolved timeline; touches nothing.",
    "validate": "Check drill files: every error at once, as file:line:column.",
    "list": "List the project's drills.",
    "show": "Show one drill and its last verdicts.",
    "edges": "Print the edges of a Compose project, how each is known, and what cannot be one.",
    "judge": "Judge a stored run again, also with another drill file.",
    "report": "Make a run's report again: HTML, Markdown, JUnit, JSON.",
    "runs": "List the runs, newest first, and what each came to.",
    "diff": "Tell what changed between two runs, beyond the noise of the runs before.",
    "history": "Make a page of all runs of a drill: detection, page, recovery, latency, errors.",
    "metrics": "Tell Prometheus the last results: a file for node_exporter, a Pushgateway, or served.",
    "schedule": "Print files that start a drill on time: systemd, cron, Kubernetes, GitHub.",
    "export": "Write a run's ledger as CSV or Parquet.",
    "ack": "Acknowledge the page of the running drill.",
    "note": "Write down what you see, believe, decide or do in the running drill.",
    "exec": "Run a command of yours in the running drill, for the record.",
    "worker": "Send a part of the load of a run on another machine.",
    "status": "Tell what runs now, which faults are on, and what ends it.",
    "halt": "Take all faults out of a running drill now, then end it.",
    "mend": "Clear up after a killed run, from run folder and labels alone.",
    "init": "Write a first drill for the Compose project in this folder, or copy an example.",
    "doctor": "Check this machine for what a run needs; --fix cures it.",
    "explain": "Explain any word of a drill file, or a reason code.",
    "schema": "Print the JSON Schema of drill files.",
    "completion": "Print the completion script of bash, zsh or fish.",
}

MEANT = {"replay": "judge", "rejudge": "judge", "stop": "halt", "clean": "mend"}
"""Words that people try, and no spelling leads from to the command."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"harness.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            meant = MEANT.get(args[0]) or "".join(difflib.get_close_matches(args[0], COMMANDS, n=1))
            hint = f" Did you mean '{meant}'?" if meant else ""
            raise click.UsageError(error.message + hint, ctx) from None


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "DRILL"},
    epilog="Example:  drill run first-light      drill plan drills/first-light.yaml      drill edges compose/wiki/compose.yaml",
)
@click.option("-C", "directory", type=click.Path(exists=True, file_okay=False), help="Work in this directory.")
@click.version_option(__version__, prog_name="drill")
def group(directory: str | None) -> None:
    """Rehearse production: start a Compose project, load it, hurt it, and judge what it did from recorded evidence."""
    if directory:
        os.chdir(directory)


def main() -> None:
    """Entry point of `drill`: a DrillError ends with its own exit code and nothing but its text; what nobody expected
    ends with 6, never with Python's 1, which here means that an expectation failed."""
    sys.stdout, sys.stderr = while_read(sys.stdout), while_read(sys.stderr)
    sys.exit(_called())


def _called() -> int:
    """The exit code of the command. No command of ours ends by SystemExit: that came out of what it called, and decides nothing."""
    try:
        return int(group.main(standalone_mode=False) or 0)
    except click.Abort:
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except DrillError as error:
        click.echo("\n".join(lines(str(error))), err=True)
        return error.exit_code
    except Signalled as error:
        return error.exit_code
    except (Exception, SystemExit) as error:
        if isinstance(error, SystemExit) and COMPLETING in os.environ:  # click's own end, once it has told the shell
            raise
        import traceback

        traceback.print_exc()
        click.echo(f"an error of drill itself, not of your files: {type(error).__name__}: {error}", err=True)
        return EXIT_HARNESS
