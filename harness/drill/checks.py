"""Checks across fields: what each field alone cannot know. Those on the data run even when the model found errors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from harness.drill.candidate import candidate_problems
from harness.drill.document import Document
from harness.drill.locustfiles import inside
from harness.drill.model import Drill, Phase
from harness.drill.own_ids import id_warnings
from harness.drill.problem import Problem
from harness.drill.requests_named import request_problems
from harness.drill.shapes import shape_warnings
from harness.drill.shares import share_problems
from harness.drill.state import problems as state_problems
from harness.expectations.steps import Step
from harness.faults.base import Fault
from harness.faults.command import Command
from harness.load.arrivals import expected_count
from harness.quantities import spell

ASKS_WHO = ("blame", "log_coverage", "traces")
"""Claims that hold who is accused against who was hurt."""


def of_data(document: Document, base: Path, stem: str) -> Iterator[Problem]:
    """What the file alone tells: its name, names used twice, files that are not there."""
    data: dict[str, Any] = document.data
    name = data.get("drill")
    if isinstance(name, str) and name != stem:
        yield document.problem(("drill",), f"the drill is called '{name}' but its file '{stem}': one name for both")
    yield from _phases_once(document, data.get("phases"))
    stack, load = data.get("stack"), data.get("load")
    for word in ("compose", "env_file"):
        listed = stack.get(word) if isinstance(stack, dict) else None
        for number, text in enumerate(listed if isinstance(listed, list) else ()):
            yield from _file_there(document, base, ("stack", word, number), text)
    if isinstance(load, dict):
        named = load.get("locustfile")
        for number, text in enumerate(named if isinstance(named, list) else [named]):
            yield from _locustfile_there(document, base, ("load", "locustfile", number), text)


def _phases_once(document: Document, phases: Any) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, phase in enumerate(phases if isinstance(phases, list) else ()):
        name = phase.get("name") if isinstance(phase, dict) else None
        if not isinstance(name, str):
            continue
        if name in first:
            line = document.place(("phases", first[name], "name")).line
            yield document.problem(("phases", number, "name"), f"a second phase '{name}'; the first is at line {line}")
        first.setdefault(name, number)
        if name == "run":
            yield document.problem(("phases", number, "name"), "'run' names the whole run in ids; use another name")


def _file_there(document: Document, base: Path, path: tuple[str | int, ...], text: Any) -> Iterator[Problem]:
    if not isinstance(text, str) or not text or "\0" in text:
        return
    try:
        if (base / text).is_file():
            return
        what = "is a folder, not a file" if (base / text).is_dir() else "is not there"
    except OSError as error:
        what = f"cannot be looked at: {error.strerror}"
    yield document.problem(path, f"{text} {what} (paths are relative to the drill file, {base})")


def _locustfile_there(document: Document, base: Path, path: tuple[str | int, ...], text: Any) -> Iterator[Problem]:
    """A file, or a folder in which there are some."""
    folder = base / text if isinstance(text, str) and "\0" not in text else None
    if folder is not None and os.path.isdir(folder):
        if not inside(folder):
            what = f"{text} has no locustfile: no *.py that does not begin with _ (paths are relative to the drill file, {base})"
            yield document.problem(path, what)
        return
    parts = [part.strip() for part in text.split(",")] if isinstance(text, str) else []
    if parts[1:] and all((base / part).exists() for part in parts):
        yield document.problem(path, f"several locustfiles are a list: [{', '.join(parts)}]")
        return
    yield from _file_there(document, base, path, text)


def of_drill(drill: Drill) -> Iterator[Problem]:
    """What the fields say together. Warnings are problems of severity 'warning'."""
    document = drill.origin.document
    if drill.steady.for_s > drill.steady.within_s:
        for_, within = spell(drill.steady.for_s), spell(drill.steady.within_s)
        what = f"the gate needs {for_} and may take only {within}: it could never hold"
        yield document.problem(("steady", "within"), what)
    if drill.load.users is None and expected_count(drill.load.segments, 0, drill.steady.within_s) < 1:
        what = f"no arrival is due in the first {spell(drill.steady.within_s)}: the gate could never hold"
        yield document.problem(("load", "arrivals"), what, key=True)
    shortest_s = drill.steady.for_s + sum(phase.for_s for phase in drill.phases)
    if drill.abort.max_duration_s is not None and drill.abort.max_duration_s < shortest_s:
        limit = spell(drill.abort.max_duration_s)
        what = f"max_duration is {limit}, but gate and phases take at least {spell(shortest_s)}"
        yield document.problem(("abort", "max_duration"), what)
    for number, phase in enumerate(drill.phases):
        for index, fault in enumerate(phase.faults):
            yield from _fits(document, ("phases", number, "faults", index, fault.word), phase, fault)
        yield from _overlaps(drill, number, phase)
    yield from _commands_there(drill)
    yield from _hurt_known(drill)
    yield from request_problems(drill)
    yield from id_warnings(drill)
    yield from shape_warnings(drill)
    yield from share_problems(drill)
    yield from state_problems(drill)
    yield from candidate_problems(drill)
    yield from _given_ids_once(drill)
    for number, way in enumerate(drill.announce):
        if way.webhook and not way.webhook.startswith(("http://", "https://")):
            what = "a webhook is a URL, http:// or https://"
            yield document.problem(("announce", number, "webhook"), what)


def _commands_there(drill: Drill) -> Iterator[Problem]:
    """A command of a step or a fault, written with a path, must be there and be one that can be started."""
    commands = [(one.id, "command", one.command) for _, _, one in drill.claims() if isinstance(one, Step)]
    for _, fault in drill.faults():
        if isinstance(fault, Command):
            commands += [(fault.id, word, getattr(fault, word)) for word in ("run", "undo", "check")]
    for id_, word, command in commands:
        if not command or isinstance(command, str) or "/" not in command[0]:
            continue
        file = drill.path(command[0])
        if not file.is_file():
            what = f"{command[0]} is not there (paths are relative to the drill file, {drill.origin.base})"
        elif not os.access(file, os.X_OK):
            what = f"{command[0]} cannot be started: make it executable, chmod +x {command[0]}"
        else:
            continue
        yield drill.problem(id_, f"{id_}: {what}", word)


def _hurt_known(drill: Drill) -> Iterator[Problem]:
    """A claim that asks who was to blame needs to know whom a command of the user's own hurts."""
    unknown = {fault.id: phase.name for phase, fault in drill.faults() if not fault.targets}
    for phase, _, claim in drill.claims():
        mine = [id_ for id_, where in unknown.items() if phase in ("", where)]
        if mine and claim.word in ASKS_WHO and not getattr(claim, "root", ()):
            what = f"{claim.id} asks who was hurt, and nothing says whom {mine[0]} hurts: give the fault a `service`"
            yield drill.problem(claim.id, what)


def _fits(document: Document, path: tuple[str | int, ...], phase: Phase, fault: Fault) -> Iterator[Problem]:
    if fault.after >= phase.for_s:
        what = f"begins {spell(fault.after)} after its phase does, which is over by then ({spell(phase.for_s)})"
        yield document.problem((*path, "after"), what)
    elif fault.for_ is not None and fault.after + fault.for_ > phase.for_s:
        what = f"ends {spell(fault.after + fault.for_)} after its phase began, which lasts {spell(phase.for_s)}"
        yield document.problem((*path, "for"), what)
    elif fault.for_ is not None and fault.for_ <= 0:
        yield document.problem((*path, "for"), "must last longer than nothing")


def _overlaps(drill: Drill, number: int, phase: Phase) -> Iterator[Problem]:
    def until(fault: Fault) -> float:
        return phase.for_s if fault.for_ is None else fault.after + fault.for_

    for (_, one), (index, two) in combinations(enumerate(phase.faults), 2):
        together = one.target == two.target and one.after < until(two) and two.after < until(one)
        if not together or not one.on_edge:
            continue
        if any(getattr(fault, "share", 1.0) < 1 for fault in (one, two)):
            what = (
                f"{one.word} and {two.word} are on {one.target} at the same time and hit a share of its connections:"
                " Toxiproxy draws the share again whenever one of them comes or goes"
            )
            yield drill.origin.document.warning(("phases", number, "faults", index, two.word), what)


def _given_ids_once(drill: Drill) -> Iterator[Problem]:
    document = drill.origin.document
    seen: dict[str, str] = {}
    for id_, path in drill.origin.paths.items():
        given = document.data
        for step in path:
            given = given[step]
        if isinstance(given, dict) and given.get("id"):
            if given["id"] in seen:
                yield document.problem(
                    (*path, "id"), f"the id '{given['id']}' stands twice; first at {seen[given['id']]}"
                )
            seen.setdefault(given["id"], drill.where(id_))
