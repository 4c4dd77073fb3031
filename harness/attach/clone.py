"""A container that takes the place of another for a while: made with all that the other was made with, but for where names lead. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from harness.stack.changes.identity import RUN_LABEL

GIVEN = ("Aliases", "IPAMConfig", "Links", "DriverOpts")
"""Of how a container is on a network: what it was given; the rest Docker chose, and chooses again."""


def clone(
    one: Mapping[str, Any], hosts: Mapping[str, str], run: str
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The body of Docker's `POST /containers/create`, from the other's `docker inspect`; and the networks that it is then connected to,
    for a Docker older than 25 takes only one with the body.

    hosts   the addresses to which these names lead it; its other entries stay

    Its image is the very same, by its id. Volumes are shared, nameless ones too. It bears the run's label, by which it goes again.
    """
    id_ = str(one["Id"])
    body = copy.deepcopy(dict(one.get("Config") or {}))
    if body.get("Hostname") == id_[:12]:
        body.pop("Hostname")
    body.pop("MacAddress", None)
    body["Image"] = str(one["Image"])
    body["Labels"] = {**(body.get("Labels") or {}), RUN_LABEL: run}
    host = copy.deepcopy(dict(one.get("HostConfig") or {}))
    kept = [line for line in host.get("ExtraHosts") or () if _name(str(line)) not in hosts]
    host["ExtraHosts"] = [*kept, *(f"{name}:{address}" for name, address in hosts.items())]
    host["Binds"] = [_with_its_volume(str(bind), one) for bind in host.get("Binds") or ()] or None
    host["Mounts"] = _mounts(one, host)
    networks = (one.get("NetworkSettings") or {}).get("Networks") or {}
    uses = {str(name): _use(use, id_) for name, use in networks.items()}
    first = str(host.get("NetworkMode")) if str(host.get("NetworkMode")) in uses else next(iter(uses), "")
    body["HostConfig"] = host
    body["NetworkingConfig"] = {"EndpointsConfig": {first: uses.pop(first)} if first else {}}
    return body, uses


def _name(entry: str) -> str:
    """The name of an entry such as 'db:10.0.0.2' or 'db=fd00::2'."""
    return entry.partition("=" if "=" in entry else ":")[0]


def _mounts(one: Mapping[str, Any], host: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those it was made with; a volume without a name is the other's own."""
    named = {str(mount.get("Destination")): str(mount.get("Name")) for mount in _volumes(one)}
    bound = {_target(str(bind)) for bind in host.get("Binds") or ()}
    stated = []
    for mount in host.get("Mounts") or ():
        nameless = mount.get("Type") == "volume" and not mount.get("Source")
        name = named.get(str(mount.get("Target")), "")
        stated.append({**mount, "Source": name} if nameless and name else mount)
    known = bound | {str(mount.get("Target")) for mount in stated}
    of_image = [(target, name) for target, name in named.items() if target not in known]
    return [*stated, *({"Type": "volume", "Source": name, "Target": target} for target, name in of_image)]


def _with_its_volume(bind: str, one: Mapping[str, Any]) -> str:
    """A bind that names no source is a nameless volume: the other's own."""
    names = {str(mount.get("Destination")): str(mount.get("Name")) for mount in _volumes(one)}
    return f"{names[bind]}:{bind}" if bind in names else bind


def _volumes(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [mount for mount in one.get("Mounts") or () if mount.get("Type") == "volume" and mount.get("Name")]


def _target(bind: str) -> str:
    """Where 'source:target:mode' is seen in the container."""
    parts = bind.split(":")
    return parts[1] if len(parts) > 1 else parts[0]


def _use(use: Mapping[str, Any], id_: str) -> dict[str, Any]:
    given = {key: use[key] for key in GIVEN if use.get(key)}
    if "Aliases" in given:
        given["Aliases"] = [alias for alias in given["Aliases"] if alias != id_[:12]]
    return given
