"""Where parts come from: a Python file, or an installed package's entry point. Each is read once; what goes wrong has its place."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.drill.problem import Problem, shown_path
from harness.parts import Parts

EXAMPLE = "PARTS = Parts(faults=(MyFault,))"


@dataclass(frozen=True, eq=False)
class Source:
    """`name` is the file as it is printed, or the entry point; `found` are its parts, or why there are none."""

    name: str
    file: Path | None
    found: Parts | Problem

    def where(self, part: Any) -> Problem:
        """The place of a part, as a problem without its sentence."""
        kind = part if isinstance(part, type) or inspect.isfunction(part) else type(part)
        try:
            file = Path(inspect.getfile(kind))
            lines, line = inspect.getsourcelines(kind)
        except (OSError, TypeError):
            return Problem(self.name, 0, 0, "")
        return Problem(shown_path(file), line, 1, "", lines[0].rstrip())


def of_file(path: Path, root: Path) -> Source:
    """The parts of a file that a project names."""
    shown = shown_path(path)
    if not path.is_file():
        toml = shown_path(root / "pyproject.toml")
        return Source(
            shown, path, Problem(shown, 0, 0, f"there is no such file; {toml} names it in [tool.drill] parts")
        )
    return Source(shown, path, _read(shown, path, lambda: _executed(path)))


def of_entry_point(point: EntryPoint) -> Source:
    """The parts of an installed package: a module with PARTS, or the Parts themselves."""
    package = f" of {point.dist.name}" if point.dist else ""
    shown = f"entry point {point.name} = {point.value}{package}"
    return Source(shown, None, _read(shown, None, point.load))


def _read(shown: str, path: Path | None, load: Callable[[], Any]) -> Parts | Problem:
    try:
        loaded = load()
    except SyntaxError as error:
        file = shown_path(Path(error.filename)) if error.filename else shown
        return Problem(
            file, error.lineno or 0, error.offset or 1, f"not Python: {error.msg}", (error.text or "").rstrip()
        )
    except (Exception, SystemExit) as error:  # whatever a person's file does when it is imported
        return _raised(shown, path, error)
    parts = getattr(loaded, "PARTS", None) if isinstance(loaded, ModuleType) else loaded
    if not isinstance(parts, Parts):
        what = "there is no PARTS in it" if parts is None else f"PARTS is no Parts, but {type(parts).__name__}"
        return Problem(shown, 0, 0, f"{what}; it ends with: from harness.parts import Parts; {EXAMPLE}")
    return parts


def _executed(path: Path) -> ModuleType:
    name = f"drill_parts_{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, f"{path} ends in .py"
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where pydantic looks for the names in its annotations
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _raised(shown: str, path: Path | None, error: BaseException) -> Problem:
    """At the last line of the file that was under way."""
    what = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if path and frame.filename == str(path)]
    if not frames:
        return Problem(shown, 0, 0, what)
    last = frames[-1]
    return Problem(shown, last.lineno or 0, (last.colno or 0) + 1, what, last.line or "")
