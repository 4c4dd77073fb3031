"""A project's own Toxiproxy as a target's: what adds toxics to it, and whoever takes them out again, know it by that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.attach.in_path import OnTheWay
from harness.target.model import Target


def as_target(project: str, there: Sequence[OnTheWay], load: str, address: Callable[[str], tuple[str, int]]) -> Target:
    """The edges of a project with proxies on their way; `address` says where 'service:port' is reached from this machine."""
    host, port = address(there[0].api)
    return Target.model_validate(
        {
            "name": project,
            "load": {"url": load},
            "toxiproxy": {"url": f"http://{host}:{port}"},
            "edges": {one.edge.id: {"proxy": one.proxy, "only_way": False} for one in there},
        }
    )
