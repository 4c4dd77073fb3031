"""Python ≥ 3.11: what the harness is written in."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

from harness.doctor.seen import Say, Seen

AT_LEAST = (3, 11)


@dataclass(frozen=True)
class PythonCheck:
    """The interpreter that runs this."""

    name: str = "python"
    needs: tuple[str, ...] = ()

    def look(self) -> Seen:
        what = f"Python {platform.python_version()} ({sys.executable})"
        if sys.version_info[:2] >= AT_LEAST:
            return Seen(self.name, "ok", what)
        return Seen(self.name, "missing", f"{what}; 3.11 or newer is needed", "apt-get install -y python3 python3-venv")

    def fix(self, say: Say) -> None:
        """A running interpreter cannot replace itself."""
