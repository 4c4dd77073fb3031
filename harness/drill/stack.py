"""`stack:` of a drill file: which Compose files, what becomes of their data, what is known of their edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, PlainSerializer, Tag, model_validator

from harness.drill.monitor import AnyMonitor, Monitor
from harness.drill.tagged import tag
from harness.drill.words import EdgeText, Port, ProtocolText, Text
from harness.quantities import Model, Seconds


class EdgeWish(Model):
    """What a drill says about one edge: that it is there, what it speaks, its ports, or that it is to be left alone."""

    edge: EdgeText = Field(description="caller->dependency")
    off: bool = Field(default=False, description="leave this edge as it was; no fault may name it")
    speaks: ProtocolText = Field(
        default="",
        description="the protocol for the witness: http, mysql, postgres, redis, …; tcp for none that it knows",
    )
    ports: tuple[Port, ...] = Field(default=(), description="the dependency's TCP ports, where they are not found")


def _kind(value: Any) -> str:
    return tag("text" if isinstance(value, str) else "fields")


def _wish(value: Any) -> EdgeWish:
    return value if isinstance(value, EdgeWish) else EdgeWish.model_construct(edge=value)


if TYPE_CHECKING:
    AnyEdge = EdgeWish
else:
    AnyEdge = Annotated[
        Annotated[EdgeText, Tag(tag("text"))] | Annotated[EdgeWish, Tag(tag("fields"))],
        Discriminator(_kind),
        AfterValidator(_wish),
        PlainSerializer(dict),
    ]


class Observe(Model):
    """Where the stack's own monitoring is. Found in the Compose files when left out; 'off' leaves it alone."""

    prometheus: AnyMonitor = Field(
        default_factory=Monitor,
        description="service and port of Prometheus, prometheus:9090; or off; or how one gets in there",
    )
    alertmanager: AnyMonitor = Field(default_factory=Monitor, description="the same of Alertmanager")
    file_sd: str = Field(
        default="",
        description="the folder, as Prometheus sees it, from which it reads its targets' files (file_sd_configs)",
    )


class Stack(Model):
    """The user's Compose project, unchanged; started, watched and taken down by the drill."""

    compose: tuple[Text, ...] = Field(min_length=1, description="Compose files, relative to the drill file")
    profiles: tuple[Text, ...] = Field(default=(), description="Compose profiles to switch on")
    candidate: dict[str, Text] = Field(
        default_factory=dict,
        description="by service, the image of a release under test: it runs in place of what the Compose files state",
    )
    env_file: tuple[Text, ...] = Field(default=(), description="files with Compose's variables")
    ready_within_s: Seconds = Field(default=90.0, alias="ready_within", gt=0, description="from start to healthy")
    keep: Literal["never", "on-failure", "always"] = Field(
        default="never", description="leave the containers after the run"
    )
    data: dict[str, Literal["copy", "shared", "private"]] = Field(
        default_factory=dict,
        description="per volume or bind mount; private (empty) for volumes and copy for mounts when left out",
    )
    edges: tuple[AnyEdge, ...] = Field(default=(), description="edges are found; this adds, narrows or switches off")
    offline: bool = Field(default=False, description="never pull or build; list what is missing")
    observe: Observe = Field(default_factory=Observe, description="the stack's own Prometheus and Alertmanager")

    @model_validator(mode="after")
    def _once(self) -> Stack:
        seen: set[str] = set()
        for wish in self.edges:
            if wish.edge in seen:
                raise ValueError(f"the edge {wish.edge} stands twice in `edges`")
            seen.add(wish.edge)
        return self
