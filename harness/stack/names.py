"""Who can reach whom, and under which names: network namespaces, networks and names of a resolved Compose file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Config = Mapping[str, Any]

BRIDGES = ("", "bridge", "default")
"""Network drivers on which one container can hold several addresses; macvlan, ipvlan and overlay are not ours to
change."""


def services(config: Config) -> dict[str, dict[str, Any]]:
    return {name: body or {} for name, body in (config.get("services") or {}).items()}


def network_mode(config: Config, service: str) -> str:
    """Its `network_mode`; `container:NAME` of a container of this very project is what it means, `service:x`."""
    mode = str(services(config).get(service, {}).get("network_mode") or "")
    if mode.startswith("container:"):
        own = fixed(config).get(mode.removeprefix("container:"))
        return f"service:{own}" if own else mode
    return mode


def fixed(config: Config) -> dict[str, str]:
    """Services by their fixed container name."""
    return {str(body["container_name"]): name for name, body in services(config).items() if body.get("container_name")}


def owner(config: Config, service: str) -> str:
    """The service whose network namespace it runs in: itself, or x with `network_mode: service:x`."""
    seen = {service}
    while True:
        mode = network_mode(config, service)
        target = mode.removeprefix("service:")
        if target == mode or target in seen or target not in services(config):
            return service
        seen.add(target)
        service = target


def sharers(config: Config, service: str) -> tuple[str, ...]:
    """Services that run in its network namespace, beside itself."""
    return tuple(other for other in services(config) if other != service and owner(config, other) == service)


def outside(config: Config, service: str) -> str:
    """Why the namespace of a service is not on networks of the project, or ''."""
    mode = network_mode(config, owner(config, service))
    if mode in ("host", "none"):
        return f"{service} has network_mode: {mode}"
    if mode.startswith("container:"):
        return f"{service} runs in the network of a container outside of the project ({mode})"
    if mode in ("bridge", "default"):
        return f"{service} has network_mode: {mode}, where Docker resolves no names"
    return ""


def networks(config: Config, service: str) -> dict[str, dict[str, Any]]:
    """The networks it is on, by their key in the file, with its settings there; {} outside of the project's
    networks."""
    if outside(config, service):
        return {}
    given = services(config).get(owner(config, service), {}).get("networks")
    if not given:
        return {"default": {}}
    if isinstance(given, list):
        return {key: {} for key in given}
    return {key: value or {} for key, value in given.items()}


def shared(config: Config, one: str, other: str) -> tuple[str, ...]:
    """Networks that both are on, in the order of the first."""
    theirs = networks(config, other)
    return tuple(key for key in networks(config, one) if key in theirs)


def bridged(config: Config, network: str) -> bool:
    """Whether the network is one on which we can place addresses."""
    body = (config.get("networks") or {}).get(network) or {}
    if body.get("external"):
        return body.get("name") not in ("host", "none", "bridge")
    ipam = (body.get("ipam") or {}).get("driver") or ""
    return (body.get("driver") or "") in BRIDGES and ipam in ("", "default")


def internal(config: Config, network: str) -> bool:
    return bool(((config.get("networks") or {}).get(network) or {}).get("internal"))


def links(config: Config, service: str) -> dict[str, tuple[str, ...]]:
    """The names that `links:` gives to other services: {'db': ('database',)}."""
    found: dict[str, tuple[str, ...]] = {}
    for link in services(config).get(service, {}).get("links") or ():
        target, _, alias = str(link).partition(":")
        found[target] = (*found.get(target, ()), alias or target)
    return found


def names(
    config: Config, caller: str, dependency: str, borne: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[str, ...]:
    """Every name under which the caller can know the dependency: service, container, host, aliases, links. One by which another
    answers the caller, alone or beside it, is none of them.

    borne   the caller's `bearers`, where many dependencies are asked for
    """
    body = services(config).get(dependency, {})
    found = [dependency]
    found += [str(body[key]) for key in ("container_name", "hostname") if body.get(key)]
    there = networks(config, dependency)
    for network in shared(config, caller, dependency):
        found += [str(alias) for alias in there[network].get("aliases") or ()]
    found += links(config, caller).get(dependency, ())
    borne = bearers(config, caller) if borne is None else borne
    return tuple(dict.fromkeys(name for name in found if borne.get(name, (dependency,)) == (dependency,)))


def generated(config: Config, service: str) -> tuple[str, ...]:
    """The names that Compose makes for its containers, `shop-api-1` (`shop_api_1` in its compatibility mode): in a run, which is
    a project of another name, they are others."""
    project, body = config.get("name"), services(config).get(service, {})
    if not project or body.get("container_name") or owner(config, service) != service:
        return ()
    numbers = range(1, replicas(config, service) + 1)
    return tuple(f"{project}{by}{service}{by}{number}" for by in "-_" for number in numbers)


def qualified(config: Config, caller: str) -> dict[str, str]:
    """Services by Docker's own names of them on the networks that the caller is on, `db.shop_default`, where one alone bears the
    name; in a run the networks have other names."""
    return {
        f"{name}.{_real_name(config, network)}": service
        for (name, network), who in _borne(config, caller, containers=True).items()
        for service in who
        if len(who) == 1 and service != owner(config, caller)
    }


def _real_name(config: Config, network: str) -> str:
    return str(((config.get("networks") or {}).get(network) or {}).get("name") or f"{config.get('name')}_{network}")


def bearers(config: Config, caller: str) -> dict[str, tuple[str, ...]]:
    """Who answers the caller by which name, as Docker resolves it: over the networks that both are on, a link before all else.

    Of a name that it bears alone on a network, it means another's by it, on another network: a pooler calls its database so.
    """
    found: dict[str, set[str]] = {}
    for (name, _), who in _borne(config, caller).items():
        if who != {owner(config, caller)}:
            found.setdefault(name, set()).update(who)
    linked = {alias: (target,) for target, aliases in links(config, caller).items() for alias in aliases}
    return {name: tuple(sorted(who)) for name, who in found.items()} | linked


def _borne(config: Config, caller: str, *, containers: bool = False) -> dict[tuple[str, str], set[str]]:
    """Who bears which name on each network of the caller's; with `containers`, the names that Compose makes for them too."""
    on: dict[tuple[str, str], set[str]] = {}
    mine = networks(config, caller)
    for service, body in services(config).items():
        if owner(config, service) != service:
            continue
        given = [service, *(str(body[key]) for key in ("container_name", "hostname") if body.get(key))]
        given += generated(config, service) if containers else ()
        for network, use in networks(config, service).items():
            if network in mine:
                for name in (*given, *(str(alias) for alias in use.get("aliases") or ())):
                    on.setdefault((name, network), set()).add(service)
    return on


def spread(config: Config, caller: str) -> dict[str, tuple[str, ...]]:
    """Names by which several services answer the caller, so that Docker spreads its connections over them."""
    return {name: who for name, who in bearers(config, caller).items() if len(who) > 1}


def replicas(config: Config, service: str) -> int:
    """How many containers the file asks for."""
    body = services(config).get(service, {})
    given = body.get("scale")
    if given is None:
        given = (body.get("deploy") or {}).get("replicas")
    return 1 if given is None else int(given)


def ports(config: Config, service: str, protocol: str = "tcp") -> tuple[int, ...]:
    """Container ports that the file names: `ports:` and `expose:`."""
    body = services(config).get(service, {})
    found: set[int] = set()
    for port in body.get("ports") or ():
        if (port.get("protocol") or "tcp") == protocol:
            found.add(int(port["target"]))
    for text in body.get("expose") or ():
        found |= set(span(str(text), protocol))
    return tuple(sorted(found))


def span(text: str, protocol: str = "tcp") -> tuple[int, ...]:
    """'8080', '53/udp' or '9000-9002/tcp' as ports of that protocol."""
    number, _, kind = text.partition("/")
    if (kind or "tcp") != protocol:
        return ()
    first, _, last = number.partition("-")
    if not first.isdigit() or (last and not last.isdigit()):
        return ()
    return tuple(range(int(first), int(last or first) + 1))


def pinned_hosts(body: Mapping[str, Any]) -> dict[str, str]:
    """A service's `extra_hosts` as {name: address}; Compose prints them as a list or as a map."""
    given = body.get("extra_hosts") or ()
    pairs: list[tuple[str, str]] = []
    if isinstance(given, Mapping):
        for name, value in given.items():
            pairs += [(name, str(one)) for one in (value if isinstance(value, list) else [value])]
    else:
        for line in given:
            name, _, value = str(line).partition("=") if "=" in str(line) else str(line).partition(":")
            pairs.append((name, value))
    hosts: dict[str, str] = {}
    for name, value in pairs:
        hosts.setdefault(name, value)
    return hosts
