"""What a pipeline reads of `drill run`: one JUnit file and one Markdown summary of all its drills, and GitHub's annotations.

The JUnit file is there from the first second, and says of each drill that it has not ended: a run that is killed, or a file that
an earlier build left, can never be read as a pass.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import UsageError, exit_code, said

if TYPE_CHECKING:
    from harness.judging import Judgement

NOT_ENDED = "it has not ended: the run was killed, or a drill before it ended them all"
SUMMARY_BYTES = 1_000_000
"""GitHub refuses a summary of more than 1 MiB, as a whole."""
_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


@dataclass
class Pipeline:
    """The results of one call, written again after each drill.

    junit, summary   where to; '' for nowhere. The summary is appended to, as GitHub's own file is
    github           annotations are printed, on standard error: standard output may be JSON
    refused          why a file could not be written, the last of them
    """

    drills: Sequence[str]
    junit: str = ""
    summary: str = ""
    github: bool = False
    refused: str = ""
    _documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _errors: dict[str, tuple[str, str]] = field(default_factory=dict)

    def begin(self) -> None:
        """Raises UsageError where the JUnit file cannot be written."""
        self._errors = dict.fromkeys(self.drills, ("not_ended", NOT_ENDED))
        self._write()
        if self.refused:
            raise UsageError(f"--junit: {self.refused}")

    def judged(self, name: str, judgement: Judgement) -> None:
        """A drill has its verdict. What cannot be written is kept in `refused`."""
        from harness.report.markdown import markdown
        from harness.report.workflow import annotated

        self._errors.pop(name, None)
        self._documents[name] = judgement.document
        self._write()
        self._append(markdown(judgement.story))
        if self.github:
            self._print(annotated(judgement.document, judgement.story.plan.drill.file, from_root))

    def ended(self, name: str, error: BaseException) -> None:
        """A drill ended without one."""
        if name not in self._documents:  # else it has been told, and what came after is no other result
            self._without((name,), error)

    def ended_all(self, error: BaseException) -> None:
        """None of the drills begins, for something is wrong with one of them."""
        self._without(self.drills, error)

    def _without(self, names: Sequence[str], error: BaseException) -> None:
        from harness.report.markdown import plain
        from harness.report.workflow import annotation, limited

        word = {2: "invalid", 4: "could_not_run", 130: "interrupted", 143: "interrupted"}
        kind = word.get(exit_code(error), "harness_error")
        self._errors |= dict.fromkeys(names, (kind, said(error)))
        self._write()
        name = ", ".join(names)
        lines = "\n".join(f"- {plain(line)}" for line in said(error).splitlines() if line.strip())
        self._append(f"## {kind.replace('_', ' ').upper()}: {plain(name)}\n\n{lines}\n")
        if self.github:
            self._print(limited(_placed(error) or [annotation("error", said(error), title=f"{name}: {kind}")], ""))

    def _write(self) -> None:
        from harness.report.junit import junit_of

        if self.junit:
            made = [self._documents.get(name) or (name, *self._errors[name]) for name in dict.fromkeys(self.drills)]
            self._put(Path(self.junit), junit_of(made))

    def _append(self, text: str) -> None:
        if not self.summary:
            return
        place = Path(self.summary)
        have = place.stat().st_size if place.exists() else 0
        room = SUMMARY_BYTES - have
        data = text.encode("utf-8")
        if len(data) > room:
            cut = data[: max(0, room - 100)].decode("utf-8", "ignore").rpartition("\n")[0]
            text = f"{cut}\n\n… cut: the whole is in the run's report\n" if room > 100 else ""
        self._put(place, text, more=True)

    def _put(self, place: Path, text: str, *, more: bool = False) -> None:
        from harness.judging import write_whole

        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if more:
                with place.open("a", encoding="utf-8") as file:
                    file.write(text + "\n")
            else:
                write_whole(place, text)
        except OSError as error:
            self.refused = f"{error.filename or place} cannot be written: {error.strerror or error}"

    def _print(self, lines: Sequence[str]) -> None:
        for line in lines:
            click.echo(line, err=True)


def pipeline(drills: Sequence[str], junit: str | None, summary: str | None) -> Pipeline:
    """As the command line and the environment ask for it: in a GitHub workflow its own summary, unless another is named."""
    github = os.environ.get("GITHUB_ACTIONS") == "true"
    own = os.environ.get("GITHUB_STEP_SUMMARY", "") if github else ""
    return Pipeline(drills, junit or "", summary or own, github)


def from_root(file: str) -> str:
    """A file as it is called from the root of the repository that a pipeline has checked out; else as it is given."""
    full = os.path.realpath(file)
    for root in (os.environ.get(name, "") for name in _ROOTS):
        if root and full.startswith(os.path.realpath(root).rstrip("/") + "/"):
            return os.path.relpath(full, os.path.realpath(root))
    return file


def _placed(error: BaseException) -> list[str]:
    """An annotation for each problem of a drill file, at its place."""
    from harness.drill.problem import Invalid
    from harness.report.workflow import annotation

    if not isinstance(error, Invalid):
        return []
    return [
        annotation(one.severity, one.what, file=from_root(one.file), line=one.line, column=one.column)
        if one.line
        else annotation(one.severity, f"{one.file}: {one.what}")
        for one in error.found
    ]
