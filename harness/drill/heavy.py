"""More arrivals than the load's processes can be relied on to send on time.

Measured on one core: Locust's FastHttpUser behind the gate holds 5,000 arrivals per second, its HttpUser (requests) sends 2,100 flat
out; below two fifths of that a machine that others use, too, still sends on time.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.drill.locustfile import bases
from harness.drill.problem import Problem

if TYPE_CHECKING:
    from harness.drill.model import Drill

PER_S = {"HttpUser": 800.0, "FastHttpUser": 2000.0}


def too_heavy(drill: Drill) -> Iterator[Problem]:
    """A warning where the greatest rate is more than that."""
    load = drill.load
    peak = max((max(segment.from_rate, segment.to_rate) for segment in load.segments), default=0.0)
    client = "HttpUser" if _uses_requests(drill) else "FastHttpUser"
    if peak <= PER_S[client] * load.all_workers:
        return
    needed = math.ceil(peak / PER_S[client])
    whose = "one process" if load.all_workers == 1 else f"{load.all_workers} processes"
    text = (
        f"{peak:.0f} arrivals per second are more than {whose} of the load can be relied on to send on time "
        f"({PER_S[client]:.0f}/s each with {client}); share them: load: {{processes: {needed}}}, or workers of other machines (drill worker)"
    )
    yield replace(drill.origin.document.problem(("load", "arrivals"), text), severity="warning")


def _uses_requests(drill: Drill) -> bool:
    try:
        trees = [ast.parse(path.read_bytes()) for path in drill.locustfiles]
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    nodes = (node for tree in trees for node in ast.walk(tree))
    return any("HttpUser" in bases(node) for node in nodes if isinstance(node, ast.ClassDef))
