"""The raw samples of the selectors that a drill's claims ask for, as Prometheus would have given them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from calibration.simulator.store import Series, Store

_SELECTOR = re.compile(r"(\w*)(?:\{(.*)\})?")
_MATCHER = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*,?')


def chosen(store: Store, selector: str) -> Iterator[tuple[Mapping[str, str], Series]]:
    """The series that a selector gives, each with all of its labels."""
    parts = _SELECTOR.fullmatch(selector)
    assert parts is not None, f"the simulator cannot read {selector!r}"
    matchers = _MATCHER.findall(parts.group(2) or "")
    for one in store.select(parts.group(1), {}) if parts.group(1) else store.series:
        labels = {**one.labels, "__name__": one.metric}
        if len(one.at_s) and all(_matches(labels.get(name, ""), op, value) for name, op, value in matchers):
            yield labels, one


def _matches(found: str, op: str, value: str) -> bool:
    same = found == value if op in ("=", "!=") else re.fullmatch(value, found) is not None
    return same != op.startswith("!")
