"""A target read from the project's pyproject.toml: everything that is wrong with it at once, each at its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from harness.drill.problem import Invalid, Problem, did_you_mean, shown_path
from harness.drill.project import Project
from harness.errors import UsageError
from harness.target.model import Clear, EdgeAt, Logs, Target, is_name
from harness.target.paging import PageFields, Pages, Poll
from harness.target.place import Place

_HEADER = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*\.?""")


AnyPlace = TypeVar("AnyPlace", bound=Place)


def find_target(projects: Sequence[Project], name: str) -> tuple[Target, Path]:
    """The target of this name, of the first project that has one, and the folder in which its commands run. Raises UsageError with
    those that there are, Invalid for one with problems."""
    for project in projects:
        if name in project.targets:
            return read_target(project, name), project.root
    names = list(dict.fromkeys(name for project in projects for name in project.targets))
    have = f"there are {', '.join(names)}" if names else f"state it as [tool.drill.targets.{name}] in pyproject.toml"
    raise UsageError(f"no target '{name}'{did_you_mean(name, names)}; {have}")


def read_target(project: Project, name: str) -> Target:
    """One target, its files as whole paths and its defaults filled in. Raises Invalid."""
    file = project.root / "pyproject.toml"
    lines = file.read_text(encoding="utf-8").splitlines()
    given = project.targets[name]
    base = ("tool", "drill", "targets", name)

    def problem(path: Sequence[str | int], what: str) -> Problem:
        number, column = _place(lines, (*base, *map(str, path)))
        return Problem(shown_path(file), number, column, f"[tool.drill.targets.{name}] {what}", lines[number - 1])

    if not isinstance(given, dict):
        raise Invalid([problem((), "must be a table")])
    if not is_name(name):
        raise Invalid([problem((), f"{name!r} is no name: write letters, digits, dots, dashes")])
    try:
        target = Target.model_validate({**given, "name": name})
    except ValidationError as error:
        raise Invalid([problem(*one) for one in _wrong(error)]) from None
    return _filled(target, project.root)


def _wrong(error: ValidationError) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for one in error.errors(include_url=False):
        path = tuple(one["loc"])
        where = ".".join(map(str, path))
        if one["type"] == "extra_forbidden":
            known = _words(path)
            yield path, f"{where}: unknown word{did_you_mean(str(path[-1]), known)}; there are {', '.join(known)}"
            continue
        said = str((one.get("ctx") or {}).get("error") or one["msg"])
        yield path, f"{where}: {said}" if where else said


def _words(path: Sequence[str | int]) -> list[str]:
    """The words that may stand beside this one."""
    kind: Any = Target
    if len(path) > 1:
        kind = {"edges": EdgeAt, "clear_to_start": Clear, "logs": Logs, "pages": Pages}.get(str(path[0]), Place)
        kind = {"url": Place, "loki": Place, "poll": Poll, "fields": PageFields}.get(str(path[-2]), kind)
    return [field.alias or name for name, field in kind.model_fields.items() if name != "name"]


def _filled(target: Target, root: Path) -> Target:
    """Its places with what the target states for all of them; files as paths from the project's folder."""

    def place(one: AnyPlace) -> AnyPlace:
        files = {word: str(root / getattr(one, word)) for word in ("token_file", "password_file") if getattr(one, word)}
        ca_file = "" if one.insecure_skip_verify else one.ca_file or target.ca_file
        return one.model_copy(
            update={
                **files,
                "ca_file": str(root / ca_file) if ca_file else "",
                "proxy": one.proxy or target.proxy,
                "timeout_s": one.timeout_s or target.timeout_s,
            }
        )

    made: dict[str, Any] = {}
    for word in Target.model_fields:
        value = getattr(target, word)
        if isinstance(value, Place):
            made[word] = place(value)
    made["toxiproxy"] = {name: place(one) for name, one in target.toxiproxy.items()}
    made["clear_to_start"] = tuple(
        one.model_copy(update={"url": place(one.url)}) if one.url else one for one in target.clear_to_start
    )
    if target.logs and target.logs.loki:
        made["logs"] = target.logs.model_copy(update={"loki": place(target.logs.loki)})
    if target.pages and target.pages.poll:
        made["pages"] = target.pages.model_copy(update={"poll": place(target.pages.poll)})
    if target.pages and target.pages.token_file:
        made["pages"] = target.pages.model_copy(update={"token_file": str(root / target.pages.token_file)})
    return target.model_copy(update=made)


def _place(lines: Sequence[str], path: tuple[str, ...]) -> tuple[int, int]:
    """Line and column, from 1, of the key that states most of this path."""
    best, found = 0, (1, 1)
    table: tuple[str, ...] = ()
    for number, line in enumerate(lines, start=1):
        header = _HEADER.match(line)
        key = None if header else _KEY.match(line)
        if header:
            table = _parts(header.group(1))
            stated, column = table, line.index("[") + 1
        elif key:
            stated, column = (*table, *_parts(key.group(1))), len(line) - len(line.lstrip()) + 1
        else:
            continue
        same = next((n for n, (a, b) in enumerate(zip(stated, path, strict=False)) if a != b), len(stated))
        if same == len(stated) and same <= len(path) and same > best:
            rest = [line.find(word, column) + 1 for word in path[same:]]
            best, found = same, (number, max([column, *rest]))
    return found


def _parts(text: str) -> tuple[str, ...]:
    return tuple(next(filter(None, match.groups()), "") for match in _PART.finditer(text))
