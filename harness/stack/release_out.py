"""The release that is out, and what tells its containers from the good ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.errors import NotApplied
from harness.facts import Deployed, ReleaseSeen
from harness.stack.release_commands import Looks
from harness.stack.release_images import Change
from harness.stack.release_parts import Value, given_by, has, known_before, parts_of
from harness.world.docker_cli import inspected
from harness.world.handles import Release

Described = Mapping[str, Any]


@dataclass
class Out:
    """The release that is out: what tells good from bad, by service, as read before it was deployed (`looks`: by commands);
    `going`: it goes out now."""

    changes: Mapping[str, Change]
    bad_images: Mapping[str, str]
    good_images: Mapping[str, frozenset[str]]
    good_names: Mapping[str, str]
    good_parts: Mapping[str, Mapping[str, frozenset[Value]]] = field(default_factory=dict)
    holder: str = ""
    release: Release = field(default_factory=lambda: Release(()))
    looks: Looks | None = None
    going: bool = False
    out: bool = False
    over: bool = False

    def runs(self, service: str, container: Described) -> str:
        """good, bad or other."""
        if self.looks is not None:
            return self.looks.release(service, container)
        change, image = self.changes[service], str(container["Image"])
        if has(container, change) and image == self.bad_images.get(service, image):
            return "bad"
        good = self.good_parts[service]
        as_before = all(value in good[name] for name, value in parts_of(container, change).items())
        return "good" if as_before and self._good_image(service, container) else "other"

    def stayed(self, service: str, container: Described) -> tuple[str, ...]:
        """What it still has of the release, where it was taken back in part. A third image in the place of the release's is
        another release, and its variables are its own; what commands changed beside the release is not known part by part."""
        if self.looks is not None or self.runs(service, container) != "other":
            return ()
        kept = service in self.bad_images and not self._good_image(service, container)
        if kept and str(container["Image"]) != self.bad_images[service]:
            return ()
        change, before = self.changes[service], self.good_parts[service]
        mine = parts_of(container, change)
        left = [name for name, value in given_by(change).items() if mine[name] == value and value not in before[name]]
        return (*(["image"] if kept else []), *left)

    def _good_image(self, service: str, container: Described) -> bool:
        """By name too: a run beside this one, of a project of the same name, may have built the good image anew."""
        image = str(container["Image"])
        stated = str(container["Config"].get("Image") or "") == self.good_names.get(service)
        return image in self.good_images.get(service, ()) or (stated and image != self.bad_images.get(service))


def known(
    described: Callable[[str], Sequence[Described]],
    holder: str,
    changes: Mapping[str, Change],
    release: Release,
    stated: Mapping[str, Any],
) -> Out:
    """What tells the releases apart, read before anything is changed. Raises NotApplied when nothing does.

    stated   the services of the run's file
    """
    bad: dict[str, str] = {}
    good: dict[str, frozenset[str]] = {}
    names: dict[str, str] = {}
    parts: dict[str, Mapping[str, frozenset[Value]]] = {}
    for service, change in changes.items():
        if change.image:
            found = inspected("image", change.image)
            if not found:
                raise NotApplied(f"the image {change.image} is not here")
            bad[service] = str(found[0]["Id"])
        running = list(described(service))
        if not running:
            raise NotApplied(f"{service} has no container to be replaced")
        good[service] = frozenset(str(one["Image"]) for one in running)
        names[service] = str(running[0]["Config"].get("Image") or "")
        same = [one for one in running if bad.get(service, str(one["Image"])) == str(one["Image"])]
        if any(has(one, change) for one in same):
            raise NotApplied(f"{service} runs this release already: nothing would change")
        image = inspected("image", str(stated[service].get("image") or names[service]))
        parts[service] = known_before(running, change, stated[service], image[0].get("Config") or {} if image else {})
    return Out(changes, bad, good, names, parts, holder, release)


def deployed(
    out: Out, seen: Sequence[ReleaseSeen], by: str, *, left_off: bool, begun_s: float, at_s: float
) -> list[Deployed]:
    """What each service got. Of a deployment that left off, on how many of its containers; of a service that got nothing, nothing."""
    told = []
    for service in out.changes:
        mine, detail = [one for one in seen if one.service == service], ""
        if left_off:
            due, mine = out.release.most or len(mine), [one for one in mine if one.release == "bad"]
            if not mine:
                continue
            detail = f"left off after {len(mine)} of {due} containers" if len(mine) < due else ""
        image, count = mine[0].image if mine else "", len(mine)
        one = Deployed(service=service, image=image, by=by, replicas=count, begun_s=begun_s, happened_s=at_s)
        told.append(replace(one, detail=detail))
    return told


def unlike(wanted: str, out: Out, seen: Sequence[ReleaseSeen], most: int = 0) -> list[ReleaseSeen]:
    """Containers of the services that run something else; a service without any counts as one. With `most` so many are to
    run it, and the rest to be good."""
    empty = [name for name in out.changes if not any(one.service == name for one in seen)]
    absent = [ReleaseSeen(service=name, container=name, release="gone") for name in empty]
    wrong = [one for one in seen if one.release != wanted]
    if not most:
        return wrong + absent
    short = {n for n in out.changes if sum(s.service == n and s.release == wanted for s in seen) < most}
    return [one for one in wrong if one.service in short or one.release != "good"] + absent


def running(wrong: Sequence[ReleaseSeen]) -> str:
    return ", ".join(f"{seen.container} runs {seen.image or 'nothing'} ({seen.release})" for seen in wrong)


def decided(container: Described) -> bool:
    """Whether nothing more is to be awaited of it: healthy, unhealthy, without a health check but running, or ended."""
    state = container["State"]
    health = str((state.get("Health") or {}).get("Status", ""))
    if state.get("Status") in ("exited", "dead"):
        return True
    return bool(state.get("Running")) and health in ("", "none", "healthy", "unhealthy")


def name_of(container: Described) -> str:
    return str(container["Name"]).lstrip("/")
