"""What the load process is told, once, in a file that stays in the run folder as load.json."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.load.access import Access
from harness.load.arrivals import Segment
from harness.load.asked import Operation
from harness.load.division import Part

SPAWN_PER_S = 100.0


@dataclass(frozen=True, kw_only=True)
class LoadConfig:
    """
    run, opened_monotonic_ns  of the run; the latter is second 0 of all times
    worker          number of this load process; it names its ledger files and request ids
    workers         how many share the load: arrivals, users and rates are those of all of them together
    joining         how many of them are started on other machines, and join
    listen          host:port at which they join
    token_file      what they show, and we: the same secret on both sides. Only its path stands here
    locustfiles     paths of the user's files
    host            what its paths are appended to, http://127.0.0.1:PORT
    model           'open': arrivals at the rates of `arrivals`, the last one held until stopped; 'closed': `users` with
                    their wait_time
    poisson, seed   arrivals at random moments around the rate; the seed is also that of the choice of tasks
                    and, with the run's name, of what the locustfile draws by `random`
    max_in_flight   open: how many users are started; an arrival that finds none idle is dropped
    users_at_least  open: rotate over so many users; fewer are used when the load allows it. None: over all of a class whose
                    users have a session of their own (harness.load.sessions), else the one idle shortest goes
    users           closed: how many
    spawn_rate      users started per second, evenly; None: SPAWN_PER_S where a user does something when it starts, else
                    all at once
    timeout_s       of each request, unless the locustfile sets its own
    drain_s         how long requests in flight may still be answered after a stop
    version_header  the response header that names the answering version
    orders          the operations of which the key of each attempt is kept (harness.load.asked)
    access          how the load gets in, where that takes more than an address
    """

    run: str
    opened_monotonic_ns: int
    locustfiles: tuple[Path, ...]
    host: str
    worker: int = 0
    workers: int = 1
    joining: int = 0
    listen: str = ""
    token_file: str = ""
    model: str = "open"
    arrivals: tuple[Segment, ...] = ()
    poisson: bool = False
    seed: int | None = None
    max_in_flight: int = 400
    users_at_least: int | None = None
    users: int | None = None
    spawn_rate: float | None = SPAWN_PER_S
    timeout_s: float = 10.0
    tags: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
    drain_s: float = 10.0
    version_header: str = "X-Version"
    orders: tuple[Operation, ...] = ()
    access: Access | None = None

    def __post_init__(self) -> None:
        if self.model == "open" and not self.arrivals:
            raise ValueError("the open model needs arrivals")
        if self.model == "closed" and not self.users:
            raise ValueError("the closed model needs users")
        if self.model not in ("open", "closed"):
            raise ValueError(f"the model is open or closed, not {self.model!r}")
        if not 0 <= self.joining <= self.workers:
            raise ValueError(f"{self.joining} of {self.workers} workers cannot join")

    @property
    def distributed(self) -> bool:
        """Whether it takes a master and workers; one process on this machine needs neither."""
        return self.workers > 1 or self.joining > 0

    @property
    def part(self) -> Part:
        """Which arrivals are this process's."""
        return Part(self.worker, self.workers) if self.distributed else Part()

    @property
    def started_users(self) -> int:
        return self.users or 0 if self.model == "closed" else self.max_in_flight

    def to_json(self, ledger: Path) -> str:
        return json.dumps({**dataclasses.asdict(self), "ledger": str(ledger)}, default=str, indent=1)

    @staticmethod
    def from_json(text: str) -> tuple[LoadConfig, Path]:
        """The configuration and the ledger folder."""
        data: dict[str, Any] = json.loads(text)
        ledger = Path(data.pop("ledger"))
        data["arrivals"] = tuple(Segment(**entry) for entry in data["arrivals"])
        data["orders"] = tuple(Operation(**entry) for entry in data["orders"])
        data["access"] = Access(**data["access"]) if data.get("access") else None
        data["locustfiles"] = tuple(map(Path, data["locustfiles"]))
        data["tags"], data["exclude_tags"] = tuple(data["tags"]), tuple(data["exclude_tags"])
        return LoadConfig(**data), ledger
