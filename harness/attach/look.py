"""A running project as it is now: its containers, what its Toxiproxy holds, its Alertmanager's silences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from harness.attach.addresses import HERE, Described, address_of
from harness.attach.found import UP, listed, service_of
from harness.attach.snapshot import Snapshot, containers, proxies, silences
from harness.errors import CannotRun, NotApplied, UsageError
from harness.world.jsonapi import JsonApi

TOXIPROXY, ALERTMANAGER = "toxiproxy", "alertmanager"
API_PORT = 8474
"""Where Toxiproxy's API listens, unless it is told otherwise (toxiproxy cmd/server)."""


def snapshot(project: str, places: Mapping[str, str], key: str, machine: str = HERE) -> Snapshot:
    """
    places   'service:port' of a Toxiproxy and an Alertmanager, by these words; a path may follow the port
    key      by which values are hashed: the same for both ends of a run

    Raises CannotRun for what cannot be read.
    """

    def hashed(text: str) -> str:
        return f"#{blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=8, key=key.encode()).hexdigest()}"

    found = listed(project)
    seen = containers(found, hashed)
    for what, place in places.items():
        seen |= _held(what, place, found, machine)
    return seen


def toxiproxies(found: tuple[Described, ...]) -> Iterator[str]:
    """'service:port' of what runs as Toxiproxy, by its image's name or its command."""
    for one in found:
        config = one.get("Config") or {}
        image = str(config.get("Image") or "").rpartition("/")[2]
        words = [str(word) for word in (*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()))]
        if one["State"]["Status"] in UP and any("toxiproxy" in text for text in (image, *words[:2])):
            told = next((told for word, told in _options(words) if word.lstrip("-") == "port"), "")
            yield f"{service_of(one)}:{told if told.isdigit() else API_PORT}"


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Options with their values, as Go's flags read them: -port=1, --port=1, -port 1."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if word.startswith("-"):
            yield name, value if equals else following


def proxies_of(found: tuple[Described, ...], api: str, machine: str = HERE) -> dict[str, dict[str, Any]]:
    """What `GET /proxies` of a Toxiproxy ('service:port') tells; {} where it does not answer as one."""
    service, _, port = api.rpartition(":")
    mine = [one for one in found if service_of(one) == service and one["State"]["Status"] in UP]
    try:
        told = JsonApi(service, address_of(mine, service, int(port), machine)).get("/proxies")
    except (NotApplied, UsageError):
        return {}
    return {str(name): one for name, one in told.items() if isinstance(one, dict)} if isinstance(told, dict) else {}


def _held(what: str, place: str, found: tuple[Described, ...], machine: str) -> Snapshot:
    service, _, rest = place.partition(":")
    port, slash, path = rest.partition("/")
    mine = [one for one in found if service_of(one) == service and one["State"]["Status"] in UP]
    try:
        api = JsonApi(service, address_of(mine, service, int(port), machine), slash + path)
        if what == TOXIPROXY:
            return proxies(service, api.get("/proxies") or {})
        return silences(service, api.get("/api/v2/silences") or [])
    except (NotApplied, UsageError) as error:
        raise CannotRun(str(error)) from error
    except (AttributeError, TypeError, ValueError) as error:
        raise CannotRun(f"{service} did not answer as {what} does: {error}") from error
