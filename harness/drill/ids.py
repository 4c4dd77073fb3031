"""An id for each fault and each expectation: its own, or `phase/word-about`; the second of its kind gets '#2'."""

from __future__ import annotations

from typing import Any

from harness.drill.document import Path_
from harness.drill.model import WHOLE_RUN, Drill, Phase
from harness.expectations.base import Expectation
from harness.faults.base import Fault


class _Names:
    """Hands out ids, each once."""

    def __init__(self) -> None:
        self.paths: dict[str, Path_] = {}

    def take(self, wanted: str, path: Path_) -> str:
        id_, count = wanted, 1
        while id_ in self.paths:
            count += 1
            id_ = f"{wanted}#{count}"
        self.paths[id_] = path
        return id_


def named(drill: Drill) -> tuple[Drill, dict[str, Path_]]:
    """The drill with an id on everything that can be pointed at, and the path of each in the document."""
    names = _Names()

    def fault(item: Fault, phase: str, path: Path_) -> Fault:
        id_ = names.take(item.id or f"{phase}/{item.word}-{item.target}", (*path, item.word))
        return item.model_copy(update={"id": id_})

    def claims(items: tuple[Expectation, ...], phase: str, path: Path_) -> tuple[Expectation, ...]:
        made = []
        for number, item in enumerate(items):
            about = f"-{item.about()}" if item.about() else ""
            id_ = names.take(item.id or f"{phase}/{item.word}{about}", (*path, number, item.word))
            made.append(item.model_copy(update={"id": id_}))
        return tuple(made)

    def phase(number: int, item: Phase) -> Phase:
        here: Path_ = ("phases", number)
        update: dict[str, Any] = {
            "faults": tuple(fault(f, item.name, (*here, "faults", n)) for n, f in enumerate(item.faults)),
            "expect": claims(item.expect, item.name, (*here, "expect")),
            "then": claims(item.then, item.name, (*here, "then")),
        }
        return item.model_copy(update=update)

    phases = tuple(phase(number, item) for number, item in enumerate(drill.phases))
    expect = claims(drill.expect, WHOLE_RUN, ("expect",))
    return drill.model_copy(update={"phases": phases, "expect": expect}), names.paths
