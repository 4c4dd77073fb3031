"""Effects whose `id` may be their rows' own: `SELECT id, amount FROM charges`, or a list of charges read without `fields`.

A drill says that it is the order's by `id_of: order`, where it names what holds it (`order_id AS id`, `fields: {id: reference}`), or where
the rows come from a table or a path of orders, which a store reads too. `fields: {id: id}` says nothing: with `fields`, all that is read
is listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from harness.orders.declared import EFFECT, STORE

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.drill.orders import Source
    from harness.drill.problem import Problem
    from harness.drill.ways import Ways

_NAMED = re.compile(r"""([\w.)"'`]+)\s+(as\s+)?["`]?id["`]?\s*(?=,|$|\bfrom\b)""", re.IGNORECASE)
_KEY = re.compile(r"""\bkey\b""", re.IGNORECASE)
_NO_NAME = ("select", "distinct", "all", "by", "on", "where", "and", "or", "not", "then", "else", "when")
_TABLE = re.compile(r"""\b(?:from|join)\s+(?:["`]?\w+["`]?\.)?["`]?(\w+)""", re.IGNORECASE)


def own_ids(sources: Mapping[str, Source]) -> frozenset[str]:
    """The names of these effects."""
    orders = set[str]()
    for source in sources.values():
        if source.role == STORE:
            orders |= _places(source)
    return frozenset(
        name
        for name, source in sources.items()
        if source.role == EFFECT and not _says(source) and not _places(source) & orders
    )


def id_warnings(drill: Drill) -> Iterator[Problem]:
    """Such effects without keys, which small whole numbers would leave undecided."""
    for name, orders in drill.orders.items():
        for effect in sorted(own_ids(orders.sources)):
            source = orders.sources[effect]
            if not _keyed(source):
                what = (
                    f"orders.{name}: whose the `id` of {effect} is, the drill does not say; small whole numbers could be the rows' own, and "
                    "orders_kept would be inconclusive: `id_of: order` says that they are the order's"
                )
                yield drill.origin.document.warning(("orders", name, "sources", effect), what)


def _keyed(source: Ways) -> bool:
    """Whether a key is read of its rows, which tells whose they are."""
    if source.sql is not None:
        return _KEY.search(source.sql.query) is not None
    return source.http is not None and "key" in source.http.fields


def _says(source: Source) -> bool:
    """Whether the drill says whose the `id` is, or names what the `id` is; what is pushed to a queue, or printed by a command, is written for its reader."""
    if source.id_of == "order":
        return True
    if source.sql is not None:
        return any(found[2] or found[1].lower() not in _NO_NAME for found in _NAMED.finditer(source.sql.query))
    return source.http is None or source.http.fields.get("id", "id") != "id"


def _places(source: Ways) -> set[str]:
    """Tables, or the path, that a source is read from, each with its service."""
    if source.sql is not None:
        return {f"{source.sql.service} {table.lower()}" for table in _TABLE.findall(source.sql.query)}
    return set() if source.http is None else {f"{source.http.service} {source.http.path.partition('?')[0]}"}
