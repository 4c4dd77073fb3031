"""Where a service's name stands in a text for something else: a user, a URL's scheme, an image, a database, a comment. Pure."""

from __future__ import annotations

import re

from harness.stack.texts import Text

SETTING = re.compile(
    r"(?:user|username|password|database|db_?name|dbname|mode|type|driver|dialect|engine|images?"
    r"|(?:service|cluster|app|application|project)[_.]?name|(?:^|[_.\-])(?:env|environment|role|profile)"
    r"|^server_name|^dd_service|replica[_.]?set|allowed_?hosts|trusted_\w+|^virtual_host|^letsencrypt_host"
    r"|(?:postgres\w*|pg|mysql|mariadb|mongo\w*|clickhouse|influx\w*|initdb|init)_db)$",
    re.IGNORECASE,
)
"""The name of a setting that holds no host."""
_SCHEME = re.compile(r"(?:\+[\w.+\-]+)?://")
_AUTHORITY = re.compile(r"://[^\s/'\"<>]*$")
_CREDENTIALS = re.compile(r"(?!,|:\d{1,5},)[^\s/?#;@'\"<>]*@")
_LOGIN = re.compile(r"(?!:\d{1,5}(?:,|@\d{1,5}(?![\d.])))(?::[^\s/?#;@'\"<>]*)?@")
"""But for kafka1:9093,2@kafka2:9093 and redis:6379@16379, a host and its port, though an @ comes later."""
_IMAGE = re.compile(
    r"(?:images?['\"]?(?:\s*[:=]\s*|[ \t]+)['\"]?|^\s*FROM\s+(?:--\S+\s+)*|--from=)(?:[\w.\-]+/)*$",
    re.IGNORECASE | re.MULTILINE,
)
_TAG = re.compile(r":\d{1,5}-[a-z]", re.IGNORECASE)
_ITEM = re.compile(r"(\s*)-\s+(?:name:\s*)?['\"]?(?:[\w.\-]+/)*")
_INLINE = re.compile(r"\s*services:\s*\[[^\]]*")
_COMMENT = re.compile(r"(?:^|\s)(?://|/\*|<!--|#(?=\s))|^\s*\*")


def credential_or_scheme(before: str, after: str) -> bool:
    """postgres://postgres:postgres@db: the first two of the three are no host, nor the third where a fourth came behind an @."""
    if _SCHEME.match(after) or _LOGIN.match(after):
        return True
    return bool(_AUTHORITY.search(before) and _CREDENTIALS.match(after))


def image(text: Text, start: int, end: int) -> bool:
    """An image and its tag: by its key, by what a tag alone looks like, or as one of the `services:` of a pipeline."""
    before = text.body[max(0, start - 160) : start]
    if text.kind == "environment" and re.search(r"images?$", text.key, re.IGNORECASE):
        return True
    if _IMAGE.search(before) or _TAG.match(text.body, end):
        return True
    return text.kind == "file" and _of_a_pipeline(text.body, start)


def _of_a_pipeline(body: str, start: int) -> bool:
    """Whether what begins there is an item of a list that is called `services:`, as in .gitlab-ci.yml."""
    begin = body.rfind("\n", 0, start) + 1
    line = body[begin:start]
    if _INLINE.fullmatch(line):
        return True
    item = _ITEM.fullmatch(line)
    if item is None:
        return False
    depth = len(item.group(1))
    for above in reversed(body[:begin].splitlines()):
        inner = above.lstrip()
        if not inner or inner.startswith("#") or len(above) - len(inner) > depth:
            continue
        if len(above) - len(inner) < depth or not inner.startswith("-"):
            return inner.startswith("services:")
    return False


def comment(text: Text, line: str) -> bool:
    """Whether a line of a program has begun a comment: prose, which speaks of everything."""
    return text.program and bool(_COMMENT.search(line))
