"""A drill file as a collector of pytest, and its expectations as items: failed and inconclusive ones fail, each with its own text."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.pytesting.run import DrillRun, Runner

RUN = "run"
_WORD = re.compile(rb"^(?:\xef\xbb\xbf)?[\"']?(drill|stack|load|steady|phases)[\"']?\s*:", re.M)
"""A word that every drill has; an editor may have put a byte order mark before the first."""
HEAD_BYTES = 1 << 20


class NotPassed(Exception):
    """The text is all that there is to say."""


def is_drill(path: Path) -> bool:
    """Whether a YAML file is meant as a drill: by the word by which one begins, or, where that is misspelt, by two of the others.

    One that cannot be read is, where the project has its drills: no drill is left out in silence.
    """
    try:
        with path.open("rb") as file:
            words = set(_WORD.findall(file.read(HEAD_BYTES)))
    except OSError:
        from harness.drill.project import find_project

        return path.parent == find_project(path.parent).drills
    return b"drill" in words or len(words) > 1


class DrillFile(pytest.File):
    """`result` is of the one run of its drill; `claimed`: the ids of the expectations of the file."""

    claimed: frozenset[str] = frozenset()

    def collect(self) -> Iterator[pytest.Item]:
        from harness.errors import UsageError

        try:
            drill = Runner.of(self.config).drill(self.path)
        except UsageError as error:
            raise self.CollectError(str(error)) from None
        self.claimed = frozenset(claim.id for _, _, claim in drill.claims())
        yield Whole.from_parent(self, name=RUN, line=1)
        for _, _, claim in drill.claims():
            yield Expected.from_parent(self, name=claim.id, line=int(drill.where(claim.id).rpartition(":")[2] or 1))

    def result(self) -> DrillRun:
        return Runner.of(self.config).result(self.path)


class _Item(pytest.Item):
    parent: DrillFile

    def __init__(self, *, line: int, **rest: Any) -> None:
        super().__init__(**rest)
        self._line = line
        self.add_marker("drill")

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self._line - 1, f"{self.path.stem}: {self.name}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, NotPassed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def _ran(self) -> DrillRun:
        run = self.parent.result()
        self.user_properties.append(("drill", run.drill))
        if run.document:
            self.user_properties += [("run", run.document["run"]), ("verdict", run.document["verdict"])]
        if run.error:
            raise NotPassed(f"{run.drill} has no verdict (exit code {run.exit_code}): {run.error}")
        return run

    def _selected(self) -> list[_Item]:
        """The items of this drill that are run."""
        return [item for item in self.session.items if item.parent is self.parent and isinstance(item, _Item)]


class Whole(_Item):
    """What can be wrong beside the expectations: it could not run, was stopped, is invalid, left a fault on, is an error of drill.

    And every finding that is no collected item: what drill claims by itself (`slow/settles`), what only the run's drill has, or what
    was deselected.
    """

    def runtest(self) -> None:
        run = self._ran()
        wrong = beside(run, {item.name for item in self._selected() if isinstance(item, Expected)})
        if wrong:
            raise NotPassed("\n".join([_headed(run), *wrong, *_more(run)]))


class Expected(_Item):
    """One expectation, passed if and only if its finding is. Where the drill's Whole was deselected, it fails on that as well."""

    def runtest(self) -> None:
        run = self._ran()
        finding = run.findings.get(self.name)
        if finding is None:
            raise NotPassed(
                f"run {run.document['run']} has no finding of {self.name}: it was of another version of the drill"
            )
        self.user_properties += [("outcome", finding["outcome"]), ("reason", finding["reason"])]
        wrong = [said(finding)] if finding["outcome"] != "passed" else []
        if not any(isinstance(item, Whole) for item in self._selected()):
            told = beside(run, self.parent.claimed)
            wrong += [_headed(run), *told] if told else []
        if wrong:
            raise NotPassed("\n".join([*wrong, *_more(run)]))


def beside(run: DrillRun, told: Container[str]) -> list[str]:
    """What is wrong with a run but for the findings that are told by themselves."""
    from harness.report.junit import endings

    wrong = [f"{kind}: {what}" for kind, what in endings(run.document)]
    if run.document["ending"]["gate"] is False:
        wrong.append("the steady state never held, so that nothing was injected")
    not_passed = {id_: one for id_, one in run.findings.items() if one["outcome"] != "passed"}
    wrong += [f"{id_}: {said(one)}" for id_, one in not_passed.items() if id_ not in told]
    if not wrong and run.exit_code != 0 and not not_passed:
        wrong.append(f"it ended with exit code {run.exit_code}")
    return wrong


def said(finding: Mapping[str, Any]) -> str:
    """The finding alone."""
    lines = [f"{finding['outcome']} ({finding['reason']}): {finding['because']}"]
    if finding["outcome"] == "inconclusive":
        lines.append("It was not decided, which is no pass.")
    if finding["decide"]:
        lines.append(f"would be decided by: {finding['decide']}")
    lines.append(f"{finding['text']}   {finding['where']}")
    if finding["cites"]:
        lines.append(f"rests on: {', '.join(finding['cites'])}")
    return "\n".join(lines)


def _headed(run: DrillRun) -> str:
    return f"{run.drill}: {run.document['verdict']}"


def _more(run: DrillRun) -> list[str]:
    return [f"report: {run.folder / 'report.html'}", f"again: drill judge {run.document['run']}"] if run.folder else []
