"""What a rehearsal cannot make private, found before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import Missing
from harness.stack import names as topology
from harness.stack.binds import binds, uncopied


def refused(config: topology.Config, shared: Sequence[Path] = ()) -> tuple[Missing, ...]:
    """All of it: what reaches outside, and mounts that can be neither copied nor left alone."""
    return (*reaching_outside(config), *uncopied(binds(config), shared))


def reaching_outside(config: topology.Config) -> tuple[Missing, ...]:
    """Settings that reach into containers outside of the project: a rehearsal could change what is not its own."""
    found = []
    for name, body in topology.services(config).items():
        if body.get("external_links"):
            linked = ", ".join(map(str, body["external_links"]))
            found.append(
                Missing(
                    f"services.{name}.external_links names containers outside of the project: {linked}",
                    "put them into the project, or leave the links out in an override file",
                )
            )
        for word in ("network_mode", "pid", "ipc"):
            given = str(body.get(word) or "")
            if given.startswith("container:") and given.removeprefix("container:") not in topology.fixed(config):
                found.append(
                    Missing(
                        f"services.{name}.{word} joins a container outside of the project: {given}",
                        f"put that container into the project and write `{word}: service:NAME`, in an override file",
                    )
                )
        for source in body.get("volumes_from") or ():
            if str(source).startswith("container:") and str(source).split(":")[1] not in topology.fixed(config):
                found.append(
                    Missing(
                        f"services.{name}.volumes_from uses a container outside of the project: {source}",
                        "mount the data by itself, in an override file",
                    )
                )
    return tuple(found)
