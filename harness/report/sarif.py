"""What is wrong in drill files as SARIF 2.1.0, for code scanning. Pure.

Source: OASIS SARIF 2.1.0; what GitHub reads of it: "SARIF support for code scanning" (a result needs a rule and a place).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import __version__

if TYPE_CHECKING:
    from harness.drill.problem import Problem

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = {
    "error": ("drill-invalid", "A drill that cannot run", "What keeps a drill file from being run as it stands."),
    "warning": ("drill-questionable", "A drill that may not do what is meant", "Not wrong, but hardly meant so."),
}


def sarif(
    found: Sequence[tuple[str, Problem]], unchecked: Sequence[str] = (), path: Callable[[str], str] = str
) -> dict[str, Any]:
    """One run. `found` has each problem with the drill file that was checked: what was given on the command line has no file.

    path   makes of a file, as it is printed, the path from the repository's root
    """
    driver = {
        "name": "drill",
        "version": __version__,
        "rules": [
            {"id": id_, "name": name, "shortDescription": {"text": name}, "fullDescription": {"text": full}}
            for id_, name, full in _RULES.values()
        ],
    }
    notes = [{"level": "note", "message": {"text": text}} for text in unchecked]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
                "results": [_result(file, problem, path) for file, problem in found],
            }
        ],
    }


def _result(file: str, problem: Problem, path: Callable[[str], str]) -> dict[str, Any]:
    number = list(_RULES).index(problem.severity)
    region = {"startLine": problem.line, "startColumn": max(1, problem.column)} if problem.line else {"startLine": 1}
    text = problem.what if problem.line or problem.file == file else f"{problem.file}: {problem.what}"
    return {
        "ruleId": _RULES[problem.severity][0],
        "ruleIndex": number,
        "level": problem.severity,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _artifact(path(problem.file if problem.line else file)),
                    "region": region,
                }
            }
        ],
    }


def _artifact(path: str) -> dict[str, str]:
    """A file of the repository counts from its root; another one is named in full."""
    if Path(path).is_absolute():
        return {"uri": Path(path).as_uri()}
    return {"uri": (Path("/") / path).as_uri().removeprefix("file:///"), "uriBaseId": "%SRCROOT%"}
