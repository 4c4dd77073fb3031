"""Requests that a drill's gate and claims name and its locustfile never makes; told where the locustfile's text tells them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from harness.drill.problem import Problem, did_you_mean
from harness.expectations import EXPECTATIONS

if TYPE_CHECKING:
    from harness.drill.model import Drill


def unmade(drill: Drill) -> Iterator[Problem]:
    """A gate on such a request never holds; a claim on one, a warning, finds nothing to judge. Words of the user's own parts may mean
    something else."""
    called = drill.origin.endpoints
    if called is None:
        return
    for number, condition in enumerate(drill.steady.all):
        name = getattr(condition, "request", "")
        if name and name not in called:
            what = f"{condition}: {_never(name, called)}, so the gate could never hold"
            yield drill.origin.document.problem(("steady", "all", number), what)
    for _, _, claim in drill.claims():
        if not isinstance(claim, EXPECTATIONS):
            continue
        name = getattr(claim, "request", "")
        wrong = [("request", name)] if name and name not in called else []
        patterns = getattr(claim, "requests", ())
        wrong += [("requests", one) for one in patterns if not any(fnmatchcase(made, one) for made in called)]
        for word, name in wrong:
            what = f"{claim.id}: {_never(name, called)}, so there could be nothing to judge"
            yield replace(drill.problem(claim.id, what, word), severity="warning")


def _never(name: str, called: tuple[str, ...]) -> str:
    near = did_you_mean(name, called) or f"; it has {', '.join(called)}"
    return f"the locustfile makes no request {name!r}{near}"
