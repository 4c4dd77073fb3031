"""Annotations of a GitHub Actions run: workflow commands, which its runner reads from a step's output. Pure.

Source: "Workflow commands for GitHub Actions"; escapes as in actions/toolkit (packages/core/src/command.ts). Of one step GitHub
shows ten errors and ten warnings and drops the rest silently; so the last that is shown tells of those that are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from harness.harmless import one_line
from harness.report.junit import endings

MOST = 10
_OUTCOMES = ("failed", "inconclusive")


def annotation(severity: str, message: str, *, file: str = "", line: int = 0, column: int = 0, title: str = "") -> str:
    """One workflow command. `severity`: error, warning, notice. A line of 0 is none."""
    places = [("file", file), ("line", str(line) if line else ""), ("col", str(column) if line and column else "")]
    words = ",".join(f"{word}={_escaped(value, value=True)}" for word, value in (*places, ("title", title)) if value)
    return f"::{severity}{' ' if words else ''}{words}::{_escaped(message)}"


def annotated(document: Mapping[str, Any], file: str, path: Callable[[str], str] = str) -> list[str]:
    """Of a verdict: how the run ended where that is no finding, then each failed and each inconclusive one, at its line.

    file   the drill's, for what has no line
    path   makes of a file, as the verdict names it, the path from the repository's root
    """
    return limited(list(_of(document, file, path)), path(file))


def limited(
    lines: Sequence[str], file: str, *, severity: str = "error", rest: str = "see the step's summary"
) -> list[str]:
    """As many of a severity as are shown; more are told of, and where the rest stands."""
    if len(lines) <= MOST:
        return list(lines)
    more = len(lines) - MOST + 1
    return [*lines[: MOST - 1], annotation(severity, f"and {more} more: {rest}", file=file)]


def _of(document: Mapping[str, Any], file: str, path: Callable[[str], str]) -> Iterator[str]:
    drill = document["drill"]
    for kind, what in endings(document):
        yield annotation("error", one_line(what), file=path(file), title=f"{drill}: {kind.replace('_', ' ')}")
    if document["ending"]["gate"] is False and not document["invalid"]:
        what = "the steady state never held; nothing was injected"
        yield annotation("error", what, file=path(file), title=f"{drill}: gate")
    for outcome in _OUTCOMES:
        for finding in (one for one in document["findings"] if one["outcome"] == outcome):
            where, _, line = str(finding["where"]).rpartition(":")
            known = bool(where) and line.isdigit() and line != "0"
            decide = f"; would be decided by: {finding['decide']}" if finding["decide"] else ""
            yield annotation(
                "error",
                one_line(finding["because"] + decide),
                file=path(where if known else file),
                line=int(line) if known else 0,
                title=f"{outcome.upper()} {drill} {finding['id']}",
            )


def _escaped(text: str, *, value: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if value else text
