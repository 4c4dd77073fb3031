"""Judge a run folder, and write what the judging came to. Only reading and writing; the judging itself is pure."""

from __future__ import annotations

from pathlib import Path

from harness.run.folder import RunFolder
from harness.verdict import Verdict


def judge_folder(folder: RunFolder, drill_file: Path | None = None) -> Verdict:
    """Judge what the folder holds, by its own drill or by another. The same folder and drill give the same verdict."""
    raise NotImplementedError
