"""A drill file becomes a Drill, or an Invalid (a UsageError) with everything that is wrong in it at once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.drill import checks
from harness.drill.document import Document
from harness.drill.endpoints import prepared, requests
from harness.drill.explain import explain_all
from harness.drill.ids import named
from harness.drill.interpolate import fill
from harness.drill.judged import masked_there
from harness.drill.locustfiles import located
from harness.drill.model import Drill, Origin
from harness.drill.override import override
from harness.drill.own import drill_model
from harness.drill.problem import Invalid, Problem, shown_path
from harness.drill.redirects import follow_redirects
from harness.drill.requests import at_most
from harness.drill.yaml_strict import decode, read
from harness.parts import in_use
from harness.parts.raising import told_at_its_place


def parse(path: str | Path, *, sets: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Drill:
    """Read a drill file. `sets` are KEY=VALUE; `env` (else os.environ) is where ${VAR} comes from. Raises Invalid."""
    place = Path(path)
    file = shown_path(place)
    return parse_text(decode(file, read_bytes(place)), file=place, sets=sets, env=env)


def parse_text(text: str, *, file: str | Path, sets: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Drill:
    """As `parse`, of a text that stands, or would stand, in `file`."""
    place = Path(file)
    put_in = partial(fill, env=os.environ if env is None else env)
    document = override(_mapping(read(shown_path(place), text, put_in)), sets, put_in)
    return build(document, place.absolute().parent, stem=place.stem)


def build(document: Document, base: Path, *, stem: str) -> Drill:
    """A document as a checked drill. Raises Invalid."""
    in_use.use(base)
    problems = [*checks.of_data(document, base, stem), *masked_there(document)]
    try:
        drill = validated(document.data)
    except ValidationError as error:
        raise Invalid(problems + explain_all(error, document)) from None
    locustfiles = located(drill.load.locustfiles, base)
    names, unnamed = requests(*locustfiles)
    drill = placed(drill, document, base).knowing(
        requests_per_task=at_most(*locustfiles),
        named=names,
        unnamed=unnamed,
        prepared=prepared(*locustfiles),
        follows=follow_redirects(*locustfiles),
    )
    with told_at_its_place():
        problems += checks.of_drill(drill)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise Invalid(errors)
    return drill.knowing(warnings=tuple(problems))


def validated(data: Mapping[str, Any]) -> Drill:
    """By JSON, where pydantic's strict is ours: no text for a number, no 'yes' for true, but a list for a tuple."""
    with told_at_its_place():
        return drill_model().model_validate_json(json.dumps(data), strict=True, by_alias=True, by_name=False)


def placed(drill: Drill, document: Document, base: Path, places: Mapping[str, str] | None = None) -> Drill:
    """The drill with ids, and where each stands; `places` when they are known from elsewhere."""
    with told_at_its_place():
        drill, paths = named(drill)
    if places is None:
        found = {id_: document.place(path, key=True) for id_, path in paths.items()}
        places = {id_: f"{place.file or document.file}:{place.line}" for id_, place in found.items()}
    drill._origin = Origin(document, base, places, paths)
    return drill


def read_bytes(path: Path) -> bytes:
    """The bytes of a drill file. Raises Invalid when they cannot be read."""
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise Invalid([Problem(shown_path(path), 0, 0, f"cannot be read: {why}")]) from None


def _mapping(document: Document) -> Document:
    if document.data is None:
        raise Invalid(
            [replace(document.problem((), "the file is empty; a drill begins with 'drill: NAME'"), line=1, column=1)]
        )
    if not isinstance(document.data, dict):
        kind = "a list" if isinstance(document.data, list) else "a single value"
        raise Invalid([document.problem((), f"a drill is a mapping of words (drill, stack, load, …), not {kind}")])
    if "services" in document.data and "drill" not in document.data:
        what = "this is a Compose file, not a drill; a drill names it under stack: {compose: [ … ]}"
        raise Invalid([document.problem(("services",), what, key=True)])
    return document
