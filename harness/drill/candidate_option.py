"""`--candidate IMAGE`: the release under test stands in the stack from its start, and is what every rollback goes back to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.drill.model import Drill
from harness.drill.override import put
from harness.drill.parse import build
from harness.drill.problem import Invalid, Problem
from harness.faults.bad_release import BadRelease

OPTION = "--candidate"
_IMAGE = re.compile(r"[a-z0-9][\w./:-]*(@[a-z0-9]+:[0-9a-f]+)?")
"""About what Docker takes; `docker pull` has the last word. No image has a '=' in its name."""


def with_candidates(drill: Drill, texts: Sequence[str]) -> Drill:
    """The drill with each IMAGE, or SERVICE=IMAGE, as the release under test. Raises Invalid with everything that is wrong.

    An IMAGE alone is for the services of the drill's bad release, which are those whose releases it is about; without a bad
    release for the service that the load goes to.
    """
    if not texts:
        return drill
    wanted: dict[str, tuple[str, str]] = {}
    wrong: list[Problem] = []
    for text in texts:
        label = f"{OPTION} {text}"
        service, equals, image = text.rpartition("=")
        if not _IMAGE.fullmatch(image) or (equals and not service):
            wrong.append(Problem(label, 0, 0, "write IMAGE or SERVICE=IMAGE, such as registry.example/shop:1.4.2"))
            continue
        services = (service,) if equals else _meant(drill)
        if not services:
            wrong.append(Problem(label, 0, 0, f"which service? Write {OPTION} SERVICE={image}: {_several(drill)}"))
        for name in services:
            if name in wanted:
                wrong.append(Problem(label, 0, 0, f"the service {name} has a candidate already, {wanted[name][0]}"))
            wanted[name] = (image, label)
    if wrong:
        raise Invalid(wrong)
    document = drill.origin.document
    for name, (image, label) in wanted.items():
        document = put(document, ("stack", "candidate", name), image, label)
    given = tuple(f"{OPTION} {name}={image}" for name, (image, _) in wanted.items())
    document = replace(document, given=(*document.given, *given))
    return build(document, drill.origin.base, stem=Path(document.file).stem)


def _meant(drill: Drill) -> tuple[str, ...]:
    """The services that an image alone is for; () where that is not clear."""
    about = _released(drill)
    if not about:
        return (drill.load.against.service,)
    return about[0] if len(about) == 1 else ()


def _released(drill: Drill) -> list[tuple[str, ...]]:
    """The services of each bad release, each set of them once."""
    found = {frozenset(fault.targets): fault.targets for _, fault in drill.faults() if isinstance(fault, BadRelease)}
    return list(found.values())


def _several(drill: Drill) -> str:
    told = " and ".join(", ".join(services) for services in _released(drill))
    return f"the drill deploys bad releases of {told}"
