"""What a run leaves in its folder about its target: enough for anybody who has the folder to take the run's toxics out again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.load.access import Access
from harness.ondisk import settle
from harness.target import RECORD
from harness.target.model import EdgeAt, Target
from harness.target.place import Place
from harness.target.secrets import has_secret, places
from harness.world.toxiproxy import ProxySeen
from harness.world.wanted import told


@dataclass(frozen=True)
class Recorded:
    """The Toxiproxies of a run's target, the edges on them, and its secrets by reference alone."""

    name: str
    toxiproxy: Mapping[str, Place]
    edges: Mapping[str, EdgeAt]
    secrets: tuple[tuple[str, Access], ...] = ()

    def api_of(self, at: EdgeAt) -> str:
        return at.api or next(iter(self.toxiproxy), "")


def keep(folder: Path, target: Target, found: Mapping[str, ProxySeen]) -> None:
    """Before the first fault. What each proxy was found to hold stands beside it, for people. Raises OSError."""
    toxiproxies = {
        name: {**place.model_dump(exclude={"timeout_s"}), "timeout": f"{place.timeout_s or 5:g}s"}
        for name, place in target.toxiproxy.items()
    }
    needed = [(name, asdict(access)) for name, access in places(target) if has_secret(access)]
    text = {
        "target": target.name,
        "secrets": needed,
        "toxiproxy": toxiproxies,
        "edges": {edge: at.model_dump() for edge, at in target.edges.items()},
        "found": {
            edge: {"listen": seen.listen, "upstream": seen.upstream, **told(seen)} for edge, seen in found.items()
        },
    }
    path = folder / RECORD
    fresh = path.with_name(f".{RECORD}.new")  # whole or not there, however the run dies
    fresh.write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")
    settle(fresh)
    fresh.replace(path)
    settle(path)


def recorded(folder: Path) -> Recorded | None:
    """That of a run's folder; None for a run on a stack of its own, or one that never came so far."""
    try:
        read = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return Recorded(
            str(read["target"]),
            {name: Place.model_validate(place) for name, place in read["toxiproxy"].items()},
            {edge: EdgeAt.model_validate(at) for edge, at in read["edges"].items()},
            tuple((str(name), Access(**access)) for name, access in read.get("secrets", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
