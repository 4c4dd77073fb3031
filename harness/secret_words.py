"""Where in a text a known secret is one: a long, random value anywhere; a plain word (`sunflower`) where it stands alone, in a path too; and a
word that names something as well (`orders`: a route, a service, a folder) only where a secret stands: in a URL, behind `password=` or
`mysql -p`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_PART = r"(?:[a-z]{1,15}|[A-Z]{1,15}|[A-Z][a-z]{1,14})"
_WORD = re.compile(rf"{_PART}(?:[-_.]{_PART}){{0,3}}")
_NAMED = (
    r"(?i:passw|passphrase|requirepass|secret|token|api[-_]?key|(?<![a-z])(?:pass|pwd)(?![a-z]))\w{0,20}\\?[\"']?"
    r"(?:\s{0,2}[=:]\s{0,2}|(?<=[-\w]) )\\?[\"']?"
)
"""What is called a secret: `DB_PASSWORD=`, `"password": "`, `--requirepass `."""
_TYPED = (
    r"(?<![\w-])-p[\"']?|\bsshpass -p [\"']?|\bredis-cli\b[^\n|;&]{0,80} -a [\"']?"
    r"|\b(?:curl|wget|http)\b[^\n|;&]{0,200} (?:-u|--user)[ =]?[\"']?[^\s:\"']{1,60}:"
    r"|(?i:\bsqlplus |\bthin:|\bcredentials? )[\"']?\w{1,40}[/:]|(?i:\bidentified by )[\"']?"
    r"|(?i:\bbasic )[\w+/-]{0,200}(?=\[)"
)
"""Where clients and their messages have a password: `mysql -psecret`, `redis-cli -a secret`, `curl -u user:secret`, `sqlplus user/secret`,
`Basic YXBwO[NAME]`."""
_PLACES = (("(?<=:)", "@"), (f"(?:{_NAMED}|{_TYPED})", r"(?!\w)"))
_ALONE = (r"(?<![^\W_])(?<![^\W_]_)", r"(?![^\W_]|_[^\W_]|\\?[\"']\s?:)")
"""Before and after a word by itself: no part of another, of a name (`orders_total`), nor a key of JSON."""
COMMON = {
    "access", "account", "admin", "administrator", "answers", "application", "authentication", "backend", "broker",
    "cache", "change", "client", "cluster", "config", "container", "context", "customer", "customers", "data", "database",
    "default", "delivery", "demo", "develop", "developer", "development", "docker", "elastic", "elasticsearch", "email",
    "error", "events", "example", "facts", "failed", "firing", "frontend", "gateway", "grafana", "health", "healthy",
    "inactive", "inventory", "kafka", "kubernetes", "latency", "lease", "ledger", "levers", "local", "localhost", "locust", "logs", "manager",
    "mariadb", "master", "memcached", "message", "messages", "metrics", "minio", "mongo", "mongodb", "monitor",
    "monitoring", "mysql", "network", "nginx", "normal", "notification", "object", "oracle", "orders", "pages", "passed",
    "password", "payment", "payments", "pending", "postgres", "postgresql", "private", "product", "production",
    "products", "prometheus", "public", "queue", "rabbit", "rabbitmq", "readonly", "redis", "release", "replica",
    "reports", "request", "requests", "resolved", "response", "root", "running", "sample", "samples", "schema", "search",
    "secret", "secrets", "series", "server", "service", "services", "session", "sessions", "shipping", "signal", "staging",
    "started", "state", "status", "stopped", "storage", "stream", "success", "system", "testing", "tests", "ticket",
    "timeout", "token", "tokens", "trace", "traces", "tracing", "unknown", "update", "users", "values", "version",
    "waiting", "website", "worker", "workers",
}  # fmt: skip
"""Words of every stack, and of what a run writes itself (its folders, the states in its facts): they stand in each log by chance."""


def is_word(value: str) -> bool:
    """Whether it reads like a word, or some with a hyphen, which other texts hold by chance; what has a digit in it is none."""
    return _WORD.fullmatch(value) is not None


def spoken(value: str, text: str) -> bool:
    """Whether a text that anybody may read says this word, elsewhere than where a secret stands."""
    if not is_word(value) or value not in text:
        return False
    return re.search(re.escape(value).join(_ALONE), placed(value).sub("", text)) is not None


def names_more(value: str, public: bool) -> bool:
    """Whether it is a secret only where one stands. `public`: something of the stack or of the drill is called so."""
    return public or value.lower() in COMMON


@lru_cache(maxsize=1024)
def placed(value: str) -> re.Pattern[str]:
    """Finds the value, as group 1, where a secret stands, whatever it reads like."""
    return re.compile(_behind(re.escape(value), _PLACES))


@lru_cache(maxsize=1024)
def standing(value: str, public: bool) -> re.Pattern[str]:
    """Finds the value, as group 1, where it is a secret. `public`: see names_more."""
    if names_more(value, public):
        return placed(value)
    escaped = re.escape(value)
    return re.compile(_behind(escaped, (*_PLACES, _ALONE)) if is_word(value) else f"({escaped})")


def _behind(escaped: str, places: Sequence[tuple[str, str]]) -> str:
    """What stands before may be of any length, so that it is part of the match, and not of the group."""
    return f"(?:{'|'.join(f'{before}(?={escaped}{after})' for before, after in places)})({escaped})"
