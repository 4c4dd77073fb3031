"""The last seconds of a run in numbers, as the live display and `drill status` tell them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.ledger import Rows

WINDOW_S = 5.0
MANY = 4  # those that wait are told from one for so many that ended


@dataclass(frozen=True)
class State:
    """The last seconds in numbers: errors and times of what ended in them; `waiting` are those that have not ended yet."""

    phase: str
    on: tuple[str, ...]
    at_s: float
    arrivals: int
    errors: str
    p95: str
    waiting: int
    ended: int

    def line(self) -> str:
        """What matters most stands first: a narrow terminal cuts the end."""
        many = f"  {self.waiting} waiting" if self.waiting * MANY > self.ended else ""
        return f"{self.phase}  errors {self.errors}  p95 {self.p95}{many}  {self.arrivals / WINDOW_S:.1f}/s  {self.faults()}"

    def faults(self) -> str:
        return f"on: {', '.join(self.on)}" if self.on else "no fault on"


def state(phase: str, on: tuple[str, ...], rows: Rows, now_s: float) -> State:
    """Reckon the last five seconds."""
    from harness.stats.condition import show_ms
    from harness.stats.lately import lately

    seen, waiting, due = lately(rows, now_s, WINDOW_S)
    ratio, p95 = seen.error_ratio(), seen.percentile_ms(0.95)
    return State(
        phase=phase,
        on=on,
        at_s=now_s,
        arrivals=due,
        errors="-" if ratio is None else f"{100 * ratio[0]:.1f}%",
        p95="-" if p95 is None else show_ms(p95[0]),
        waiting=waiting,
        ended=seen.n,
    )
