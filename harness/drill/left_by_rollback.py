"""That a drill claims a rollback, and does not ask what that leaves behind: a release may be gone and its settings or rows still there."""

from __future__ import annotations

from harness.drill.model import Drill
from harness.expectations.rolled_back import RolledBack
from harness.expectations.state_restored import StateRestored


def unasked(drill: Drill) -> str:
    """The sentence about it, or ''."""
    claims = [claim for _, _, claim in drill.claims()]
    back = [claim.id for claim in claims if isinstance(claim, RolledBack)]
    if not back or any(isinstance(claim, StateRestored) for claim in claims):
        return ""
    return (
        f"what is left behind after {', '.join(back)} (containers' settings, a schema, rows, queues) is not asked: "
        "`state_restored: {}` under the drill's own `expect` does, of the containers and of each part of `state:`"
    )
