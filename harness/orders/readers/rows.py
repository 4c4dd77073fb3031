"""A row of a source as it is kept: its key, its id, and its columns, from an element of JSON. Pure, but for a random key."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from secrets import token_bytes
from typing import Any

from harness.masking import masked

KEY, ID = "key", "id"
NAMES = (KEY, ID)
LONGEST = 200  # characters of a column that is neither: what it holds is only shown
LONGEST_NAME = 1000  # characters of a key or an id

Row = dict[str, str | int | float | None]
_APART = token_bytes(16)
"""So that nobody finds a card's number by trying them all. All readings of a run are made by one process."""
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


def row_of(element: Any, fields: Mapping[str, str]) -> Row:
    """`fields` says where in the element each column is (see `at`). Without it an object's own key, id and numbers are taken, also
    numbers that are written as text, and an element that is no object is the row's id. What is not there is left out."""
    if fields:
        return _kept({column: at(element, path) for column, path in fields.items()})
    if isinstance(element, Mapping):
        told = {str(n): value if n in NAMES else _figure(value) for n, value in element.items()}
        return _kept({n: value for n, value in told.items() if n in NAMES or not isinstance(value, str)})
    return _kept({ID: element})


def whole(element: Any, fields: Mapping[str, str]) -> Row:
    """All that an element holds, so that no two that differ look alike: of an object every member, lists and objects as text.

    `fields` say what of it, as in `row_of`. Text that is masked or too long to be kept ends with a keyed hash of all of it.
    """
    if fields:
        held = {column: at(element, path) for column, path in fields.items()}
    else:
        held = {str(n): value for n, value in element.items()} if isinstance(element, Mapping) else {ID: element}
    return {name: _told(value) for name, value in held.items()}


def columns_of(element: Mapping[str, Any], *, numbers_as_text: bool = False) -> Row:
    """All columns of a table's row, a NULL too, but for a key or an id.

    numbers_as_text   the client gives every value as text: what is written as a number is one, but for key and id
    """
    told = {
        str(name): number(value) if numbers_as_text and name not in NAMES and isinstance(value, str) else value
        for name, value in element.items()
    }
    return _kept(told) | {name: None for name, value in told.items() if value is None and name not in NAMES}


def at(element: Any, path: str) -> Any:
    """What stands at a dotted path: names, or places in lists; None for what is not there. Text on the way is read as JSON."""
    if path in ("", "."):
        return element
    if isinstance(element, (str, bytes)):
        element = decoded(element)
    if isinstance(element, Mapping):
        if path in element:
            return element[path]
        step, _, rest = path.partition(".")
        return at(element[step], rest) if step in element else None
    if isinstance(element, Sequence) and not isinstance(element, (str, bytes)):
        step, _, rest = path.partition(".")
        return at(element[int(step)], rest) if step.isdecimal() and int(step) < len(element) else None
    return None


def parsed(text: str | bytes) -> Any:
    """The JSON that a text is. A bare number stays as it is written: an id 12e45678 is none, and 2026.10 is not 2026.1.

    Raises ValueError for what is no JSON."""
    found = json.loads(text)
    return _text(text) if isinstance(found, (int, float)) and not isinstance(found, bool) else found


def decoded(text: str | bytes) -> Any:
    """The same; the text itself when it is no JSON."""
    try:
        return parsed(text)
    except (ValueError, RecursionError):
        return _text(text)


def _text(text: str | bytes) -> str:
    """Bytes that are no UTF-8 stay apart from others: each is shown as \\xff."""
    return text.decode("utf-8", "backslashreplace") if isinstance(text, bytes) else text


def _figure(value: Any) -> Any:
    """A number, also one that is written as text, unless that has to be masked; anything else as it is."""
    return number(value) if isinstance(value, str) and masked(value) == value else value


def number(text: str) -> str | int | float:
    """A number that is written as one; other text as it is, also 007."""
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


def hashed(text: str | bytes) -> str:
    """A keyed hash: the same for the same text in all readings of a run, and nobody finds the text by it."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return f"#{blake2b(data, digest_size=8, key=_APART).hexdigest()}"


def _shown(text: str) -> str:
    """A text as it may be kept. What is masked in it stays apart from others of its kind, which `in_order` tells rows apart by."""
    shown = masked(text[:LONGEST])
    return shown if shown == text[:LONGEST] else f"{shown} {hashed(text)}"


def _told(value: Any) -> str | int | float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    shown = masked(text[:LONGEST])
    return text if shown == text else f"{shown} {hashed(text)}"


def _kept(told: Mapping[str, Any]) -> Row:
    row: Row = {}
    for name, value in told.items():
        if name in NAMES:
            if isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != "":
                row[name] = str(value)[:LONGEST_NAME]
        elif isinstance(value, str):
            row[name] = _shown(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            row[name] = value
    return row
