"""What Docker tells of a container, as facts: how it is and where, what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.facts import ContainerSeen, HeldSeen, MemorySeen
from harness.world.docker import container_name

MOST_PIDS = 1 << 22
"""The kernel's own most (PID_MAX_LIMIT, threads.h)."""
NOBODY: Mapping[str, dict[str, Any]] = {}


def name_of(data: dict[str, Any]) -> str:
    """A container's name, in the description of it."""
    return container_name(str(data["Name"]))


def container_seen(data: dict[str, Any], others: Mapping[str, dict[str, Any]] = NOBODY) -> ContainerSeen:
    """`others` by their id: one that runs in another's network is reached at that one's addresses."""
    state = data["State"]
    mode = str((data.get("HostConfig") or {}).get("NetworkMode") or "")
    owner = mode.removeprefix("container:") if mode.startswith("container:") else ""
    return ContainerSeen(
        service=str((data["Config"].get("Labels") or {}).get("com.docker.compose.service", "")),
        container=name_of(data),
        status=str(state["Status"]),
        health=str((state.get("Health") or {}).get("Status", "")),
        exit_code=int(state.get("ExitCode") or 0),
        oom_killed=bool(state.get("OOMKilled")),
        restarts=int(data.get("RestartCount") or 0),
        started_at=str(state.get("StartedAt", "")),
        image=str(data["Config"].get("Image", "")),
        image_id=str(data.get("Image", "")),
        addresses=_addresses(_networks(others.get(owner, data))),
        names=_names(data),
        network_of=name_of(others[owner]) if owner in others else owner[:12],
        program=_program([str(data.get("Path") or ""), *map(str, data.get("Args") or ())]),
    )


def memory_seen(service: str, container: str, stats: dict[str, Any], machine_bytes: int) -> MemorySeen | None:
    """Usage less file pages, active ones too (`docker stats` leaves them in): the kernel drops both before it kills. None: ended just now."""
    memory = stats.get("memory_stats") or {}
    if "usage" not in memory:
        return None
    kinds = memory.get("stats") or {}
    droppable = sum(int(kinds.get(f"total_{kind}", kinds.get(kind, 0))) for kind in ("inactive_file", "active_file"))
    used, limit = int(memory["usage"]), int(memory.get("limit") or 0)
    own = limit if 0 < limit < (machine_bytes or limit + 1) else None
    return MemorySeen(
        service=service, container=container, used_bytes=used - droppable if droppable < used else used, limit_bytes=own
    )


def threads_seen(service: str, container: str, stats: dict[str, Any]) -> HeldSeen | None:
    """The pids cgroup counts threads, in spite of its name. Its `max` is told as 0 or as 2^64 - 1. None: ended just now."""
    seen = stats.get("pids_stats") or {}
    if not seen.get("current"):
        return None
    limit = int(seen.get("limit") or 0)
    return HeldSeen(
        service=service,
        container=container,
        of="threads",
        count=int(seen["current"]),
        limit=limit if 0 < limit <= MOST_PIDS else None,
    )


_SHELLS = frozenset(("sh", "ash", "bash", "dash", "env"))
_INITS = frozenset(("tini", "dumb-init", "docker-init", "catatonit"))


def _program(words: Sequence[str]) -> str:
    """The first word, or the first behind an init and the entry script of an official image, which ends in `exec "$@"`."""
    for place, word in enumerate(words):
        name = word.rpartition("/")[2]
        if name in _INITS or name == "docker-entrypoint.sh" or (word == "--" and place):
            continue
        return "" if name in _SHELLS or name.endswith(".sh") or word.startswith("-") else name
    return ""


_NAMES = ("Aliases", "DNSNames")
"""Where Docker's description of a container on a network holds its names; the second since Engine 25."""


def _names(data: dict[str, Any]) -> tuple[str, ...]:
    """Each once, sorted."""
    aliases = (str(one) for use in _networks(data).values() for key in _NAMES for one in use.get(key) or ())
    return tuple(sorted({str(data["Config"].get("Hostname") or ""), *aliases} - {""}))


def _networks(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return (data.get("NetworkSettings") or {}).get("Networks") or {}


def _addresses(networks: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """By network; without those on which it has none (now)."""
    told = {
        network: " ".join(str(use[key]) for key in ("IPAddress", "GlobalIPv6Address") if use.get(key))
        for network, use in networks.items()
    }
    return {network: addresses for network, addresses in told.items() if addresses}
