"""Taking a run's toxics out of its target from outside of the run, by its folder alone. Light, until there is something to take out."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path

from harness.errors import DrillError
from harness.target import RECORD


def on_target(folder: Path) -> bool:
    """Whether the run of this folder put its faults into a target's Toxiproxies."""
    return (folder / RECORD).exists()


def target_of(folder: Path) -> str:
    """The name of the run's target."""
    from harness.target.record import recorded

    told = recorded(folder)
    return told.name if told else "its target"


def clear(folder: Path, run: str, hurt: Collection[str]) -> str:
    """'' when no toxic of the run is left on its target and the hurt edges are open; else what is wrong, in one line. Idempotent."""
    from harness.target.proxies import mark, spots, tried
    from harness.target.record import recorded

    told = recorded(folder)
    if told is None:
        return f"{folder / RECORD} cannot be read, which says where the run's toxics are"
    try:
        places = spots(told)
    except DrillError as error:  # a secret that is not there
        return " ".join(str(error).split())
    wrong = [said for edge, spot in places.items() if (said := tried(partial(spot.clear, mark(run), edge in hurt)))]
    return "; ".join(wrong)
