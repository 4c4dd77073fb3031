"""How a step's command came to its end, where it did not end well, in words. Pure."""

from __future__ import annotations

from harness.facts import LeverEnded


def ended_ill(ended: LeverEnded) -> str:
    """As the end of a sentence, with the last line that it printed: 'ended with 3 (no such image)'."""
    how = ended.detail or f"ended with {ended.exit_code}"
    lines = ended.output.strip().splitlines()
    return f"{how} ({lines[-1]})" if lines else how
