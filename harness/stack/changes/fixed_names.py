"""Fixed names are dropped: a container name, a network's name or a bridge's interface can exist once on a machine."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from harness.edges import Edge
from harness.stack import names as topology

_INTERFACE = "com.docker.network.bridge.name"


def fixed_names(config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Drop them; a container's name stays resolvable, as an alias on each of its networks."""
    new, lines = copy.deepcopy(config), []
    lines += _by_service(new)
    for name, body in (new.get("services") or {}).items():
        fixed = body.pop("container_name", None)
        if fixed:
            _add_alias(new, name, str(fixed))
            lines.append(f"services.{name}.container_name: {fixed} dropped, kept as an alias")
    for key, network in (new.get("networks") or {}).items():
        if not network or network.get("external"):
            continue
        given = network.pop("name", None)
        if given and given != f"{config.get('name')}_{key}":
            lines.append(f"networks.{key}.name: {given} dropped")
        options = network.get("driver_opts") or {}
        if _INTERFACE in options:
            lines.append(f"networks.{key}.driver_opts: the fixed interface name {options.pop(_INTERFACE)} dropped")
    return new, lines


def generated_names(config: dict[str, Any], edges: Sequence[Edge]) -> tuple[dict[str, Any], list[str]]:
    """The names that Compose made for containers (`shop-api-1`), and Docker's own on a network (`api.shop_default`), stay resolvable
    where a caller's texts hold them."""
    new, lines = copy.deepcopy(config), []
    written = {(edge.dependency, name): edge.caller for edge in edges for name in edge.names}
    for (service, name), caller in written.items():
        made = name in topology.generated(config, service) or topology.qualified(config, caller).get(name) == service
        if made and not topology.outside(config, service):
            _add_alias(new, service, name)
            lines.append(f"services.{service}.networks: alias {name}, by which others know its container")
    return new, lines


def _by_service(config: dict[str, Any]) -> list[str]:
    """What names a container of the project by its fixed name names the service instead."""
    lines = []
    own = topology.fixed(config)
    for name, body in (config.get("services") or {}).items():
        for word in ("network_mode", "pid", "ipc"):
            given = str(body.get(word) or "")
            if given.startswith("container:") and given[10:] in own:
                body[word] = f"service:{own[given[10:]]}"
                lines.append(f"services.{name}.{word}: {given} → {body[word]}")
        sources = [str(source) for source in body.get("volumes_from") or ()]
        for at, source in enumerate(sources):
            container, _, mode = source.removeprefix("container:").partition(":")
            if source.startswith("container:") and container in own:
                body["volumes_from"][at] = own[container] + (f":{mode}" if mode else "")
                lines.append(f"services.{name}.volumes_from: {source} → {body['volumes_from'][at]}")
    return lines


def _add_alias(config: dict[str, Any], service: str, alias: str) -> None:
    body = config["services"][service]
    if topology.outside(config, service) or topology.owner(config, service) != service:
        return  # without networks of its own the name was never resolvable
    uses = topology.networks(config, service)
    body["networks"] = {key: add_alias(use, alias) for key, use in uses.items()}


def add_alias(use: dict[str, Any], alias: str) -> dict[str, Any]:
    """A service's settings on one network, with one alias more."""
    return {**use, "aliases": list(dict.fromkeys([*(use.get("aliases") or ()), alias]))}
