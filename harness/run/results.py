"""The last results of the drills of a project, from their run folders."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from harness.history.record import RUNNING
from harness.history.results import Result, rehearsed, result_of
from harness.run.stored import MOST_ENTRIES, began, drills, first_unix_s, kept, verdicts


def results(runs: Path, names: Iterable[str] = ()) -> list[Result]:
    """Of each of these drills (of all, with none), in their order; a drill without a run that is over has none.

    The last pass is looked for among the newest 200 runs that have a verdict.
    """
    found = []
    for drill in names or drills(runs):
        last = next((record for record in kept(runs, drill) if record.word != RUNNING), None)
        if last is None:
            continue
        document, passed_unix_s = None, None
        for folder, verdict in islice(verdicts(runs, drill), MOST_ENTRIES):
            if str(folder.path) == last.folder:
                document = verdict
            if rehearsed(verdict):
                passed_unix_s = began(folder)
                break
        found.append(result_of(last, document, first_unix_s(runs, drill), passed_unix_s))
    return found
