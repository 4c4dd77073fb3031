"""Whether an alert's labels are as Alertmanager's matchers ask. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence


def holds(how: str, has: str, value: str) -> bool:
    """Whether a label ('' where there is none) has the value, or matches it whole. Raises ValueError for an expression that is none."""
    try:
        same = bool(re.fullmatch(value, has)) if how.endswith("~") else has == value
    except re.error as error:
        raise ValueError(f"{value!r} cannot be read: {error}") from None
    return same != how.startswith("!")


def matches(labels: Mapping[str, str], matchers: Iterable[Sequence[str]]) -> bool:
    """Whether all of them hold; each is a label's name, how it is compared, and with what."""
    return all(holds(how, labels.get(name, ""), value) for name, how, value in matchers)
