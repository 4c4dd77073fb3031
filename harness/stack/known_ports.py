"""TCP ports of a service that are known before anything runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from harness.stack import names as topology
from harness.stack.mentions import loopback_ports
from harness.stack.speaks import PORTS, guess
from harness.stack.texts import ImageInfo, Text


def known_ports(config: topology.Config, service: str, images: Mapping[str, ImageInfo]) -> tuple[int, ...]:
    """TCP ports that are known before anything runs: the file's, the image's EXPOSE, the healthcheck's, a well-known
    image's."""
    every = (service, *topology.sharers(config, service))
    found = {port for one in every for port in topology.ports(config, one)}
    for one in every:
        for text in images[one].exposed if one in images else ():
            found |= set(topology.span(text))
        test = (topology.services(config)[one].get("healthcheck") or {}).get("test") or ()
        found |= set(loopback_ports(Text("command", "healthcheck", " ".join(str(part) for part in test))))
    if not found:
        protocol = guess((), str(topology.services(config)[service].get("image") or ""), ())
        found |= {PORTS[protocol]} if protocol else set()
    return tuple(sorted(found))
