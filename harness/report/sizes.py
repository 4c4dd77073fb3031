"""A fault's stated and measured size in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def sizes(landing: Mapping[str, Any]) -> tuple[str, str]:
    """(stated, measured), '' where nothing is said."""
    return _told(landing["stated"]), _told(landing["measured"])


def _told(values: Mapping[str, Any]) -> str:
    shown = [
        f"{name} {plain(value)}" for name, value in sorted(values.items()) if value not in (None, "", False, [], {})
    ]
    return ", ".join(shown)


def plain(value: Any) -> str:
    """One figure, or several by name, as a person reads them."""
    if isinstance(value, Mapping):
        return ", ".join(f"{inner} {name}" for name, inner in sorted(value.items()))
    return f"{value:g}" if isinstance(value, float) else str(value)
