"""`drill mend`: clear up after a killed run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from harness.cli.names import run_names

if TYPE_CHECKING:
    from harness.run.folder import RunFolder


@click.command("mend", epilog="Example:  drill mend      drill mend latest      drill mend --force")
@click.argument("run", required=False, shell_complete=run_names)
@click.option("--force", is_flag=True, help="Also remove what bears our label but belongs to no run folder here.")
def command(run: str | None, force: bool) -> None:
    """Remove what dead runs left (of RUN, or of all): faults, containers, networks, volumes. Real data is never touched.

    Exit codes: 0 nothing is left, 2 no such run, 7 something could not be removed.
    """
    from harness.drill.runs_found import find_runs
    from harness.errors import EXIT_NOT_MENDED, UsageError
    from harness.run import folder as folders
    from harness.run.shut import unseen
    from harness.run.silences import lift_dead
    from harness.safety.mend import mend, strays

    def say(text: str) -> None:
        click.echo(text, err=True)

    if run and folders.blank(run):
        say(f"{run}: nothing was begun in it; nothing is left of it")
        return
    runs = find_runs(say, run)
    unknown: dict[str, RunFolder | None] = {}
    if run:
        dead = [folders.find(runs, run)]
        if dead[0].lives():
            raise UsageError(f"run {run} is running; `drill halt {run}` ends it")
    else:
        dead, unknown = strays(runs)
        for path, why in unseen(runs).items():
            if folders.RunFolder(path).run not in unknown:
                say(f"{why}: what is left of it can be told by them alone")
    lifted = lift_dead(runs, say)
    left, told = lifted or [], lifted is not None
    for folder in dead:
        left += mend(folder, say)
        _scrub(folder, say)
        _judge(folder, say)
    for name, elsewhere in unknown.items():
        left += _without_folder(name, elsewhere, force, say)
    for folder in () if run else (one for one in folders.every(runs) if one not in dead and _unjudged(one)):
        _scrub(folder, say)
        _judge(folder, say)
        told = True
        say(f"{folder.run}: nothing of it is left; judged by what it wrote: drill report {folder.run}")
    if not dead and not unknown and not told:
        say("nothing to mend")
    if left:
        raise click.exceptions.Exit(EXIT_NOT_MENDED)


def _without_folder(name: str, elsewhere: RunFolder | None, force: bool, say: Callable[[str], None]) -> list[str]:
    """What bears our label and has no run folder here, perhaps one elsewhere; removed only when that is asked for."""
    from harness.run.shut import shut
    from harness.safety.mend import cleared, mend

    if elsewhere is not None and (why := shut(elsewhere.path)):
        say(f"{name}: {why}: whether it runs cannot be told, so nothing of it is touched")
        return []
    if elsewhere is not None and elsewhere.lives():
        say(f"{name}: runs, in {elsewhere.path}; `drill halt {elsewhere.path}` ends it")
        return []
    if not force:
        which = f"`drill mend {elsewhere.path}`" if elsewhere else "`drill mend --force`"
        say(f"{name}: something bears our label, but no run folder here does; {which} removes it")
        return []
    if elsewhere is not None:
        return mend(elsewhere, say)
    gone = cleared(name, say)
    say(f"{name}: {'still there: ' + ', '.join(gone) if gone else 'removed'} (no run folder here)")
    return gone


def _unjudged(folder: RunFolder) -> bool:
    """Whether it died, and was cleared up by its watchdog, which does not judge."""
    began = folder.drill_file.exists() and (folder.facts / "harness.jsonl").exists()
    return began and not (folder.path / "verdict.json").exists() and not folder.lives()


def _scrub(folder: RunFolder, say: Callable[[str], None]) -> None:
    """The stack's secrets out of what a run wrote that died before it could do so itself. What a run has sealed (its stack was kept)
    stays as it is."""
    from harness.curtain import Curtain
    from harness.facts import EvidenceSealed
    from harness.following import Following
    from harness.judging import secrets_of
    from harness.run.scrub import scrub
    from harness.target.secrets import at_hand

    try:
        if Following(folder.path, (EvidenceSealed,)).journal().of(EvidenceSealed):
            return
        for lost in at_hand(folder.path)[1]:
            say(f"{folder.run}: {lost}; make it available, then: drill mend {folder.run}")
        for what in scrub(folder.path, Curtain(secrets_of(folder.path) or ())):
            say(f"{folder.run}: secrets of the stack may stand in {what}")
    except Exception as error:  # as below
        say(f"{folder.run}: secrets of the stack may stand in its files: {type(error).__name__}: {error}")


def _judge(folder: RunFolder, say: Callable[[str], None]) -> None:
    """A verdict from what the run left, where that is enough: what else there is to mend does not wait for it."""
    from harness.judging import judge_folder, write_results

    if not folder.drill_file.exists():
        return
    try:
        write_results(folder.path, judge_folder(folder.path))
    except Exception as error:  # files cut at any byte by a power failure, a disk that is read-only or full
        first = (str(error).splitlines() or [""])[0]
        say(f"{folder.run}: it cannot be judged: {type(error).__name__}: {first}")
