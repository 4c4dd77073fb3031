"""Whether a started project is ready: healthchecks healthy, the rest running, one-shots ended with 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LOOP = 3
"""From so many restarts on, a container that does not stay up is called a restart loop."""

MOST_PRINTED = 500
"""Characters of a health check's output; Docker keeps 4096."""


@dataclass(frozen=True)
class State:
    """One container as Docker describes it.

    checked   what the last health check of one that is not healthy did, in words: its exit code and what it printed
    """

    service: str
    container: str
    status: str
    health: str = ""
    exit_code: int = 0
    restarts: int = 0
    restarting: bool = False
    policy: str = ""
    oom_killed: bool = False
    checked: str = ""

    @property
    def ended_badly(self) -> bool:
        """Ended with an error and Docker will not start it again."""
        return self.status in ("exited", "dead") and self.exit_code != 0 and self.policy in ("", "no")

    @property
    def waits(self) -> str:
        """What is still waited for, in words; '' when it is ready."""
        if self.status == "running":
            if self.health in ("", "none", "healthy"):
                return ""
            return f"{self.service} is running, its healthcheck says {self.health}"
        if self.status == "exited" and self.exit_code == 0 and self.policy not in ("always", "unless-stopped"):
            return ""  # a one-shot that did its work
        again = f", restarted {self.restarts} times" if self.restarts else ""
        code = f", exit code {self.exit_code}" if self.status in ("exited", "restarting", "dead") else ""
        return f"{self.service} is {self.status}{code}{again}" + (
            ", killed for lack of memory" if self.oom_killed else ""
        )


def state_of(inspected: dict[str, Any]) -> State:
    """From `docker inspect`."""
    state, config = inspected.get("State") or {}, inspected.get("Config") or {}
    return State(
        service=str((config.get("Labels") or {}).get("com.docker.compose.service", "")),
        container=str(inspected.get("Id", "")),
        status=str(state.get("Status", "")),
        health=str((state.get("Health") or {}).get("Status", "")),
        exit_code=int(state.get("ExitCode") or 0),
        restarts=int(inspected.get("RestartCount") or 0),
        restarting=bool(state.get("Restarting")),
        policy=str(((inspected.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name", "")),
        oom_killed=bool(state.get("OOMKilled")),
        checked=_checked(state.get("Health") or {}),
    )


def _checked(health: dict[str, Any]) -> str:
    """How the last health check ended, and the end of what it printed; '' without one, or where it is well."""
    looks = health.get("Log") or []
    if health.get("Status") in ("healthy", "none") or not looks or not looks[-1].get("ExitCode"):
        return ""
    printed = " / ".join(str(looks[-1].get("Output") or "").split("\n")).strip(" /")
    return f"ended with {looks[-1]['ExitCode']}{f': {printed[-MOST_PRINTED:]}' if printed else ' and printed nothing'}"


def not_ready(states: Sequence[State], services: Sequence[str]) -> tuple[str, ...]:
    """What is still waited for; () when every service is ready. A service without a container waits to be created."""
    there = {state.service for state in states}
    missing = [f"{name} is not created yet" for name in services if name not in there]
    return (*missing, *(state.waits for state in states if state.waits))


def culprits(states: Sequence[State]) -> tuple[State, ...]:
    """Containers to name when a start failed: those that ended badly, else loops, else the unhealthy, else what is
    not ready."""
    for group in (
        [s for s in states if s.status in ("exited", "dead", "restarting") and (s.exit_code != 0 or s.oom_killed)],
        [s for s in states if s.restarts >= LOOP],
        [s for s in states if s.health == "unhealthy"],
        [s for s in states if s.waits and s.status != "created"],
    ):
        if group:
            return tuple(group)
    return ()
