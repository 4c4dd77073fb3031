"""How this harness is called on this machine: what a cure tells a person to type must work where it is typed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

ENTRY_POINT = b"harness.cli"


def is_ours(program: Path) -> bool:
    """Whether a program is the start script that pip or uv writes for us."""
    try:
        with program.open("rb") as file:
            return ENTRY_POINT in file.read(4096)
    except OSError:
        return False


def drill() -> str:
    """`drill` where that is us, else the path of our start script (short, if below here), else `python -m harness`."""
    found = shutil.which("drill")
    if found and is_ours(Path(found)):
        return "drill"
    script = Path(sys.executable).with_name("drill")
    if not script.exists():
        return f"{sys.executable} -m harness"
    below = os.path.relpath(script)
    return str(script) if below.startswith("..") else below


def fix_line() -> str:
    """The command that cures what doctor can cure."""
    return f"{drill()} doctor --fix"
