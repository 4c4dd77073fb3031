"""The steady state, looked at live: has it begun since an instant, and been held for as long as the drill asks?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.journal import Journal
from harness.quantities import spell
from harness.quiet import firing, looked_lately, quiet_since, waiting
from harness.stats import holds, steady_from

if TYPE_CHECKING:
    from harness.alerting import Quiet
    from harness.expectations.base import Steady
    from harness.ledger import Rows
    from harness.stats.steady import Held


@dataclass(frozen=True)
class SteadyLook:
    """`hopeless`: it can no longer begin within its limit, whatever comes. `detail`: where it is not held, what is broken alone."""

    held: bool
    hopeless: bool
    detail: str


def look(
    steady: Steady, rows: Rows, since_s: float, within_s: float, now_s: float, journal: Journal | None = None
) -> SteadyLook:
    """Whether the steady state began in [since, since + within] and was held for its length. The fold that judges decides.

    With `no alert firing` it begins no sooner than the last alert cleared, and only while Prometheus can be looked at.
    """
    until_s = since_s + within_s
    begin_s, loud = since_s, ""
    if steady.quiet is not None:
        known = journal or Journal()
        begin_s = max(since_s, quiet_since(known, steady.quiet, now_s))
        loud = (
            f"; {steady.quiet}: {_loud(known, steady.quiet, now_s) if begin_s >= now_s else f'since {begin_s:.1f} s'}"
        )
    found = steady_from(rows, steady.conditions, steady.for_s, begin_s, now_s, now_s, until_s=until_s)
    last = holds(steady.conditions, rows, max(since_s, now_s - steady.for_s), now_s, now_s=now_s)
    detail = _told(last, found.held, steady.for_s, loud)
    hopeless = not found.held and (found.open_s is None if begin_s < now_s else now_s > until_s)
    return SteadyLook(found.held and begin_s <= until_s, hopeless, detail)


def _told(last: Sequence[Held], held: bool, for_s: float, loud: str) -> str:
    """What holds, where it is held; else what does not."""
    broken = [str(one) for one in last if one.holds is not True]
    said = "; ".join(broken if broken and not held else map(str, last))
    if held or broken:
        return f"{said}{loud}"
    return loud.removeprefix("; ") or f"{said}; these hold now, but not for {spell(for_s)} on end"


def _loud(journal: Journal, quiet: Quiet, now_s: float) -> str:
    """Why it is not quiet: what was seen of Prometheus' rules a while ago tells nothing of why it is not now."""
    if names := firing(journal, quiet):
        return f"firing: {', '.join(names)}"
    if looked_lately(journal, now_s) and (late := waiting(journal, quiet)):
        last = max(late, key=lambda rule: rule.interval_s)
        return (
            f"Prometheus has not evaluated {last.rule} yet, which it does every {last.interval_s:g} s: give `steady` a longer "
            f"`within`, the rule's group a shorter interval, or write `no alert firing except {last.rule}`"
        )
    return "Prometheus cannot be looked at"
