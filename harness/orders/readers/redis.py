"""The elements of a list, stream, hash, set or sorted set of Redis or Valkey, by the client in its container.

A script that only reads gives them as JSON, in pages, so that neither their content nor their number troubles the client.
A key that is not there is an empty one: queues come and go with their content.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from harness.drill.readers import RedisReader
from harness.errors import NotApplied
from harness.orders.readers.logins import FIRST, url_login
from harness.orders.readers.rows import ID, Row, decoded, row_of, whole
from harness.orders.readers.said import last
from harness.world.handles import Reach

SCHEMES = ("redis", "rediss", "valkey")
PAGE = 5000
PASSWORD_OPTION = "--requirepass"
ASK = (
    FIRST
    + r"""
client=$(command -v valkey-cli || command -v redis-cli || command -v keydb-cli) || {
    echo 'there is no valkey-cli or redis-cli in the container' >&2
    exit 127
}
password=$(first "$DRILL_PASSWORD" "$REDISCLI_AUTH" "$REDIS_PASSWORD" "$VALKEY_PASSWORD" "$(held "$REDIS_PASSWORD_FILE")" "$(held "$VALKEY_PASSWORD_FILE")" "$DRILL_URL_PASSWORD")
if [ -n "$password" ]; then REDISCLI_AUTH=$password; VALKEYCLI_AUTH=$password; export REDISCLI_AUTH VALKEYCLI_AUTH; fi
database=$1
shift
exec "$client" -n "$database" --raw EVAL "$@"
"""
)
PAGE_OF = """
local kind, key, from, count = ARGV[1], KEYS[1], ARGV[2], tonumber(ARGV[3])
local found = redis.call('TYPE', key)['ok']
local items, following = {}, ''
if found == 'list' then
    local at = tonumber(from)
    items = redis.call('LRANGE', key, at, at + count - 1)
    if #items == count then following = tostring(at + count) end
elseif found == 'stream' then
    items = redis.call('XRANGE', key, from == '0' and '-' or from, '+', 'COUNT', count)
    if #items == count then following = items[#items][1] end
elseif found ~= 'none' and found ~= 'string' then
    local scan = {hash = 'HSCAN', set = 'SSCAN', zset = 'ZSCAN'}
    local told = redis.call(scan[found], key, from, 'COUNT', count)
    items = told[2]
    if told[1] ~= '0' then following = told[1] end
end
return cjson.encode({found, following, items})
"""
_ESCAPED = re.compile("[\udc80-\udcff]")
HELD_BY = {"list": ("list",), "stream": ("stream",), "hash": ("hash",), "set": ("set", "zset")}


def rows(reader: RedisReader, reach: Reach, most_rows: int, most_bytes: int, everything: bool) -> Iterator[Row]:
    """Raises NotApplied with the client's own words, and for a key that holds something of another kind."""
    at, seen, asked = "0", set[str](), set[str]()
    while at:
        if at in asked:
            raise NotApplied(f"{reader.what} at {reader.service} comes round to {at!r} again and again")
        asked.add(at)
        found, following, items = _page(reader, reach, at, most_bytes)
        if found != "none" and found not in HELD_BY[reader.kind]:
            raise NotApplied(f"{reader.name} at {reader.service} is a {found}, not a {reader.kind}")
        for name, element in _elements(found, items):
            if name not in seen or not name:  # a scan may tell an element twice
                seen.add(name)
                yield (_whole if everything else _row)(reader, _shown(name), _shown(element))
        at = _after(following) if found == "stream" else following


def _page(reader: RedisReader, reach: Reach, at: str, most_bytes: int) -> tuple[str, str, list[Any]]:
    spare = url_login(reach.services, reader.service, SCHEMES)
    told = {"DRILL_PASSWORD": reader.password, "DRILL_URL_PASSWORD": spare.password or _required(reader, reach)}
    script = (PAGE_OF, "1", reader.name, reader.kind, at, f"{PAGE}")
    command = ("sh", "-c", ASK, "drill", f"{reader.database}", *script)
    said = reach.inside(reader.service, command, told, reader.timeout_s, most_bytes)
    if said.code:
        raise NotApplied(f"{reader.what} at {reader.service}: {last(said)}")
    text = said.out.read()
    try:
        found, following, items = json.loads(text.decode("utf-8", "surrogateescape"), strict=False)
    except ValueError as error:
        words = " ".join(text[:300].decode("utf-8", "replace").split())
        raise NotApplied(f"{reader.what} at {reader.service}: {words or said.err}") from error
    return found, following, list(items or ())


def _shown(told: Any) -> Any:
    """An element or its name, with bytes that are no UTF-8 as \\xff: so elements stay apart, and can be written."""
    if isinstance(told, dict):
        return {_shown(name): _shown(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_shown(one) for one in told]
    return _ESCAPED.sub(lambda found: f"\\x{ord(found[0]) - 0xDC00:02x}", told) if isinstance(told, str) else told


def _required(reader: RedisReader, reach: Reach) -> str:
    """The password that the service's command gives the server."""
    command = reach.services.get(reader.service, {}).get("command") or ()
    words = command.split() if isinstance(command, str) else [str(word) for word in command]
    words = [part for word in words for part in word.split()]
    places = [place for place, word in enumerate(words[:-1]) if word == PASSWORD_OPTION]
    return words[places[0] + 1] if places else ""


def _elements(found: str, items: list[Any]) -> Iterator[tuple[str, Any]]:
    """Each element with the name by which it is told apart, '' where the place does."""
    if found == "stream":
        yield from ((entry, dict(zip(flat[::2], flat[1::2], strict=False))) for entry, flat in items)
    elif found == "hash":
        yield from ((name, decoded(value)) for name, value in zip(items[::2], items[1::2], strict=False))
    elif found == "zset":
        yield from ((name, decoded(name)) for name in items[::2])
    elif found == "set":
        yield from ((name, decoded(name)) for name in items)
    else:
        yield from (("", decoded(text)) for text in items)


def _row(reader: RedisReader, name: str, element: Any) -> Row:
    """A field of a hash is the row's id, unless the drill says otherwise."""
    if reader.kind != "hash" or ID in reader.fields:
        return row_of(element, reader.fields)
    row = row_of(element, reader.fields) if isinstance(element, dict) or reader.fields else {}
    return {**row, ID: name}


def _whole(reader: RedisReader, name: str, element: Any) -> Row:
    """Of a hash the field's name is the row's id, and what it holds is a column where it is no object."""
    if reader.kind != "hash":
        return whole(element, reader.fields)
    held = element if isinstance(element, dict) or reader.fields else {"value": element}
    return {ID: name, **whole(held, reader.fields)}


def _after(entry: str) -> str:
    """The stream entry's id after this one; '' for none."""
    if not entry:
        return ""
    time_ms, _, number = entry.partition("-")
    return f"{time_ms}-{int(number) + 1}"
