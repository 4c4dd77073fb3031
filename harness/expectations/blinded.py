"""What kept a probe from looking, in its own words: the reason behind 'could not be looked at all the time'. Pure."""

from __future__ import annotations

from harness.facts import Blinded
from harness.journal import Journal, Window


def last_blinded(journal: Journal, probe: str, target: str, window: Window | None) -> Blinded | None:
    """The last time in the window that the probe could not look at the target ('': at any); else the first time after it."""
    every = [one for one in journal.of(Blinded, probe=probe) if not target or one.target in (target, "")]
    if window is None:
        return every[-1] if every else None
    since = [one for one in every if one.seen_s >= window.start_s]
    within = [one for one in since if one.seen_s <= window.end_s]
    return within[-1] if within else next(iter(since), None)


def kept_from(blinded: Blinded | None) -> str:
    """': its reason', to stand at a sentence's end, or ''."""
    return f": {blinded.error}" if blinded and blinded.error else ""
