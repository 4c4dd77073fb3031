"""Where the runs are, for what takes faults out: a pyproject.toml that somebody is just mending must not keep them on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.drill.problem import Invalid, shown_path
from harness.drill.project import find_project, home_runs

_OURS = re.compile(r"^\s*\[tool\.drill\](.*?)(?=^\s*\[|\Z)", re.M | re.S)
_RUNS = re.compile(r"""^\s*runs\s*=\s*["']([^"'\n]+)["']""", re.M)


def find_runs(
    say: Callable[[str], None], run: str | None, start: Path | None = None, env: Mapping[str, str] | None = None
) -> Path:
    """The folder of the project's runs; where its pyproject.toml is invalid that is said, and what can be read of it counts.

    Raises Invalid where no such folder is there and no `run` is named: that nothing runs in it would comfort wrongly.
    """
    try:
        return find_project(start, env).runs
    except Invalid as invalid:
        runs = home_runs(env) or _read((start or Path.cwd()).absolute())
        if not run and not runs.is_dir():
            raise
        say(f"warning: {invalid}\nwarning: so runs are looked for in {shown_path(runs)}")
        return runs


def _read(start: Path) -> Path:
    """By the nearest pyproject.toml that speaks of drill; where none does, beside the nearest that there is."""
    files = [file for folder in (start, *start.parents) if (file := folder / "pyproject.toml").is_file()]
    for file in files:
        try:
            text = file.read_bytes().decode("utf-8", errors="replace")
        except OSError:
            continue
        if "tool.drill" in text:
            return file.parent / _stated(text, file.parent)
    return (files[0].parent if files else start) / "runs"


def _stated(text: str, root: Path) -> str:
    """`runs` of [tool.drill]; of several, as a merge leaves them, one that is there."""
    try:
        named = [tomllib.loads(text)["tool"]["drill"]["runs"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        named = [name for section in _OURS.findall(text) for name in _RUNS.findall(section)]
    names = [name for name in named if isinstance(name, str)]
    return next((name for name in names if (root / name).is_dir()), next(iter(names), "runs"))
