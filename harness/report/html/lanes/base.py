"""What a lane of the timeline can be: bands (things that last or happen), ticks (looks), or a chart.

A lane is one function from the story to one of these, or None where the run has nothing of the kind. Times are seconds
of the run. A tone is what a mark means: good, bad, warn, fault, plain or quiet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from harness.report.html.seconds import Seconds
    from harness.report.story import Story

Tone = Literal["good", "bad", "warn", "fault", "plain", "quiet"]


@dataclass(frozen=True)
class Mark:
    """Something on a band. `end_s` None: an instant. `detail` is shown when it is chosen, with the facts it cites."""

    start_s: float
    end_s: float | None
    text: str
    tone: Tone = "plain"
    detail: Mapping[str, Any] = field(default_factory=dict)
    cites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bands:
    """Rows of marks, each row with its label. `beside`: the text of a mark stands beside it, where there is room."""

    id: str
    title: str
    rows: tuple[tuple[str, tuple[Mark, ...]], ...]
    note: str = ""
    kind: str = "bands"
    beside: bool = False


@dataclass(frozen=True)
class Looks:
    """Looks along one row: when, how long the answer took (None: none came), which outcome, and the fact's citation."""

    label: str
    at_s: tuple[float, ...]
    took_ms: tuple[float | None, ...]
    outcome: tuple[str, ...]
    cites: tuple[str, ...]


@dataclass(frozen=True)
class Ticks:
    """Rows of looks: a short bar each, as high as the answer took long, full height where none came."""

    id: str
    title: str
    rows: tuple[Looks, ...]
    note: str = ""
    kind: str = "ticks"


@dataclass(frozen=True)
class Series:
    """One value per bin. inf is said to be `no answer`, None is nothing."""

    label: str
    values: tuple[float | None, ...]
    tone: str


@dataclass(frozen=True)
class Chart:
    """Series over the bins of the load: stacked areas, or lines (`log`: on a logarithmic scale)."""

    id: str
    title: str
    unit: str
    at_s: tuple[float, ...]
    width_s: float
    series: tuple[Series, ...]
    stacked: bool = False
    log: bool = False
    note: str = ""
    kind: str = "chart"


Lane = Bands | Ticks | Chart
MakeLane = Callable[["Story", "Seconds | None"], Lane | None]
