"""[tool.drill.schedule] and [[tool.drill.announce]] of a pyproject.toml, as models; they are read as the same words of a drill are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.drill.announce import Way
from harness.drill.interpolate import fill
from harness.drill.problem import did_you_mean
from harness.drill.schedule import ProjectSchedule

_ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "schedule": TypeAdapter(ProjectSchedule),
    "announce": TypeAdapter(tuple[Way, ...]),
}


def wrong(word: str, value: Any) -> Iterator[str]:
    """What is wrong with one of the two settings, in sentences."""
    try:
        _read(word, value)
    except ValidationError as error:
        yield from _told(word, error)


def schedule(value: Any) -> ProjectSchedule:
    """Of a value that nothing is wrong with; None is no setting."""
    made = ProjectSchedule() if value is None else _read("schedule", value)
    assert isinstance(made, ProjectSchedule)
    return made


def announce(value: Any, env: Mapping[str, str]) -> tuple[Way, ...]:
    """Of a value that nothing is wrong with, ${VAR} from `env` put in. Raises ValueError for a variable that is not set, and for a
    value that does not fit once it is put in; the value, which may be a password, is not in its text."""
    try:
        made = _read("announce", _filled(value, env))
    except ValidationError as error:
        raise ValueError("; ".join(_told("announce", error))) from None
    assert isinstance(made, tuple)
    return made


def _told(word: str, wrong: ValidationError) -> Iterator[str]:
    for one in wrong.errors(include_url=False, include_input=False):
        place = ".".join(map(str, (word, *one["loc"])))
        if one["type"] == "extra_forbidden":
            known = ProjectSchedule if word == "schedule" else Way
            words = [field.alias or name for name, field in known.model_fields.items()]
            yield f"{place}: unknown word{did_you_mean(str(one['loc'][-1]), words)}"
        else:
            yield f"{place}: {(one.get('ctx') or {}).get('error') or one['msg']}"


def _read(word: str, value: Any) -> Any:
    """By JSON, as a drill is (see parse.validated); a date of TOML is the text that it is written as."""
    return _ADAPTERS[word].validate_json(json.dumps(value, default=str), strict=True, by_alias=True, by_name=False)


def _filled(value: Any, env: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {word: _filled(inner, env) for word, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, env) for inner in value]
    if not isinstance(value, str):
        return value
    made = fill(value, env)
    if made.wrong:
        raise ValueError(made.wrong[0][1])
    return made.text
