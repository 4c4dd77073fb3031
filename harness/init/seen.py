"""What is known of a project before its first drill: from its files, and from one look at it while it ran. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.edges import Edge
from harness.facts import RuleSeen

PATIENCE_S = 60.0
"""Where no port is published, only an answer tells that a service has started; for so long, because there may be none at all."""


@dataclass(frozen=True)
class Page:
    """One path that was asked for: its status after redirects, and how long the answer took.

    kind       its content type, or 'elsewhere': it sends its visitors to another host
    location   where, if so
    """

    path: str
    status: int
    took_s: float = 0.0
    kind: str = ""
    location: str = ""


@dataclass(frozen=True)
class Spoken:
    """A port that answered HTTP. `pages` begins with the path that was tried first.

    metrics   what it serves at /metrics in Prometheus' format: each series' name with its labels' names; () for nothing
    headers   to be sent with every request, or it sends its visitors to its own name, or refuses them
    """

    service: str
    port: int
    pages: tuple[Page, ...] = ()
    scheme: str = "http"
    metrics: tuple[tuple[str, tuple[str, ...]], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def target(self) -> str:
        """As `load.against` takes it."""
        return f"{'https://' if self.scheme == 'https' else ''}{self.service}:{self.port}"

    @property
    def good(self) -> tuple[Page, ...]:
        """Those that were found: status 200 to 299."""
        return tuple(page for page in self.pages if 200 <= page.status < 300)


@dataclass(frozen=True)
class Baseline:
    """Some seconds of light load without a fault: requests, those answered otherwise than when first asked, times in seconds."""

    requests: int = 0
    errors: int = 0
    p50_s: float = 0.0
    p95_s: float = 0.0


@dataclass(frozen=True)
class Looked:
    """What was seen while the project ran; `ran` False: nothing was started, and `why` says why.

    ports     listened on, by service
    edges     pairs that had connections, with their ports
    risen     those whose connections rose while the light load was asked for
    tried     the paths of an OpenAPI description or an access log, as they answered
    ready_s   from the start to everything ready
    rules     alerting and recording rules as Prometheus itself has them; None where it was not asked
    firing    alerts that fired though nothing was wrong
    """

    ran: bool = False
    why: str = ""
    ports: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    risen: tuple[str, ...] = ()
    http: tuple[Spoken, ...] = ()
    tried: tuple[Page, ...] = ()
    baseline: Baseline = Baseline()
    ready_s: float = 0.0
    rules: tuple[RuleSeen, ...] | None = None
    firing: tuple[str, ...] = ()
