"""Which services may start before all others: those that call nobody, as far as the project tells. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.edges import Edge
from harness.stack import names as topology

TIES = ("depends_on", "links", "external_links", "volumes_from", "pid", "ipc", "cgroup")
"""What may bind the start of a service to another one."""


def steps(config: topology.Config) -> set[str]:
    """Services whose end others wait for: they are ready when they have done their work."""
    return {
        target
        for body in topology.services(config).values()
        for target, how in (body.get("depends_on") or {}).items()
        if (how or {}).get("condition") == "service_completed_successfully"
    }


def leaves(config: topology.Config, edges: Iterable[Edge], held: Collection[str] = ()) -> tuple[str, ...]:
    """Services with a network namespace of their own that wait for no other and stand at no edge's beginning.

    What others wait for to complete is none: `up` of the others would start it a second time, and such a step may not bear that.

    held   those that must not, whatever they call: what pages or sends traces, until somebody is there who takes them
    """
    callers = {edge.caller for edge in edges}
    once = steps(config)
    return tuple(
        name
        for name, body in topology.services(config).items()
        if name not in held
        and name not in once
        and topology.replicas(config, name) > 0
        and not callers & {name, *topology.sharers(config, name)}
        and not topology.outside(config, name)
        and topology.owner(config, name) == name
        and not any(body.get(tie) for tie in TIES)
    )
