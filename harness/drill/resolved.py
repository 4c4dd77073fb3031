"""drill.yaml of a run folder: the drill as it ran, variables put in, secrets masked; loaded again by `drill judge`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from harness.drill.document import Path_
from harness.drill.explain import explain_all
from harness.drill.judged import is_judged
from harness.drill.model import Drill, data_of
from harness.drill.parse import placed, read_bytes, validated
from harness.drill.problem import Invalid, Problem, shown_path
from harness.drill.stack import Observe
from harness.drill.yaml_strict import decode, plain, read
from harness.masking import passwords_in
from harness.parts import in_use
from harness.secret_names import holds_secret

RESOLVED = "resolved"  # the one key that a drill file does not have: where the drill came from
MASK = "***"
_OF_THE_FORMAT = {"copy", "shared", "private"}  # a volume may be called 'secrets'
_BESIDE = ("schedule", "announce", "silence")
"""Words about a run's when and whom: no verdict rests on them, so what is masked in them need not fit their models."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,30}://", re.IGNORECASE)


def masked(drill: Drill) -> str:
    """See Drill.masked."""
    origin = drill.origin
    data = _masked(data_of(drill), origin.document.used)
    made = {"base": str(origin.base), "file": origin.document.file, "where": dict(origin.places)}
    if origin.document.given:
        made["given"] = list(origin.document.given)
    return yaml.dump({**data, RESOLVED: made}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def load_resolved(path: str | Path) -> Drill:
    """The drill of a stored run, from its drill.yaml or folder; its paths count from where it was. Raises Invalid."""
    place = Path(path)
    place = place / "drill.yaml" if place.is_dir() else place
    document = read(shown_path(place), decode(shown_path(place), read_bytes(place)))
    data = document.data
    made = data.get(RESOLVED) if isinstance(data, dict) else None
    if not isinstance(made, dict) or not isinstance(made.get("base"), str) or not isinstance(made.get("where"), dict):
        raise Invalid([Problem(shown_path(place), 1, 1, f"not the drill.yaml of a run: `{RESOLVED}` is not in it")])
    document = replace(document, data={word: value for word, value in data.items() if word != RESOLVED})
    in_use.use_again(Path(made["base"]))
    try:
        drill = _read_again(document.data)
    except ValidationError as error:
        raise Invalid(explain_all(error, document)) from None
    places = {str(id_): str(where) for id_, where in made["where"].items()}
    given = made.get("given")
    document = replace(
        document,
        file=str(made.get("file", document.file)),
        given=tuple(map(str, given)) if isinstance(given, list) else (),
    )
    return placed(drill, document, Path(made["base"]), places)


def _read_again(data: Mapping[str, Any]) -> Drill:
    """Without what says when and whom, where a mask in it does not fit. Raises ValidationError."""
    try:
        return validated(data)
    except ValidationError as error:
        if not all(one["loc"][:1] and one["loc"][0] in _BESIDE for one in error.errors(include_url=False)):
            raise
    return validated({word: value for word, value in data.items() if word not in _BESIDE})


def base_of(path: Path) -> Path:
    """The folder that the paths of a stored drill count from; nothing else of it is read. Raises Invalid."""
    data = read(shown_path(path), decode(shown_path(path), read_bytes(path))).data
    made = data.get(RESOLVED) if isinstance(data, dict) else None
    if not isinstance(made, dict) or not isinstance(made.get("base"), str):
        raise Invalid([Problem(shown_path(path), 1, 1, f"not the drill.yaml of a run: `{RESOLVED}` is not in it")])
    return Path(made["base"])


def observed(path: Path) -> tuple[Observe, Path] | None:
    """What a stored drill states of the stack's monitoring, and the folder that its paths count from; None where that cannot be read."""
    try:
        stack = read(shown_path(path), decode(shown_path(path), read_bytes(path))).data["stack"]
        return Observe.model_validate(stack.get("observe") or {}), base_of(path)
    except (Invalid, ValueError, LookupError, TypeError, AttributeError):
        return None


def line(drill: Drill, id_: str) -> str:
    """See Drill.text."""
    origin = drill.origin
    path = origin.paths.get(id_)
    if path is None:
        return ""
    value: Any = _masked(data_of(drill), origin.document.used)
    for step in path:
        value = value[step]
    shown = {word: inner for word, inner in value.items() if word != "id"} if isinstance(value, dict) else value
    flow = yaml.dump(shown, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6, default_flow_style=True)
    return f"{path[-1]}: {flow.strip()}"


def _masked(value: Any, used: Mapping[Path_, tuple[tuple[str, str], ...]], path: Path_ = ()) -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner, used, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, used, (*path, number)) for number, inner in enumerate(value)]
    if not isinstance(value, str):
        return value
    if path and isinstance(path[-1], str) and _is_secret(path, path[-1], value, used):
        return MASK
    for name, secret in used.get(path, ()):
        if secret and (holds_secret(name, secret) or path[0] == "announce"):
            value = value.replace(secret, _hidden(secret))
    for password in passwords_in(value) if path and path[0] in _BESIDE else ():
        value = value.replace(f":{password}@", f":{MASK}@")
    return value


def _hidden(secret: str) -> str:
    """What stands for it: a URL stays one, so that the drill can be read again."""
    scheme = _SCHEME.match(secret)
    return f"{scheme.group() if scheme else ''}{MASK}"


def _is_secret(path: Path_, word: str, value: str, used: Mapping[Path_, tuple[tuple[str, str], ...]]) -> bool:
    """Whether a value is one by the word that it stands at; whoever has a webhook's URL can post to it."""
    if path[0] == "announce" and word == "webhook":
        return True
    if (
        path[:2] == ("stack", "observe")  # where a password is, and never one
        or not holds_secret(word, value)
        or value in _OF_THE_FORMAT
        or path[-2:-1] == ("fields",)
    ):  # of a row, where its `key` stands
        return False
    return not is_judged(path) or any(
        value == secret for put_in in used.values() for name, secret in put_in if holds_secret(name, secret)
    )


class _Dumper(yaml.SafeDumper):
    """Quotes what the strict reader would take for something else than text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if not isinstance(plain(text), str) or text == "<<" else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
