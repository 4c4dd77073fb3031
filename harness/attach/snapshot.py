"""What a project was found to be, in a form that can be compared: its containers, its Toxiproxy's proxies, its silences. Pure.

What may be secret (environment, commands, whatever else Docker keeps of a container) stands in it as keyed hashes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

Hashed = Callable[[str], str]
Snapshot = dict[str, dict[str, Any]]
"""By a part's name ('container shop-web-1', 'proxy orders of toxiproxy'), what there is to say of it."""

BY_COMPOSE = ("com.docker.compose.replace",)
"""What Compose notes on a container only because it took the place of another."""
ANEW = ("id", "configuration", "labels", "settings")
"""What is another when a container was made anew by somebody's deployment."""
CONTAINER = "container "
ENDS = "ends"
HASH = "#"
"""What a keyed hash begins with."""


def containers(described: Sequence[Mapping[str, Any]], hashed: Hashed) -> Snapshot:
    """Every container by its name: which one it is, how it is, and all that it was made with."""
    return {f"{CONTAINER}{str(one['Name']).lstrip('/')}": dict(_container(one, hashed)) for one in described}


def proxies(place: str, told: Mapping[str, Mapping[str, Any]]) -> Snapshot:
    """What a Toxiproxy's API tells of its proxies, with their toxics."""
    return {
        f"proxy {name} of {place}": {
            "listens": str(one.get("listen")),
            "upstream": str(one.get("upstream")),
            "enabled": bool(one.get("enabled")),
            "toxics": sorted(_text(toxic) for toxic in one.get("toxics") or ()),
        }
        for name, one in told.items()
    }


def silences(place: str, told: Sequence[Mapping[str, Any]]) -> Snapshot:
    """The silences of an Alertmanager that are not over."""
    return {
        f"silence {one.get('id')} of {place}": {
            "matchers": sorted(_text(matcher) for matcher in one.get("matchers") or ()),
            ENDS: str(one.get("endsAt")),
        }
        for one in told
        if str((one.get("status") or {}).get("state")) != "expired"
    }


def differences(
    before: Snapshot, after: Snapshot, now: str, deployed: Collection[str] = (), over: Collection[str] = ()
) -> list[str]:
    """What is other than it was, a line each; [] when all is the same.

    now       as the places write a time (RFC 3339, UTC): a silence whose end has come may be gone
    deployed  services that the drill's own commands deployed: that their containers were made anew is no difference
    over      names of containers that have ended by themselves: how they are now is no difference
    """
    found = []
    for part, was in before.items():
        is_now = after.get(part)
        if is_now is None:
            expired = ENDS in was and str(was[ENDS]) <= now
            found += [] if expired else [f"{part} is not there any more"]
            continue
        free = (
            *(ANEW if was.get("service") in deployed else ()),
            *(("status",) if part[len(CONTAINER) :] in over else ()),
        )
        told = [
            _changed(word, was.get(word), is_now.get(word))
            for word in dict.fromkeys((*was, *is_now))
            if was.get(word) != is_now.get(word) and word not in free
        ]
        found += [f"{part}: {'; '.join(told)}"] if told else []
    return [*found, *(f"{part} was not there before" for part in after if part not in before)]


def _container(one: Mapping[str, Any], hashed: Hashed) -> Iterator[tuple[str, Any]]:
    config, host = dict(one.get("Config") or {}), dict(one.get("HostConfig") or {})
    id_ = str(one.get("Id"))
    labels = {name: value for name, value in (config.pop("Labels", None) or {}).items() if name not in BY_COMPOSE}
    yield "id", id_[:12]
    yield "service", str(labels.get("com.docker.compose.service", ""))
    yield "status", str((one.get("State") or {}).get("Status"))
    yield "image", str(one.get("Image"))
    yield "configuration", str(labels.get("com.docker.compose.config-hash", ""))
    yield "labels", hashed(_text(labels))
    yield "environment", hashed(_text(sorted(config.pop("Env", None) or ())))
    if config.get("Hostname") == id_[:12]:
        config.pop("Hostname")
    yield "settings", hashed(_text(config))
    yield "host settings", hashed(_text(host))
    yield "mounts", hashed(_text(sorted(_mount(mount) for mount in one.get("Mounts") or ())))
    networks = (one.get("NetworkSettings") or {}).get("Networks") or {}
    yield "networks", hashed(_text({name: _use(use, id_) for name, use in networks.items()}))


def _mount(mount: Mapping[str, Any]) -> str:
    return _text({key: mount.get(key) for key in ("Type", "Name", "Source", "Destination", "RW")})


def _use(use: Mapping[str, Any], id_: str) -> dict[str, Any]:
    """How it is on a network; without what Docker gives anew at each start."""
    aliases = sorted(one for one in use.get("Aliases") or () if one != id_[:12])
    return {"aliases": aliases, "fixed": use.get("IPAMConfig") or {}, "links": use.get("Links") or []}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _changed(word: str, was: Any, is_now: Any) -> str:
    """A hash says nothing to a person."""
    if str(was).startswith(HASH):
        return f"{word} changed"
    return f"{word} {_shown(was)} before, {_shown(is_now)} now"


def _shown(value: Any) -> str:
    return "none" if value in (None, "", []) else str(value)
