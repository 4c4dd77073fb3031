"""Commands that a killed harness left running: a `docker compose up` would go on making what has just been taken away."""

from __future__ import annotations

from harness.inside import leftovers
from harness.stack.changes.identity import RUN_LABEL, project_name


def end_orphans(run: str) -> list[str]:
    """Kill what a dead harness had started for this run and wait until it is gone; returns what they were, in words.

    Never called for a run that lives.
    """
    return leftovers.end(leftovers.found(run, project_name(run), f"{RUN_LABEL}={run}"))


def end_started_for(run: str, fault: str) -> list[str]:
    """The same of what one fault's command started alone, also in a run that lives and does not answer."""
    words = {f"DRILL_RUN={run}", f"DRILL_FAULT={fault}"}
    return leftovers.end(leftovers.matching(lambda pid, _: words <= set(leftovers.environment(pid))))
