"""Small values of a drill file with a grammar of their own: an edge, where load goes, a condition, a name. Guards: see guards.py."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from harness.alerting import Quiet
from harness.drill.guards import AnyGuard, guard
from harness.drill.problem import did_you_mean
from harness.drill.project import LATEST
from harness.edges import edge_id
from harness.stats import Condition
from harness.world.speaks import ALIASES, SPOKEN


@dataclass(frozen=True)
class Against:
    """Where load goes: a service of the stack and its container port."""

    service: str
    port: int
    scheme: str = "http"

    def __str__(self) -> str:
        return f"{'https://' if self.scheme == 'https' else ''}{self.service}:{self.port}"


def against(value: Any) -> Against:
    """'api:8080' or 'https://api:8443'. Raises ValueError on anything else."""
    match = re.fullmatch(r"(?:(https?)://)?([A-Za-z0-9][A-Za-z0-9._-]*):(\d{1,5})/?", str(value).strip())
    if not isinstance(value, str) or match is None or not 0 < int(match.group(3)) < 65536:
        raise ValueError(f"write a service and its container port, such as api:8080 or https://api:8443, not {value!r}")
    return Against(match.group(2), int(match.group(3)), match.group(1) or "http")


def condition(value: Any) -> Condition:
    if not isinstance(value, str):
        raise ValueError(f"write a condition, such as errors < 0.5% or p95 < 300ms, not {value!r}")
    return Condition.parse(value)


def steady_condition(value: Any) -> Condition | Quiet:
    """'no alert firing [except Watchdog, Other]', or a condition on requests. Raises ValueError on anything else."""
    match = re.fullmatch(r"\s*no\s+alerts?\s+firing(?:\s+except\s+(.+))?\s*", value) if isinstance(value, str) else None
    if match is None:
        return condition(value)
    names = (name.strip().strip("\"'") for name in (match.group(1) or "").split(","))
    return Quiet(tuple(name for name in names if name))


def files(value: Any) -> tuple[Any, ...]:
    """One, or a list. Raises ValueError on anything else."""
    if not isinstance(value, (str, list)) or value == "":
        raise ValueError("write a file, a folder, or a list of them, [ … ]")
    return (value,) if isinstance(value, str) else tuple(value)


def monitor(value: str) -> str:
    """'prometheus:9090', or 'off'. Raises ValueError on anything else."""
    if value not in ("", "off") and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*:\d{1,5}", value) is None:
        raise ValueError(f"write a service and its container port, such as prometheus:9090, or off, not {value!r}")
    return value


def protocol(value: str) -> str:
    """A word of world.speaks. Raises ValueError on anything else, which the witness would take for nothing that was said."""
    words = sorted({*SPOKEN, *ALIASES})
    if value and value.strip().lower() not in words:
        near = (
            did_you_mean(value.strip().lower(), words)
            or f"; there are {', '.join(words)}; tcp for what is none of them"
        )
        raise ValueError(f"no protocol is called {value!r}{near}")
    return value


def _not_latest(value: str) -> str:
    if value == LATEST:
        raise ValueError(f"'{LATEST}' names the newest run of all drills (runs/{LATEST}); give the drill another name")
    return value


def _edge(value: str) -> str:
    return "->".join(edge_id(value))


def _text(*examples: str, pattern: str = "") -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **({"pattern": pattern} if pattern else {}), "examples": list(examples)})


_EDGE = r"^\s*[^\s>]+\s*->\s*[^\s>]+\s*$"
_AGAINST = r"^\s*(https?://)?[A-Za-z0-9][A-Za-z0-9._-]*:\d{1,5}/?\s*$"
EdgeText = Annotated[str, AfterValidator(_edge), _text("api->postgres", pattern=_EDGE)]
AgainstText = Annotated[Against, PlainValidator(against), PlainSerializer(str), _text("api:8080", pattern=_AGAINST)]
ConditionText = Annotated[
    Condition | Quiet,
    PlainValidator(steady_condition),
    PlainSerializer(str),
    _text("errors < 0.5%", "no alert firing"),
]
GuardText = Annotated[
    AnyGuard,
    PlainValidator(guard),
    PlainSerializer(str),
    _text(
        "errors > 50% for 15s",
        "goodput < 5/s for 10s",
        "alert CheckoutSlow for 15s",
        "any alert except Watchdog",
        "any container_died",
        "host memory < 5% free",
        "promql: sum(rate(orders_lost_total[1m])) > 0",
    ),
]
_PATH = {"type": "string", "minLength": 1}
MonitorText = Annotated[str, AfterValidator(monitor), _text("prometheus:9090", "off")]
ProtocolText = Annotated[str, AfterValidator(protocol), _text("http", "mysql", "postgres", "redis", "tcp")]
DrillName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=100), AfterValidator(_not_latest)
]
PhaseName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_ -]*$", max_length=60)]
Port = Annotated[int, Field(ge=1, le=65535)]
Text = Annotated[str, StringConstraints(min_length=1)]
FilesText = Annotated[
    tuple[Text, ...],
    BeforeValidator(files),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_PATH, {"type": "array", "items": _PATH, "minItems": 1}]}),
]
