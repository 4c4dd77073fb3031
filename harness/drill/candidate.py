"""`stack: {candidate: {SERVICE: IMAGE}}`: a release under test, from the start. What does not go together with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.faults.bad_release import BadRelease

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.drill.problem import Problem


def candidate_problems(drill: Drill) -> Iterator[Problem]:
    """A bad release that is the same image; a `restore` that may know another release than the candidate."""
    document = drill.origin.document
    releases = [fault for _, fault in drill.faults() if isinstance(fault, BadRelease)]
    for service, image in drill.stack.candidate.items():
        place = ("stack", "candidate", service)
        for fault in (fault for fault in releases if service in fault.targets):
            if fault.image == image and not fault.environment and not fault.variables:
                what = f"{image} is also the bad release of {service} ({fault.id}): deploying it would change nothing"
                yield document.problem(place, what)
            if fault.commands is not None:
                restore = " ".join(fault.commands.restore)
                what = f"{fault.id} is put back by `{restore}`, which has to put back {image}; it is told that as DRILL_GOOD_IMAGE"
                yield document.warning(place, what)
