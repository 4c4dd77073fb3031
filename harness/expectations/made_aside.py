"""Containers that a rollback made from another Compose file than the run's: they have none of its edges, and are told of."""

from __future__ import annotations

from collections.abc import Collection

from harness.facts import ReleaseSeen
from harness.journal import Journal


def made_aside(journal: Journal, services: Collection[str], since_s: float, until_s: float) -> str:
    """In words, for the end of a sentence; '' where there was none."""
    seen = journal.of(ReleaseSeen, since_s=since_s, until_s=until_s)
    names = dict.fromkeys(s.container for s in seen if s.service in services and s.aside and s.release != "gone")
    if not names:
        return ""
    was = "was" if len(names) == 1 else "were"
    return f"; {', '.join(names)} {was} made from another Compose file than COMPOSE_FILE, so that no edge of the run's is theirs"
