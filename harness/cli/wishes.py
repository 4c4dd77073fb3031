"""What `drill run` is asked for, once for all of its drills; and which of their exit codes is the command's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.cli.attach import Attach
    from harness.cli.pipeline import Pipeline
    from harness.run.scheduled import Slot


@dataclass(frozen=True)
class Wishes:
    """What the command line asks of each of its drills, as its options are named."""

    sets: tuple[str, ...]
    candidates: tuple[str, ...]
    env_files: tuple[Path, ...]
    only: tuple[str, ...]
    skip: tuple[str, ...]
    baseline: bool
    keep: str | None
    offline: bool
    yes: bool
    runs: Path
    wait_s: float
    told: Pipeline
    as_json: bool
    turns: Mapping[str, Slot]
    target: str | None = None
    attach: Attach | None = None


def worst(codes: list[int]) -> int:
    """Of several drills, the code that matters most: 7, 6, 143, 130, 5, 4, 2, 1, 3, 0."""
    order = (7, 6, 143, 130, 5, 4, 2, 1, 3, 0)
    return min(codes, key=order.index, default=0)
