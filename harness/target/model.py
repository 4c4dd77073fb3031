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
from harness.drill.readers import PathText
from harness.edges import edge_id
from harness.inside.speaks import SPEAKS
from harness.quantities import Model, PerSecond, Seconds

ONE_API = "toxiproxy"
"""What the only Toxiproxy of a target is called, where it has no name of its own."""
TIMEOUT_S = 5.0


def _url(text: str) -> str:
    """Without the slashes at its end. Raises ValueError for what is none, and for one with a password in it."""
    parts = re.fullmatch(
        r"https?://(?P<user>[^/@\s]*@)?(\[[^]/@?#\s]+\]|[^]\[:/@?#\s]+)(:(?P<port>[^/@?#\s]*))?(?P<path>/[^?#\s]*)?(?P<more>[?#]\S*)?",
        text,
    )
    if parts is None:
        raise ValueError(f"{text!r} is no URL; write https://host:port, such as https://shop.staging.example")
    if parts["user"]:
        raise ValueError(
            "a URL with a user or a password in it ends up in logs: take user, password_env or password_file"
        )
    if parts["more"]:
        raise ValueError(f"{text!r} has more than a path after its host")
    if parts["port"] is not None and not _is_port(parts["port"]):
        raise ValueError(f"{text!r} is no URL: its port is none; ports are 1 to 65535")
    return text.rstrip("/")


def _is_port(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 0 < int(text) < 65536


def _one_group(text: str) -> str:
    if text:
        try:
            groups = re.compile(text).groups
        except re.error as error:
            raise ValueError(f"{text!r} is no regular expression: {error}") from None
        if groups != 1:
            raise ValueError(f"{text!r} needs one group, which is the alert's name: '([A-Za-z]+) on'")
    return text


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not _is_port(port):
        raise ValueError(f"{text!r} is no address; write host:port, such as 10.1.2.3:5432")
    return text


Url = Annotated[str, AfterValidator(_url)]
Address = Annotated[str, AfterValidator(_address)]


class Place(Model):
    """A server that is asked over HTTP: `"https://host"`, or a table that says how.

    ca_file     certificates that are trusted in place of the machine's own; `proxy` an HTTP proxy, '' for none
    token_*     a bearer token, from a variable of the environment or a file
    password_*  of `user`, for basic auth
    timeout     of each call
    """

    url: Url
    ca_file: str = ""
    proxy: str = ""
    token_env: str = ""
    token_file: str = ""
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    timeout_s: Seconds | None = Field(default=None, alias="timeout", gt=0)

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        tokens, passwords = _given(self, "token_env", "token_file"), _given(self, "password_env", "password_file")
        if len(tokens) > 1 or len(passwords) > 1 or (tokens and (passwords or self.user)):
            raise ValueError("a place has one of token_env, token_file, or a user with password_env or password_file")
        if bool(self.user) != bool(passwords):
            raise ValueError("a user and password_env (or password_file) belong together")
        return self


def _given(place: Place, *words: str) -> list[str]:
    return [word for word in words if getattr(place, word)]


def _short(value: Any) -> Any:
    """A plain text is the URL of a place."""
    return {"url": value} if isinstance(value, str) else value


PlaceOrUrl = Annotated[Place, BeforeValidator(_short)]


def _named(value: Any) -> Any:
    """One place stands for a table with one place in it."""
    return {ONE_API: _short(value)} if isinstance(value, str) or (isinstance(value, dict) and "url" in value) else value


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


class PageFields(Model):
    """Where each is in an element of a list of pages, as dotted paths.

    id         what tells it from others, as long as it lives; without one a page is not understood
    alert      the alert's name, as its rule has it; `named` a regular expression whose group is the name in what stands there
    labels     an object of labels, or a path for each label
    status     its state; left out: whatever is in the list is firing, and no all-clear is seen
    started    when the alert began to fire (RFC 3339, or seconds since 1970), not when the page was opened
    receiver   whom it is for, as Alertmanager names them; left out: the only one of `receivers`
    """

    id: str = Field(default="id", min_length=1)
    alert: str = Field(default="labels.alertname", min_length=1)
    named: Annotated[str, AfterValidator(_one_group)] = ""
    labels: str | dict[str, str] = "labels"
    annotations: str = "annotations"
    status: str = ""
    started: str = ""
    receiver: str = ""


class Poll(Place):
    """A list of pages that is asked for again and again: `"https://host"`, or a table that says how.

    path, each, next   as of an order book's `http` source: which path, where the list is in its answer, and its next page
    fields             what of an element is what
    resolved           the words of `fields.status` that mean the all-clear, in small letters
    every              from one look to the next; what came is known to lie between two of them
    authorization      how the token is sent, where that is not as a bearer: "GenieKey {token}", "Token token={token}"
    """

    path: PathText = "/"
    each: str = ""
    next: str = ""
    fields: PageFields = Field(default_factory=PageFields)
    resolved: tuple[str, ...] = ("resolved", "closed")
    every_s: Seconds = Field(default=2.0, alias="every", ge=0.2, le=2)
    authorization: str = ""

    @model_validator(mode="after")
    def _sent(self) -> Self:
        if self.authorization and self.authorization.count("{token}") != 1:
            raise ValueError('authorization says where the token stands: "GenieKey {token}"')
        if self.authorization and not (self.token_env or self.token_file):
            raise ValueError("authorization needs token_env or token_file")
        return self


class Pages(Model):
    """How the target's pages are seen; `receivers` are those of its Alertmanager that are seen so.

    listen    on this machine: the receivers have a second webhook, to here
    token_*   the bearer token that it sends along; without one whoever reaches the port can page
    poll      a list of pages, such as the paging provider's incidents
    """

    listen: Address | None = None
    receivers: tuple[str, ...] = Field(min_length=1)
    token_env: str = ""
    token_file: str = ""
    poll: Annotated[Poll, BeforeValidator(_short)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.listen is None) == (self.poll is None):
            raise ValueError("pages has `listen`, or `poll`")
        if self.poll and (self.token_env or self.token_file):
            raise ValueError("the token of a list belongs to it: poll = {url = …, token_env = …}")
        if self.poll and not self.poll.fields.receiver and len(self.receivers) > 1:
            raise ValueError("of several receivers the list must tell whose a page is: poll.fields.receiver")
        return self


class Clear(Model):
    """What must hold before a drill begins, and as long as it goes: one of the three, and what it means.

        {promql = "absent(ALERTS{severity='page', alertstate='firing'})", means = "no incident is open"}

    promql   gives a series while it holds, as a rule's condition does; `url` answers with 2xx; `command` ends with 0
    """

    promql: str = ""
    url: PlaceOrUrl | None = None
    command: tuple[str, ...] = ()
    means: str = ""

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
    clear_to_start    what must hold before it begins, and as long as it goes
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
