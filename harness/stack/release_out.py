"""The release that is out, and what tells its containers from the good ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.facts import ReleaseSeen
from harness.stack.release_commands import Looks
from harness.stack.release_images import Change
from harness.world.handles import Release

Described = Mapping[str, Any]


@dataclass
class Out:
    """The release that is out: what tells good from bad, by service, as read before it was deployed (`looks`: by commands)."""

    changes: Mapping[str, Change]
    bad_images: Mapping[str, str]
    good_images: Mapping[str, frozenset[str]]
    good_names: Mapping[str, str]
    holder: str = ""
    release: Release = field(default_factory=lambda: Release(()))
    looks: Looks | None = None
    out: bool = False
    over: bool = False

    def runs(self, service: str, container: Described) -> str:
        """good, bad or other."""
        if self.looks is not None:
            return self.looks.release(service, container)
        image = str(container["Image"])
        if has(container, self.changes[service]) and image == self.bad_images.get(service, image):
            return "bad"
        # By name too: a run beside this one, of a project of the same name, may have built the good image anew.
        stated = str(container["Config"].get("Image") or "") == self.good_names.get(service)
        return "good" if stated or image in self.good_images.get(service, ()) else "other"


def running(wrong: Sequence[ReleaseSeen]) -> str:
    return ", ".join(f"{seen.container} runs {seen.image or 'nothing'} ({seen.release})" for seen in wrong)


def decided(container: Described) -> bool:
    """Whether nothing more is to be awaited of it: healthy, unhealthy, without a health check but running, or ended."""
    state = container["State"]
    health = str((state.get("Health") or {}).get("Status", ""))
    if state.get("Status") in ("exited", "dead"):
        return True
    return bool(state.get("Running")) and health in ("", "none", "healthy", "unhealthy")


def has(container: Described, change: Change) -> bool:
    """Whether it has the variables and the command that the release gives."""
    given, config = environment_of(container), container["Config"]
    words = (("command", "Cmd"), ("entrypoint", "Entrypoint"))
    return all(given.get(name) == value for name, value in change.environment.items()) and all(
        list(config.get(docker) or ()) == change.settings[word] for word, docker in words if change.settings.get(word)
    )


def environment_of(container: Described) -> dict[str, str]:
    return dict(str(line).partition("=")[::2] for line in container["Config"].get("Env") or ())


def name_of(container: Described) -> str:
    return str(container["Name"]).lstrip("/")
