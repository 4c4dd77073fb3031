"""about.json: of which commit a run was, and on which machine, for those who look at many runs later. Nothing is judged by it."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

FILE = "about.json"
GIT_S = 2.0
COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT")
"""Where GitHub Actions, GitLab CI and Jenkins name the commit, in a workspace that may be no repository."""


def keep(folder: Path, base: Path) -> None:
    """Write it. `base` is the folder of the drill file. A disk that refuses costs the run nothing."""
    about = {"machine": machine(), **commit(base)}
    with contextlib.suppress(OSError):
        (folder / FILE).write_text(json.dumps(about, sort_keys=True, indent=1) + "\n", encoding="utf-8")


def read(folder: Path) -> dict[str, Any]:
    """What stands in it; {} where there is none, or nothing that is understood."""
    try:
        about = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def machine() -> dict[str, Any]:
    """This machine: name, processors, memory in bytes, kernel."""
    return {
        "name": platform.node(),
        "processors": os.cpu_count() or 0,
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "kernel": platform.release(),
    }


def commit(base: Path) -> dict[str, Any]:
    """The commit of the drill's repository and whether it was changed since; {} where there is none."""
    command = ("git", "-C", str(base), "describe", "--always", "--dirty=+", "--abbrev=40", "--exclude=*")
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=GIT_S, check=True).stdout.strip()
    except (OSError, ValueError, subprocess.SubprocessError):
        told = next((os.environ[name] for name in COMMITS if os.environ.get(name)), "")
    return {"commit": told.rstrip("+"), "dirty": told.endswith("+")} if told else {}
