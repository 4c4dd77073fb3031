"""`drill init`: a first drill for the Compose project in this folder, or a copy of an example that is carried along."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    "init",
    epilog="Examples:  drill init      drill init --from-access-log access.log      drill init --example checkout      drill init --part fault slow_start",
)
@click.argument("name", required=False, default="")
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A Compose file; again for more. Found when left out.",
)
@click.option("--profile", "profiles", multiple=True, help="Switch on a Compose profile.")
@click.option(
    "--env-file",
    "env_files",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Compose's variables; .env when left out.",
)
@click.option("--against", metavar="SERVICE:PORT", help="Where load goes. Found when left out.")
@click.option(
    "--data",
    "data",
    multiple=True,
    metavar="VOLUME=HOW",
    help="copy, shared or private: what becomes of a volume's content.",
)
@click.option("--from-openapi", metavar="FILE|URL", help="Take the routes from an OpenAPI description.")
@click.option(
    "--from-access-log",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Take the routes and their weights from an access log (.gz too).",
)
@click.option(
    "--log-format",
    metavar="FORMAT|FILE",
    help="How its lines are made: nginx's log_format or Apache's LogFormat, or the file in which it stands.",
)
@click.option(
    "--locustfile",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use this one, unchanged. Found beside the Compose file when left out.",
)
@click.option("--new-locustfile", is_flag=True, help="Write one, though the project has its own.")
@click.option(
    "--with-monitoring", is_flag=True, help="Also write alert rules, a Prometheus and an Alertmanager beside the stack."
)
@click.option("--no-survey", is_flag=True, help="Start nothing: go by the files alone.")
@click.option("--for", "for_", default="12s", show_default=True, help="How long the survey watches under light load.")
@click.option("--ready-within", default="3m", show_default=True, help="How long the project may take to start.")
@click.option(
    "--drills", "drills", type=click.Path(file_okay=False, path_type=Path), help="Write the drill into this folder."
)
@click.option("--offline", is_flag=True, help="Never pull or build.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@click.option(
    "--part",
    type=click.Choice(["fault", "expectation", "probe", "check", "report"]),
    help="Write a part of your own called NAME instead, to begin with (docs/parts.md).",
)
@click.option("--example", metavar="NAME", help="Copy an example that is carried along instead: checkout, wiki.")
def command(
    name: str,
    files: tuple[Path, ...],
    profiles: tuple[str, ...],
    env_files: tuple[Path, ...],
    against: str | None,
    data: tuple[str, ...],
    from_openapi: str | None,
    from_access_log: Path | None,
    log_format: str | None,
    locustfile: Path | None,
    new_locustfile: bool,
    with_monitoring: bool,
    no_survey: bool,
    for_: str,
    ready_within: str,
    drills: Path | None,
    offline: bool,
    force: bool,
    part: str | None,
    example: str | None,
) -> None:
    """Write a first drill for the Compose project in this folder: it runs as it is, and its comments teach.

    The project is started once, privately, to see who calls whom, what answers HTTP, and how fast; then it is gone again.
    """
    from harness.errors import UsageError

    if example is not None:
        _example(example, force)
        return
    if part is not None:
        _part(part, name, force)
        return
    if from_openapi and from_access_log:
        raise UsageError("--from-openapi and --from-access-log: the locustfile's routes come from one of them")
    if log_format and from_access_log is None:
        raise UsageError(
            "--log-format tells how the lines of --from-access-log FILE are made, and no such file is given"
        )
    if locustfile is not None and (from_openapi or from_access_log or new_locustfile):
        raise UsageError(
            "--locustfile uses one as it is; --from-openapi, --from-access-log and --new-locustfile write another"
        )
    from harness.init.making import make
    from harness.init.wishes import Wishes

    wishes = Wishes(
        name=name,
        files=files,
        profiles=profiles,
        env_files=env_files,
        against=against or "",
        data=_pairs(data),
        openapi=from_openapi or "",
        access_log=from_access_log,
        log_format=log_format or "",
        locustfile=locustfile,
        new_locustfile=new_locustfile,
        monitoring=with_monitoring,
        survey=not no_survey,
        for_s=_seconds("--for", for_),
        ready_within_s=_seconds("--ready-within", ready_within),
        drills=drills,
        offline=offline,
        force=force,
    )
    made = make(wishes, Path.cwd(), lambda line: click.echo(line, err=True))
    for path in made.written:
        click.echo(f"wrote {path}")
    for line in made.notes:
        click.echo(line)
    if made.cannot:
        click.echo("\nWhat it cannot judge yet, and what would let it:")
        for line in made.cannot:
            click.echo(f"  - {line}")
    click.echo(f"\nNext:  {made.next}")


def _part(kind: str, name: str, force: bool) -> None:
    from harness.init.part import write

    path, next_ = write(kind, name, Path.cwd(), force=force)
    click.echo(f"wrote {path.name}")
    click.echo(next_)


def _example(name: str, force: bool) -> None:
    from harness.init import example

    copied = example.copy(name, Path.cwd(), force=force)
    drills = sorted(path.stem for path in copied if path.parts[0] == "drills" and path.suffix == ".yaml")
    first = "friday-traffic" if "friday-traffic" in drills else drills[0]
    click.echo(
        f"copied {len(copied)} files of the example {name}: {', '.join(sorted({path.parts[0] + '/' for path in copied}))}"
    )
    click.echo(f"its drill{'s' if len(drills) != 1 else ''}: {', '.join(drills)}")
    click.echo(f"\nNext:  drill run {first}")


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    from harness.errors import UsageError

    found = {}
    for text in given:
        name, _, how = text.rpartition("=")
        if not name or how not in ("copy", "shared", "private"):
            raise UsageError(
                f"--data {text}: write a volume and what becomes of it, such as database=copy (or shared, private)"
            )
        found[name] = how
    return found


def _seconds(option: str, text: str) -> float:
    from harness.errors import UsageError
    from harness.quantities import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
