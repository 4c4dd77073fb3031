"""What `drill init` is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Wishes:
    """The options of the command line."""

    name: str = ""
    files: tuple[Path, ...] = ()
    profiles: tuple[str, ...] = ()
    env_files: tuple[Path, ...] = ()
    against: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    openapi: str = ""
    access_log: Path | None = None
    log_format: str = ""
    locustfile: Path | None = None
    new_locustfile: bool = False
    monitoring: bool = False
    survey: bool = True
    for_s: float = 12.0
    ready_within_s: float = 180.0
    drills: Path | None = None
    offline: bool = False
    force: bool = False
