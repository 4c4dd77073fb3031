"""`drill` on the path may be another program: Debian's ldnsutils brings a DNS tool of that name."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.doctor.command import drill, is_ours
from harness.doctor.seen import Say, Seen


@dataclass(frozen=True)
class ShadowCheck:
    """A note, never a hindrance: `python -m harness` is always there."""

    name: str = "command"
    needs: tuple[str, ...] = ()

    def look(self) -> Seen:
        found = shutil.which("drill")
        if found and not is_ours(Path(found)):
            return Seen(self.name, "note", f"`drill` on the path is another program: {found}", f"type {drill()}")
        return Seen(self.name, "ok", found or f"{drill()} (not on the path)")

    def fix(self, say: Say) -> None:
        """The order of the path is its owner's."""
