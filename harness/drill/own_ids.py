"""Effects whose `id` may be their rows' own: `SELECT id, amount FROM charges`, or a list of charges read without `fields`.

A drill says that it is the order's where it names what holds it (`order_id AS id`, `fields: {id: reference}`), or where the rows come
from a table or a path of orders, which a store reads too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.orders.declared import EFFECT, STORE

if TYPE_CHECKING:
    from harness.drill.orders import Source
    from harness.drill.ways import Ways

_NAMED = re.compile(r"""([\w.)"'`]+)\s+(as\s+)?["`]?id["`]?\s*(?=,|$|\bfrom\b)""", re.IGNORECASE)
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


def _says(source: Ways) -> bool:
    """Whether the drill names what the `id` is; what is pushed to a queue, or printed by a command, is written for its reader."""
    if source.sql is not None:
        return any(found[2] or found[1].lower() not in _NO_NAME for found in _NAMED.finditer(source.sql.query))
    return source.http is None or source.http.fields.get("id", "id") != "id"


def _places(source: Ways) -> set[str]:
    """Tables, or the path, that a source is read from, each with its service."""
    if source.sql is not None:
        return {f"{source.sql.service} {table.lower()}" for table in _TABLE.findall(source.sql.query)}
    return set() if source.http is None else {f"{source.http.service} {source.http.path.partition('?')[0]}"}
