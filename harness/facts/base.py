"""What every fact has: the stamp of its writer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fact:
    """The stamp. Writers set it; a fact made by hand has the defaults."""

    writer: str = ""
    number: int = 0
    seen_s: float = 0.0
    happened_s: float | None = None

    @property
    def at_s(self) -> float:
        return self.seen_s if self.happened_s is None else self.happened_s

    @property
    def cite(self) -> str:
        return f"{self.writer}:{self.number}"
