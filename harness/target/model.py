"""`[tool.drill.targets.NAME]`: a system that runs already, and where everything is that a drill needs of it. Pure.

    [tool.drill.targets.staging]
    load = {url = "https://shop.staging.example", token_env = "STAGING_TOKEN"}
    ca_file = "staging-ca.pem"
    toxiproxy = {url = "https://toxiproxy.staging.example:8474", token_env = "TOXIPROXY_TOKEN"}
    prometheus = "https://prometheus.staging.example"
    edges."api->postgres" = {proxy = "orders-db", witness = "toxiproxy.staging.example:5432", speaks = "postgres"}

A password or a token never stands here: a variable of the environment or a file holds it, and it is read when it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from harness.drill.blast_radius import EdgePattern
from harness.edges import edge_id
from harness.inside.speaks import SPEAKS
from harness.quantities import Model, PerSecond, Seconds
from harness.target.paging import Pages
from harness.target.place import Address, PlaceOrUrl, short

ONE_API = "toxiproxy"
"""What the only Toxiproxy of a target is called, where it has no name of its own."""
TIMEOUT_S = 5.0


def _named(value: Any) -> Any:
    """One place stands for a table with one place in it."""
    return {ONE_API: short(value)} if isinstance(value, str) or (isinstance(value, dict) and "url" in value) else value


class EdgeAt(Model):
    """Where an edge is in a Toxiproxy that is on its way already: `{api = "main", proxy = "orders-db"}`.

    api       which Toxiproxy, where the target has several; `proxy` the name of the proxy there
    witness   host:port at which this machine reaches that proxy: without it nobody sees whether a fault landed
    speaks    the dependency's protocol; `path` what is asked for of one that speaks HTTP
    only_way  its owner states that the caller reaches the dependency over this proxy alone, which nothing else may tell
    """

    proxy: str = Field(min_length=1)
    api: str = ""
    witness: Address | None = None
    speaks: str = ""
    path: str = "/"
    only_way: bool = False

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.speaks not in SPEAKS:
            raise ValueError(f"speaks is one of {', '.join(filter(None, SPEAKS))}, not {self.speaks!r}")
        return self


class Logs(Model):
    """The logs of services, by their names: `files` (paths), `commands` that print and go on, or selectors of Loki's (`{app="api"}`)."""

    files: dict[str, str] = Field(default_factory=dict)
    commands: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    loki: PlaceOrUrl | None = None
    selectors: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.loki) != bool(self.selectors):
            raise ValueError("loki and selectors belong together: which of its lines are whose")
        names = [*self.files, *self.commands, *self.selectors]
        if not names:
            raise ValueError("logs has files, commands, or loki with selectors")
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"{twice[0]} has two logs: one source for each service")
        return self

    @property
    def services(self) -> tuple[str, ...]:
        return (*self.files, *self.commands, *self.selectors)


class Clear(Model):
    """What must hold before a drill begins, and as long as it goes: one of three questions, and what it means.

        {promql = "absent(ALERTS{severity='page', alertstate='firing'})", means = "no incident is open", throughout = false}

    promql       gives a series while it holds, as a rule's condition does; `url` answers with 2xx; `command` ends with 0
    throughout   false: asked before the drill begins and no more, as what the drill itself breaks has to be
    """

    promql: str = ""
    url: PlaceOrUrl | None = None
    command: tuple[str, ...] = ()
    means: str = ""
    throughout: bool = True

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(map(bool, (self.promql, self.url, self.command))) != 1:
            raise ValueError("clear_to_start asks exactly one of promql, url and command")
        return self

    @property
    def what(self) -> str:
        """What it asks, as a person writes it."""
        asked = self.promql or (self.url.url if self.url else "") or " ".join(self.command)
        return f"{self.means} ({asked})" if self.means else asked


def _edges(edges: dict[str, EdgeAt]) -> dict[str, EdgeAt]:
    """By the names that drills give them. Raises ValueError for a name of no edge."""
    return {"->".join(edge_id(name)): at for name, at in edges.items()}


class Target(Model):
    """One `[tool.drill.targets.NAME]`; `name` is its table's.

    load              where the load goes
    ca_file, proxy, timeout   of every place that states none of its own; tokens and passwords are each place's own
    toxiproxy         its API, or several by name; `edges` which of their proxies is on the way of which edge
    protected         its name is typed before a drill begins, or --yes is given
    edges_permitted   patterns, and `faults_permitted` words of faults: all others are not available
    max_rate          arrivals of the load at the most; `max_duration` how long a drill may take
    clear_to_start    what must hold before it begins, and (but for `throughout = false`) as long as it goes
    deploy, rollback  commands that put out the image of a bad release, and put back what was there; killed after deploy_timeout
    """

    name: str = Field(min_length=1)
    load: PlaceOrUrl
    ca_file: str = ""
    proxy: str = ""
    timeout_s: Seconds = Field(default=TIMEOUT_S, alias="timeout", gt=0)
    toxiproxy: Annotated[dict[str, PlaceOrUrl], BeforeValidator(_named)] = Field(default_factory=dict)
    edges: Annotated[dict[str, EdgeAt], AfterValidator(_edges)] = Field(default_factory=dict)
    prometheus: PlaceOrUrl | None = None
    alertmanager: PlaceOrUrl | None = None
    pages: Pages | None = None
    logs: Logs | None = None
    protected: bool = False
    edges_permitted: tuple[EdgePattern, ...] | None = None
    faults_permitted: tuple[str, ...] | None = None
    max_rate_per_s: PerSecond | None = Field(default=None, alias="max_rate", gt=0)
    max_duration_s: Seconds | None = Field(default=None, alias="max_duration", gt=0)
    clear_to_start: tuple[Clear, ...] = ()
    deploy: tuple[str, ...] = ()
    rollback: tuple[str, ...] = ()
    deploy_timeout_s: Seconds = Field(default=120.0, alias="deploy_timeout", gt=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for name, at in self.edges.items():
            if not self.toxiproxy:
                raise ValueError(f"edges: {name} has a proxy, and the target has no toxiproxy")
            if at.api and at.api not in self.toxiproxy:
                raise ValueError(
                    f"edges: {name}: there is no toxiproxy {at.api!r}; there are {', '.join(self.toxiproxy)}"
                )
            if not at.api and len(self.toxiproxy) > 1:
                raise ValueError(f"edges: {name}: say which toxiproxy: api = one of {', '.join(self.toxiproxy)}")
        taken = [(self.api_of(at), at.proxy) for at in self.edges.values()]
        if twice := [proxy for api, proxy in taken if taken.count((api, proxy)) > 1]:
            raise ValueError(f"edges: the proxy {twice[0]} stands for two edges: a fault on one would hurt the other")
        if self.pages and not self.alertmanager:
            raise ValueError("pages come from an alertmanager, and the target states none")
        if bool(self.deploy) != bool(self.rollback):
            raise ValueError("deploy and rollback belong together: what is put out is put back")
        if any(clear.promql for clear in self.clear_to_start) and self.prometheus is None:
            raise ValueError("clear_to_start asks a promql, and the target has no prometheus")
        return self

    @property
    def where(self) -> str:
        """How a person finds it."""
        return f"[tool.drill.targets.{self.name}]"

    def api_of(self, at: EdgeAt) -> str:
        return at.api or next(iter(self.toxiproxy), "")

    def monitoring(self) -> Mapping[str, str]:
        """What is known of its monitoring, as a plan takes it."""
        lacks = [word for word in ("prometheus", "alertmanager") if getattr(self, word) is None]
        why = f"{self.where} states no {' and no '.join(lacks)}" if lacks else ""
        found = {word: place.url for word in ("prometheus", "alertmanager") if (place := getattr(self, word))}
        return {"prometheus": "", "alertmanager": "", **found, "why": why}


def is_name(text: str) -> bool:
    """Whether it can name a target on a command line, and in a lock's file."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) is not None
