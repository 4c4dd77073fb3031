"""Which services the faults of a run aimed at. Pure."""

from __future__ import annotations

from harness.facts import Injecting
from harness.journal import Journal

ANY = "*"
"""Among the services that were aimed at: whichever the drill's own commands reached, which nobody knows."""
COMMAND = "command"


def aimed_at(journal: Journal) -> frozenset[str]:
    """From either end of an edge; ANY among them where a command was run."""
    faults = journal.of(Injecting)
    aimed = {part for fault in faults for part in fault.target.replace("->", "+").split("+")}
    return frozenset(aimed | ({ANY} if any(fault.kind == COMMAND for fault in faults) else set()))
