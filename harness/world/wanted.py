"""What Toxiproxy should hold, and the steps from what it holds to that; 'is it as wanted' is 'no steps are left'. Pure.

wanted_of(edge, listening ports, wants)  →  Wanted, one per port   ─┐
GET /proxies                             →  ProxySeen              ─┴ steps →  add, remove, enable, disable, …
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.edges import Edge
from harness.world.handles import Toxic, Want
from harness.world.toxiproxy import ProxySeen, same

Verb = Literal["create", "delete", "enable", "disable", "add", "remove"]


@dataclass(frozen=True)
class Wanted:
    """One proxy as it should be; toxics by name, `<number of the want>-<type>-<stream>`."""

    name: str
    listen: str
    upstream: str
    enabled: bool
    toxics: Mapping[str, Toxic] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One call to the server. `create` makes an open proxy only when it has no toxics: else they come first, then
    `enable`.
    """

    verb: Verb
    proxy: str
    toxic: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.toxic} on {self.proxy}" if self.toxic else f"{self.verb} {self.proxy}"


NOTHING: Mapping[int, str] = {}


def wanted_of(
    edge: Edge, listening: Iterable[int], wants: Sequence[tuple[int, Want]], through: Mapping[int, str] = NOTHING
) -> dict[str, Wanted]:
    """The proxies of one edge: on every port that is known or listened on, open only where its dependency listens.

    An external dependency counts as listening on the ports of its edge. `wants` are numbered; those of several
    holders join. `through`: by port, who stands in between and passes on to the dependency.
    """
    open_ports = set(edge.ports) if edge.external else set(listening)
    closed = any(want.closed for _, want in wants)
    toxics = {f"{n}-{toxic.type}-{toxic.stream}": toxic for n, want in wants for toxic in want.toxics}
    return {
        name: Wanted(name, _join(edge.address, port), through.get(port) or own, enabled, toxics)
        for port in sorted(open_ports | set(edge.ports))
        for own in (_join(edge.upstream or edge.dependency, port),)
        for name, enabled in ((f"{edge.id}:{port}", port in open_ports and not closed),)
    }


def steps(wanted: Wanted | None, seen: ProxySeen | None, cut: bool = False) -> list[Step]:
    """From what is seen to what is wanted; empty when it is so already.

    `cut` closes open connections on the way: off, toxics, on. So every connection from then on begins with the toxics
    in place, which reset_peer needs (Toxiproxy link.go, Start), and no slow reader can wedge the server while they
    are added.
    """
    if wanted is None:
        return [Step("delete", seen.name)] if seen else []
    out: list[Step] = []
    created = seen is None
    if seen and (seen.listen, seen.upstream) != (wanted.listen, wanted.upstream):
        out.append(Step("delete", seen.name))
        created, seen = True, None
    if created:
        out.append(Step("create", wanted.name))
    was_on = seen.enabled if seen else opens_at_once(wanted)
    off_first = was_on and not created and (cut or not wanted.enabled)
    if off_first:
        out.append(Step("disable", wanted.name))
    have = seen.toxics if seen else {}
    kept = {name for name, toxic in have.items() if name in wanted.toxics and same(wanted.toxics[name], toxic)}
    out += [Step("remove", wanted.name, name) for name in have if name not in kept]
    out += [Step("add", wanted.name, name) for name in wanted.toxics if name not in kept]
    if wanted.enabled and (off_first or not was_on):
        out.append(Step("enable", wanted.name))
    return out


def opens_at_once(wanted: Wanted) -> bool:
    """Whether creating the proxy opens it."""
    return wanted.enabled and not wanted.toxics


def told(seen: ProxySeen) -> dict[str, Any]:
    """A readback as JSON-ready data."""
    toxics = {
        name: {"type": t.type, "stream": t.stream, "toxicity": round(t.toxicity, 6), **t.attributes}
        for name, t in seen.toxics.items()
    }
    return {"enabled": seen.enabled, "toxics": toxics}


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
