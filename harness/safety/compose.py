"""A run's own Compose project, as what its folder holds tells it to another process."""

from __future__ import annotations

from pathlib import Path

from harness.run.folder import RunFolder
from harness.stack.compose import Compose


def compose_of(folder: RunFolder) -> Compose:
    """The run's project, which its own file states, or those of a project that ran already; its name is '' before the stack came to be."""
    notes = folder.stack_notes()
    files = notes.get("files") or [str(folder.path)]
    directory = Path(notes.get("directory") or Path(files[0]).parent)
    env_files = tuple(map(Path, notes.get("env_files") or ()))
    return Compose(str(notes.get("project", "")), Path(folder.compose_files), directory, env_files)
