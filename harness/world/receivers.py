"""Alertmanager's configuration read for where its pages go: which of them a mailbox in the stack can take, and which not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from harness.facts import InhibitSeen, ReceiverSeen
from harness.foreign_yaml import load
from harness.labelled import holds
from harness.quantities import go_duration_s
from harness.urls import fixed, loopback, place
from harness.world.outlets import Outlet, outlets, usual
from harness.world.routing import GROUP_WAIT_S, asked, matchers_of, routed

GROUP_INTERVAL_S = 300.0  # Alertmanager's own default


@dataclass(frozen=True)
class Paging:
    """What a configuration says of its receivers.

    hosts      host names that a mailbox must bear, with the ports on which it listens; also those of HTTPS, which it
               cannot read, so that nothing leaves the stack
    leaking    receivers that a mailbox cannot stand before: a page to them leaves the stack; each with its reason
    route      the tree of its routes, every scalar in it as text
    inhibits   its rules by which alerts hold back others, without those that cannot be read
    """

    receivers: tuple[ReceiverSeen, ...] = ()
    hosts: Mapping[str, tuple[int, ...]] | None = None
    leaking: tuple[str, ...] = ()
    route: Mapping[str, Any] = field(default_factory=dict)
    inhibits: tuple[InhibitSeen, ...] = ()

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(sorted({port for ports in (self.hosts or {}).values() for port in ports}))

    def reached(self, labels: Mapping[str, str]) -> tuple[ReceiverSeen, ...]:
        """The ways out by which an alert with these labels and no others goes, each with the group_wait of its route. Raises
        ValueError where a route cannot be read."""
        waits = dict(routed(self.route, labels)) if self.route else {}
        return tuple(replace(one, group_wait_s=waits[one.receiver]) for one in self.receivers if one.receiver in waits)


def paging(
    text: str,
    own: Sequence[str] = (),
    pinned: Sequence[str] = (),
    *,
    lone: bool = False,
    read: Callable[[str], str] = lambda path: "",
) -> Paging:
    """Read a configuration; see `_paging`.

    Raises ValueError for what is no configuration of Alertmanager.
    """
    try:
        return _paging(text, own, pinned, lone, read)
    except (AttributeError, TypeError, RecursionError):
        raise ValueError("it is not written as Alertmanager's configuration is") from None


def _paging(text: str, own: Sequence[str], pinned: Sequence[str], lone: bool, read: Callable[[str], str]) -> Paging:
    """Read a configuration. `own` are names of the stack's services, `pinned` names whose address is fixed by its files; `lone`: on its
    own loopback nobody takes its pages; `read` gives what a file that it names holds, or ''.

    Raises ValueError for what is no configuration of Alertmanager.
    """
    data = load(text)
    if not isinstance(data, dict) or not isinstance(data.get("receivers"), list):
        raise ValueError("it has no list of receivers")
    as_text = load(text, as_text=True)
    ways = _ways(as_text.get("route") or {})
    seen: list[ReceiverSeen] = []
    hosts: dict[str, set[int]] = {}
    leaking: list[str] = []
    for receiver, written in zip(data["receivers"], as_text["receivers"], strict=True):
        name = str(written.get("name"))
        way = ways.get(name, _Way())
        for outlet in list(outlets(receiver, data.get("global") or {}, read)) or [Outlet()]:
            kind, url = outlet.kind, outlet.url
            why = _why_not(outlet, own, pinned)
            host, port = place(url)
            if outlet.file and not host:
                hosts |= {one: set() for one in usual(kind) if one not in (*hosts, *own, *pinned)}
            if host and not outlet.proxy and not fixed(host) and host not in own and host not in pinned:
                hosts.setdefault(host, set())
                if not why:
                    hosts[host].add(port)
            elif kind and why and (outlet.proxy or not (host in own or (lone and loopback(host)))):
                leaking.append(f"{name} ({kind}{f' to {host}' if host else ''}): {why}")
            seen.append(
                ReceiverSeen(
                    receiver=name,
                    kind=kind,
                    url=_shown(url),
                    observable=not why,
                    why=why,
                    group_wait_s=way.wait_s,
                    group_interval_s=way.interval_s,
                    time_intervals=way.time_intervals,
                    send_resolved=outlet.send_resolved,
                    asks=way.asks,
                    routed=name in ways,
                )
            )
    by_host = {host: tuple(sorted(ports)) for host, ports in hosts.items()}
    inhibits = tuple(_inhibits(as_text.get("inhibit_rules") or ()))
    return Paging(tuple(seen), by_host, tuple(leaking), as_text.get("route") or {}, inhibits)


def _inhibits(rules: Sequence[Mapping[str, Any]]) -> Iterator[InhibitSeen]:
    for rule in rules:
        try:
            sources, targets = (_asked_of(rule, side) for side in ("source", "target"))
        except ValueError:
            continue
        yield InhibitSeen(sources=sources, targets=targets, equal=tuple(rule.get("equal") or ()))


def _asked_of(rule: Mapping[str, Any], side: str) -> tuple[tuple[str, str, str], ...]:
    """What a rule asks of one side. Raises ValueError for what cannot be read, or held against a label."""
    found = tuple(matchers_of(rule, f"{side}_match", f"{side}_match_re", f"{side}_matchers"))
    for _, how, value in found:
        holds(how, "", value)
    return found


def _why_not(outlet: Outlet, own: Sequence[str], pinned: Sequence[str]) -> str:  # noqa: PLR0911 (one for each reason)
    """Why a mailbox in the stack could not read what goes there, and what would change that; '' when it can."""
    kind, url = outlet.kind, outlet.url
    host, _ = place(url)
    if not kind:
        return "it sends nothing"
    if outlet.proxy:
        return f"{outlet.proxy}; a webhook on http:// with an http_config without a proxy would be seen"
    if kind == "webhook" and outlet.token:
        return f"{outlet.token}; a webhook on http:// with an http_config without oauth2 would be seen"
    if outlet.file and not host:
        return f"its URL is in a file that is not here to be read ({outlet.file}); a webhook with a `url` on http:// would be seen"
    if kind != "webhook":
        return f"it is a receiver of the kind {kind}; a webhook on http:// would be seen"
    if not host:
        return "its URL cannot be read; a webhook with a `url` on http:// would be seen"
    if urlsplit(url).scheme != "http":
        return f"its URL is {urlsplit(url).scheme}://, whose certificate nobody here has; one on http:// would be seen"
    if host in own:
        return f"its URL points to {host}, a service of the stack, which receives it; a host outside would be seen"
    if host in pinned:
        return f"the stack's extra_hosts fix the address of {host}; without them it would be seen"
    if fixed(host):
        return f"its URL points to the address {host}; a host name would be seen"
    return ""


def _shown(url: str) -> str:
    """A URL without what may be secret in it: the host alone."""
    host, port = place(url)
    return f"{urlsplit(url).scheme}://{host}:{port}/…" if host else ""


@dataclass(frozen=True)
class _Way:
    """Of the routes that lead to a receiver: the least group_wait and group_interval, the time intervals of any, and what each asks of
    an alert's labels."""

    wait_s: float = GROUP_WAIT_S
    interval_s: float = GROUP_INTERVAL_S
    time_intervals: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


def _ways(route: Mapping[str, Any]) -> dict[str, _Way]:
    """By receiver. A child takes its parent's receiver and waits, and none of its time intervals."""
    found: dict[str, _Way] = {}

    def walk(node: Mapping[str, Any], receiver: str, wait_s: float, interval_s: float, asks: tuple[str, ...]) -> None:
        asks = (*asks, *asked(node))
        receiver = str(node.get("receiver") or receiver)
        wait_s = go_duration_s(node["group_wait"]) if "group_wait" in node else wait_s
        interval_s = go_duration_s(node["group_interval"]) if "group_interval" in node else interval_s
        named = [str(name) for key in ("mute_time_intervals", "active_time_intervals") for name in node.get(key) or ()]
        before = found.get(receiver, _Way(wait_s, interval_s))
        found[receiver] = _Way(
            min(before.wait_s, wait_s),
            min(before.interval_s, interval_s),
            tuple(dict.fromkeys((*before.time_intervals, *named))),
            tuple(dict.fromkeys((*before.asks, ", ".join(asks)))),
        )
        for child in node.get("routes") or ():
            walk(child or {}, receiver, wait_s, interval_s, asks)

    walk(route, "", GROUP_WAIT_S, GROUP_INTERVAL_S, ())
    return found
