"""Which faults of a run may still be on, from its journal alone."""

from __future__ import annotations

from harness.facts import Injected, Injecting, Mended, NotInjected
from harness.journal import Journal

TOLD = (Injecting, Injected, NotInjected, Mended)
"""The facts that tell of it; all others need not be read."""


def open_faults(journal: Journal) -> tuple[Injecting, ...]:
    """Those that were about to be injected, and neither proven gone nor surely never begun (also what was not due yet: better one too
    many)."""
    return tuple(fact for fact in journal.of(Injecting) if not _over(journal, fact))


def gone_with_the_stack(journal: Journal) -> tuple[Injecting, ...]:
    """Those of them that are out once the stack is gone: not what commands of the user's made, who may have made it elsewhere."""
    return tuple(fact for fact in open_faults(journal) if not {"undo", "restore", "check"} & set(fact.stated))


def _over(journal: Journal, injecting: Injecting) -> bool:
    mended = journal.of(Mended, fault=injecting.fault)
    spared = [one for one in journal.of(NotInjected, fault=injecting.fault) if one.untouched]
    return any(one.seen_s >= injecting.seen_s for one in (*mended, *spared))
