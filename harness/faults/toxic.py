"""Faults on an edge: they say what they want of its proxies, and the one writer to Toxiproxy makes it so.

Toxiproxy draws for each connection, when it opens or when the toxic is added, whether a toxic hits it (toxics/toxic.go,
Run), and draws again when a neighbour in the same direction comes or goes. So `share` is a share of connections,
never of requests, and a pool opened before the fault is one draw per connection for as long as it lives, unless it is
cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from harness.edges import edge_id
from harness.facts import Witnessed
from harness.faults import felt
from harness.faults.base import Fault, Landing
from harness.quantities import Ratio
from harness.world.handles import Toxic, Want, World

EdgeName = Annotated[str, AfterValidator(lambda text: "->".join(edge_id(text)))]
Stream = Literal["downstream", "upstream"]
TOXICS = {"reset_peer": "reset", "timeout": "hang"}
"""Toxiproxy's own names of those faults that have another here."""


def whole_ms(value_ms: float) -> int:
    """Toxiproxy counts in whole milliseconds; less than one would be nothing. Raises ValueError."""
    if 0 < value_ms < 1:
        raise ValueError("must be at least 1ms: Toxiproxy counts in whole milliseconds")
    return round(value_ms)


class EdgeFault(Fault):
    """The common part of faults on an edge."""

    edge: EdgeName = Field(description="caller->dependency, such as api->postgres")

    @property
    def target(self) -> str:
        return self.edge

    def wants(self, holder: str) -> Want:
        """What the holder wants of the edge while the fault is on."""
        raise NotImplementedError

    def inject(self, holder: str, world: World) -> Mapping[str, Any]:
        return world.proxies.want(self.wants(holder))

    def mend(self, holder: str, world: World) -> str:
        return world.proxies.unwant(holder)


class ToxicFault(EdgeFault):
    """The common part of faults that are toxics: a share of the connections, and what becomes of the open ones."""

    spends: ClassVar[bool] = False
    """A connection that it hits is not used again, so that a caller soon keeps those alone that it spared."""

    share: Ratio = Field(default=1.0, gt=0, description="of connections, drawn for each one")
    open_connections: Literal["keep", "cut"] | None = Field(
        default=None, description="cut: close them first, so that they redial; default: cut when share is below 100%"
    )

    @property
    def cut(self) -> bool:
        return self.share < 1 if self.open_connections is None else self.open_connections == "cut"

    def stated(self) -> Mapping[str, Any]:
        said = {name: value for name, value in super().stated().items() if value is not None}
        return {**said, "open_connections": "cut" if self.cut else "keep"}

    def toxics(self) -> tuple[Toxic, ...]:
        """In Toxiproxy's own units."""
        raise NotImplementedError

    def wants(self, holder: str) -> Want:
        return Want(self.edge, holder, toxics=self.toxics(), cut=self.cut)

    def gone(self, before: Sequence[Witnessed], after: Sequence[Witnessed]) -> Landing:
        return felt.gone(self.share, before, after, felt.slower(before))


class OneWayFault(ToxicFault):
    """The common part of faults in one direction."""

    stream: Stream = Field(
        default="downstream", description="downstream: towards the caller; upstream: towards the dependency"
    )

    def _toxic(self, type_: str, **attributes: int) -> tuple[Toxic]:
        return (Toxic(type_, attributes, self.stream, self.share),)
