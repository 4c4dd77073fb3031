"""What a shell may complete an argument to: the project's drills, and its runs."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

MOST_RUNS = 30


def drill_names(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The drills of this project; files of any path where one has begun to be written."""
    from harness.drill.project import find_project

    if "/" in begun or begun.startswith("."):
        return [CompletionItem(begun, type="file")]
    return [CompletionItem(file.stem) for file in find_project().drill_files() if file.stem.startswith(begun)]


def run_names(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """'latest', and the ids of the newest runs with their drill and time."""
    from harness.drill.project import find_project
    from harness.run.folder import every

    if "/" in begun or begun.startswith("."):
        return [CompletionItem(begun, type="dir")]
    found = [CompletionItem("latest", help="the newest run")]
    found += [
        CompletionItem(run.run, help=f"{run.drill}, {run.path.name.partition('-')[0]}")
        for run in every(find_project().runs)[:MOST_RUNS]
    ]
    return [item for item in found if str(item.value).startswith(begun)]
