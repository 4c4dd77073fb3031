"""What a part of the user's own raises while a drill is read, told with its place instead of a traceback."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from harness.drill.problem import Invalid, Problem, shown_path
from harness.errors import DrillError
from harness.parts import in_use


@contextmanager
def told_at_its_place() -> Iterator[None]:
    """An error that came out of a part of the user's own becomes Invalid; one of ours stays what it is."""
    try:
        yield
    except (DrillError, ValidationError):
        raise
    except (Exception, SystemExit) as error:  # whatever a person's validator or about() raises
        problem = _problem(error)
        if problem is None:
            raise
        raise Invalid([problem]) from None


def _problem(error: BaseException) -> Problem | None:
    """At the last line of a part's file that was under way; None where no part has to do with it."""
    files = {}
    for one in in_use.own():
        if one.kind in ("fault", "expectation"):
            files[inspect.getfile(one.part)] = one.where.rpartition(":")[0] or one.where
    what = f"a part of your own failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
    frames = traceback.extract_tb(error.__traceback__)
    if mine := [frame for frame in frames if frame.filename in files]:
        last = mine[-1]
        return Problem(shown_path(Path(last.filename)), last.lineno or 0, (last.colno or 0) + 1, what, last.line or "")
    if files and "pydantic" in Path(frames[-1].filename).parts:  # a validator that cannot even be called
        return Problem(", ".join(dict.fromkeys(files.values())), 0, 0, what)
    return None
