"""Which variables and keys hold a secret, by what they are called and what stands there: `API_TOKEN` does; `TOKEN_URL`, which is an address,
`TOKEN_HEADER`, a name, `MAX_TOKENS`, a number, and `TLS_KEY=/certs/server.key` do not. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

_NAMES = re.compile(
    r"token(?!i[sz](?:e|ing|ation))|secret(?!ar)|passw|passphrase|(?<![a-z])pass(?![a-z]|[_-]?through)|(?<=[a-z0-9]_)pwd(?![a-z])"
    r"|(?<![a-z])key(?![a-z])|_key(?!space|cloak|stone|board|word)|(?:access|account|api|private|shared|signing)key",
    re.IGNORECASE,
)
"""`PWD` alone is a folder."""
_PASSWORD = re.compile(r"passw|passphrase|(?<![a-z])pass(?![a-z])|pwd", re.IGNORECASE)
_TYPED = re.compile(
    rf"{_PASSWORD.pattern}|(?:app|client|cookie|jwt|session|webhook)[_.-]?secret|api[_.-]?key", re.IGNORECASE
)
"""What people make up themselves, of words, and one of each of their services has."""
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

_HOSTS = {"addr", "address", "addresses", "authority", "domain", "host", "hostname", "hosts", "issuer"}
_ASKED = {"endpoint", "endpoints", "uri", "url", "urls"}
"""Behind a secret's own name only with an address or a path: `WEBHOOK_SECRET_ENDPOINT` may be the secret."""
_SERVERS = {"broker", "brokers", "server", "servers", "service", "services"}
_FILES = {"dir", "directory", "file", "filename", "folder", "location", "path", "paths"}
_HOLDS = {"aud", "audience", "env", "namespace", "realm", "region", "scope", "scopes"}
"""Where or for what a secret holds."""
_OWNERS = _SERVERS | {"backend", "engine", "provider", "resolver", "storage", "store"}
"""Where a secret is kept or asked for; it may be whose it is, too: `DB_PASSWORD_BACKEND`."""
_CALLED = {
    "alg", "algorithm", "alias", "arn", "attribute", "claim", "class", "column", "converter", "decoder", "deserializer", "encoder", "encoding",
    "encryption", "field", "format", "generator", "hash", "hasher", "hashing", "header", "headers", "mode", "name", "policy", "prefix",
    "rotation", "scheme", "serializer", "strategy", "suffix", "type", "version",
}  # fmt: skip
"""What a secret, or where it stands, is called, or how it is made."""
_SWITCHED = {"disabled", "enabled", "optional", "required"}
_AMOUNTS = {
    "age", "attempts", "bits", "bytes", "count", "days", "expiration", "expire", "expires", "expiry", "hours", "in", "interval",
    "iterations", "length", "lifetime", "limit", "millis", "minute", "minutes", "ms", "rate", "retries", "rounds", "sec", "second", "seconds",
    "secs", "size", "timeout", "ttl", "validity", "window",
}  # fmt: skip
_KEYS_OF_DATA = {
    "binding", "cache", "dedup", "deduplication", "foreign", "grouping", "idempotency", "index", "join", "limit", "lock", "lookup",
    "partition", "partitioning", "primary", "range", "routing", "row", "shard", "sharding", "sort", "sorting", "unique",
}  # fmt: skip
"""What a row or a lock is found by."""
_LOCKED_OR_FOUND = {"group", "message", "object", "record"}
"""What is found by a key, or encrypted with one."""
_COLUMN = re.compile(r"[\w-]*(?:[_-]id|Id)|[\w-]+(?:[./:][\w-]+)+/?", re.ASCII)
_COLUMN_OF_WORDS = re.compile(r"[a-z]{2,15}(?:_[a-z]{2,15}){1,4}|[A-Za-z][a-z]{1,14}(?:[A-Z][a-z]{1,14}){1,4}")
"""`customer_id`, `orders/2024.csv`; `account_number`, `orderNumber`."""

_MANY = {"keys", "max", "min", "passwords", "secrets", "tokens"}
_PUBLIC = (["public", "key"], ["publishable", "key"])
_LETTERS = r"(?:[A-Za-z]?[a-z]{0,14}(?:[A-Z]{1,4}[a-z]{2,14}|Id)*|[A-Z]{1,15})"
_PIECE = re.compile(rf"{_LETTERS}\d{{0,5}}|\d{{1,6}}(?:[a-z]|ms)?")
_SAID = re.compile(r"[\w \-.:/,;*@+\\~${}]+", re.ASCII)
_AMOUNT = re.compile(r"-?\d+(?:[._,:]\d+){0,4}\s?[A-Za-z]{0,12}(?:\d{1,4}[a-z]{1,2}){0,3}|-?P[\dTDHMSW.]{1,20}")
_PATH = re.compile(r"(?:~|\.{1,2}|[A-Z]:)?(?:(?:[/\\][\w.@+-]+){2,}|[/\\][\w-]+\.[A-Za-z]{2,5})[/\\]?", re.ASCII)
_CLASS = re.compile(r"[a-z]\w*(?:\.[a-z]\w*)+(?:[.$][A-Z]\w*)+", re.ASCII)
_HOST = r"(?:[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?|\[[0-9a-f:]+\])(?::\d{1,5})?"
_DOMAIN = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z]{2,15}(?::\d{1,5})?")
_ADDRESS = re.compile(
    rf"{_DOMAIN.pattern}|[\w.-]+:\d{{2,5}}(?:,[\w.-]+:\d{{2,5}})*|(?:\d{{1,3}}\.){{3}}\d{{1,3}}", re.ASCII
)
KEPT = r"(?:/(?:var/)?run/secrets/|/(?:etc|mnt|secrets|vault)/|(?:arn:aws[\w-]*|vault|ssm|sops|secretsmanager|keyvault|file|env):(?!//)|(?:file|op)://)"
"""How a place begins where a secret is kept: `/run/secrets/db1`, `vault:secret/data/db1`."""
_KEPT = re.compile(rf"{KEPT}\S*")
_URL = re.compile(
    rf"(?:[a-z][a-z0-9+.-]{{0,30}}:){{1,2}}//(?:(?P<user>[^\s/@:?#]*)(?::[^\s/@]*)?@)?(?:{_HOST}(?:,{_HOST})*)?"
    r"(?P<path>/[^\s?#]*)?(?:\?(?P<query>[^\s#]*))?(?:#(?P<fragment>\S*))?"
)
_OF_LOGIN = re.compile(r"/(?:oauth2?|openid-connect|\.well-known|discovery|v2\.0)(?:/|$)")
"""Pages of a server that hands out tokens: the ids before them are of its tenants and pools."""


def names_secret(name: str) -> bool:
    """Whether a key or a variable of this name may hold something that must not be written down."""
    return _NAMES.search(name) is not None


def holds_secret(name: str, value: str) -> bool:
    """Whether it does, with this value."""
    return names_secret(name) and not is_setting(name, value)


def is_setting(name: str, value: str) -> bool:
    """Whether it tells about a secret: where or how it is made, called or kept, for how long it holds. Whatever it is called, it must read
    like that too: a header's value, or a hook's URL with a token in it, is a secret. A URL's password is told by itself."""
    words = _words(name)
    if name.upper().endswith("_FILE") or words[-2:] in _PUBLIC or value.lower() in _SWITCHED or _KEPT.fullmatch(value):
        return True
    last = words[-1] if words else ""
    if url := _URL.fullmatch(value):
        return _is_plain(url, last in ("authority", "issuer"))
    if not reads(value):
        shape = _DOMAIN if last in _HOSTS | _ASKED | _SERVERS else _AMOUNT if _counts(words) else None
        return shape is not None and shape.fullmatch(value) is not None
    return _is_said_of_one(name, words, value)


def _is_said_of_one(name: str, words: Sequence[str], value: str) -> bool:
    """Of what reads like words: whether it is a file, a place, a name or a number."""
    last = words[-1] if words else ""
    if not _PASSWORD.search(name) and (_PATH.fullmatch(value) or _CLASS.fullmatch(value)):
        return True
    if last in _FILES:
        return re.search(r"[/\\.]", value) is not None
    if last in _OWNERS | _ASKED:
        return not _TYPED.search(name) or _ADDRESS.fullmatch(value) is not None or (last in _ASKED and "/" in value)
    return last in _HOSTS | _HOLDS | _CALLED or _counts(words) or _names_data(words, value)


def _counts(words: Sequence[str]) -> bool:
    """`TOKEN_TTL`, `MAX_TOKENS`."""
    return bool(words) and (words[-1] in _AMOUNTS or (words[-1] in _MANY and not {"max", "min"}.isdisjoint(words)))


def _names_data(words: Sequence[str], value: str) -> bool:
    """`PARTITION_KEY`, `MESSAGE_KEY=order_id`, `SIGNING_KEY_ID`; no `AWS_ACCESS_KEY_ID`."""
    before, last = ("", *words)[-2:]
    if last in ("key", "keys"):
        return before in _KEYS_OF_DATA or (before in _LOCKED_OR_FOUND and _is_column(value))
    return (before, last) == ("key", "id") and "access" not in words


def _is_column(value: str) -> bool:
    """Whether rows have a column of this name, or a store an object; `topSecretKey`, of words too, is what one encrypts with."""
    words = _COLUMN_OF_WORDS.fullmatch(value) and not names_secret("_".join(_words(value)))
    return bool(words or _COLUMN.fullmatch(value))


def _is_plain(url: re.Match[str], issuer: bool) -> bool:
    """Whether nothing in it is a token."""
    path, query = url["path"] or "", url["query"] or ""
    asked = parse_qsl(query, keep_blank_values=True)
    return (
        (issuer or _OF_LOGIN.search(path) is not None or reads(path))
        and reads(url["user"] or "")
        and reads(url["fragment"] or "")
        and all(reads(key) and reads(value) and not names_secret(key) for key, value in asked)
    )


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def reads(text: str) -> bool:
    """Whether it is made of words and small numbers, as no token is."""
    return not text or (
        _SAID.fullmatch(text) is not None and all(_PIECE.fullmatch(piece) for piece in re.split(r"[\W_]+", text))
    )
