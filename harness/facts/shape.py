"""Whether what was read has the shape of a fact's field: a file that was damaged gives anything. Pure."""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

Check = Callable[[Any], bool]
_BEYOND = 2**63
"""No number of ours is as large; arithmetic on larger ones may have no result."""


_known: dict[type, Mapping[str, Check]] = {}


def checks(cls: type) -> Mapping[str, Check]:
    """By field of a class of facts."""
    if cls not in _known:
        hints = get_type_hints(cls)
        _known[cls] = {
            name: _stamp if name in ("seen_s", "happened_s") else _check(hint) for name, hint in hints.items()
        }
    return _known[cls]


def _check(hint: Any) -> Check:  # noqa: PLR0911 (one for each shape)
    if hint is Any:
        return lambda value: True
    if hint is float:
        return _is_number
    if hint is int:
        return lambda value: type(value) is int and abs(value) < _BEYOND
    if hint in (str, bool):
        return lambda value: type(value) is hint
    if hint is type(None):
        return lambda value: value is None
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        some = [_check(one) for one in inner]
        return lambda value: any(check(value) for check in some)
    if origin is tuple:
        return _listed(inner)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        of = _check(inner[1])
        return lambda value: isinstance(value, dict) and all(of(one) for one in value.values())
    raise TypeError(f"a fact's field of the type {hint}: how it looks in a file is not known")


def _listed(inner: tuple[Any, ...]) -> Check:
    if len(inner) == 2 and inner[1] is Ellipsis:
        one = _check(inner[0])
        return lambda value: isinstance(value, (list, tuple)) and all(one(part) for part in value)
    each = [_check(part) for part in inner]
    return lambda value: (
        isinstance(value, (list, tuple))
        and len(value) == len(each)
        and all(check(part) for check, part in zip(each, value, strict=True))
    )


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and abs(value) < _BEYOND)


def _stamp(value: Any) -> bool:
    return value is None or (_is_number(value) and math.isfinite(value))
