"""A copy of the rehearsed project in a folder of its own, in which a cell may change anything: the user's files stay."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

COPIED = ("drills", "compose/checkout", "dashboards")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


@dataclass(frozen=True)
class Copy:
    """The copy. `drill` is the drill's name; paths are relative to its root."""

    root: Path
    drill: str

    @staticmethod
    def made(source: Path, root: Path, drill: str, parts: Sequence[str] = COPIED) -> Copy:
        """Copy the parts of a project to a new folder, which becomes a project of its own."""
        for part in parts:
            shutil.copytree(source / part, root / part, ignore=_LEFT_OUT)
        (root / "pyproject.toml").write_text("[tool.drill]\n")
        return Copy(root, drill)

    @property
    def drill_file(self) -> Path:
        return self.root / "drills" / f"{self.drill}.yaml"

    def text(self, path: str, change: Callable[[str], str]) -> None:
        """Change a file's text. A change that changes nothing is a mistake: the control would be none."""
        file = self.root / path
        before = file.read_text()
        after = change(before)
        if after == before:
            raise ValueError(f"{path}: the change changes nothing")
        file.write_text(after)

    def data(self, path: str, change: Callable[[Any], None]) -> None:
        """Change a YAML file's data in place (its comments go). A change that changes nothing is a mistake."""

        def changed(text: str) -> str:
            data = yaml.safe_load(text)
            change(data)
            return text if data == yaml.safe_load(text) else yaml.safe_dump(data, sort_keys=False, allow_unicode=True)

        self.text(path, changed)

    def edit_drill(self, change: Callable[[Any], None]) -> None:
        self.data(f"drills/{self.drill}.yaml", change)

    def cut(self, phases: Sequence[str]) -> None:
        """Leave only these phases of the drill, as they are; all of them for ()."""
        known = [phase["name"] for phase in yaml.safe_load(self.drill_file.read_text())["phases"]]
        if unknown := set(phases) - set(known):
            raise ValueError(f"{self.drill} has no phase {', '.join(sorted(unknown))}; it has {', '.join(known)}")
        if 0 < len(phases) < len(known):
            self.edit_drill(
                lambda drill: drill.update(phases=[phase for phase in drill["phases"] if phase["name"] in phases])
            )

    def script(self, path: str, lines: str) -> None:
        """A shell script of ours in the place of a file of the project."""
        file = self.root / path
        file.write_text(f"#!/bin/sh\nset -eu\n{lines}\n")
        file.chmod(0o755)


def claim(drill: Any, phase: str, word: str, alert: str = "") -> dict[str, Any]:
    """The settings of one claim in a drill's data: of a phase's `expect` or `then`, found by its word and its alert."""
    (found,) = (
        settings
        for one in drill["phases"]
        if one["name"] == phase
        for part in ("expect", "then")
        for entry in one.get(part, ())
        for kind, settings in entry.items()
        if kind == word and alert in ("", settings.get("alert"))
    )
    settings: dict[str, Any] = found
    return settings
