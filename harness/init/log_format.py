"""How the lines of an access log are made, as its proxy's configuration has it: nginx's log_format or Apache's LogFormat. Pure.

Sources: ngx_http_log_module; mod_log_config.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.errors import UsageError

LONGEST = 8192  # characters of a line
KNOWN = ("common", "combined")
"""Names of formats that every log is tried for."""
_REQUEST = r"(?P<method>[A-Z]{3,10}) (?P<uri>[^\s\"]+)(?: HTTP/[\d.]+)?"
_METHOD, _URI, _STATUS = r"(?P<method>[A-Z]{3,10})", r"(?P<uri>/[^\s\"]*)", r"(?P<status>[1-5]\d\d)"
_PARTS = {
    "$request": _REQUEST, "$request_method": _METHOD, "$request_uri": _URI, "$uri": _URI, "$document_uri": _URI, "$status": _STATUS,
    "%r": _REQUEST, "%m": _METHOD, "%U": _URI, "%s": _STATUS, "$time_local": r"\S+ [+-]\d{4}", "%t": r"\[[^\]]*\]", "%q": r"(?:\?\S*)?",
}  # fmt: skip
_WORD = r"\S*"
_GLUED = {  # such a value with nothing between it and one of these: a host, with its scheme or not, ends where the path begins
    _URI: r"(?:[^\s:/\"]*://)?+[^\s/\"]*+", _METHOD: r"\S*?", _REQUEST: r"\S*?",
}  # fmt: skip
_PREFIX = r"(?:\S+ +\| )?(?:\d{4}-\d\d-\d\dT\S+Z )?"  # of `docker compose logs`, and of `--timestamps`
_NEEDED = ("method", "uri", "status")
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)|%[<>]?(?:\{[^}]*\})?[<>]?([a-zA-Z])")
_QUOTED = r"""'(?:\\.|[^'\\])*+'|"(?:\\.|[^"\\])*+\""""
_COMMENT = r"#[^\n]*+"
_BARE = r"""(?!['"#])(?:\$\{\w+\}|\\.|[^\s;{}\\])++"""
_DIRECTIVE = re.compile(
    rf"^\s*(?:log_format\s+\S+\s+(?:escape=\w+\s+)?(?P<nginx>(?:{_QUOTED}|{_COMMENT}|{_BARE}|\s++)++);"
    rf"|LogFormat\s+(?P<apache>{_QUOTED}|\S+))",
    re.MULTILINE,
)
_WRITTEN = re.compile(rf"{_COMMENT}|({_QUOTED}|{_BARE})")
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "'": "'", '"': '"', "\\": "\\"}


def layouts(text: str, name: str) -> tuple[re.Pattern[str], ...]:
    """Patterns of lines with the groups method, uri and status: of a format as it is written, or of each in a proxy's configuration.

    Raises UsageError where it has none that tells all three; `name` is what messages call it.
    """
    found = tuple(pattern for format_ in _formats(text) if (pattern := _layout(format_)) is not None)
    if not found:
        raise UsageError(
            f"{name}: it has no format with a request's method, path and status: nginx's $request (or $request_method and $request_uri) "
            'and $status, or Apache\'s \\"%r\\" (or %m and %U) and %s'
        )
    return found


def _formats(text: str) -> Sequence[str]:
    directives = list(_DIRECTIVE.finditer(text))
    if not directives:
        return [_unescaped(text.strip())]
    return [
        "".join(_unquoted(one[1] or "") for one in _WRITTEN.finditer(match["nginx"]))
        if match["nginx"]
        else _unquoted(match["apache"])
        for match in directives
    ]


def _unquoted(text: str) -> str:
    return _unescaped(text[1:-1] if text[:1] in ("'", '"') else text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[0]), text)


def _layout(format_: str) -> re.Pattern[str] | None:
    """The pattern of its lines; None where they do not tell a request."""
    pattern, at, named = _PREFIX, 0, set[str]()
    for variable in _VARIABLE.finditer(format_):
        pattern += re.escape(format_[at : variable.start()])
        at = variable.end()
        nginx = variable[1] or variable[2]
        if nginx or "{" not in variable[0]:
            part = _PARTS.get(f"${nginx}" if nginx else f"%{variable[3]}", "")
        else:  # %{%d/%b/%Y %T}t: a time as it is told
            part = " ".join(r"\S+" for _ in variable[0].split(" ")) if variable[3] == "t" else ""
        groups = set(re.findall(r"\?P<(\w+)>", part))
        part = part if part and not groups & named else _anything(format_[at : at + 1])
        if pattern.endswith(_WORD):
            pattern = pattern.removesuffix(_WORD) + _GLUED.get(part, _WORD)
            part = "" if part == _WORD else part
        pattern += part
        named |= groups
    return re.compile(pattern + re.escape(format_[at:])) if named.issuperset(_NEEDED) else None


def _anything(until: str) -> str:
    """A value up to the character that follows it, which is never tried again shorter: a line that does not suit costs no time. A list
    such as `10.0.0.1, 10.0.0.2` holds blanks."""
    if not until or until in "$%":
        return _WORD
    return r"(?>[^ ]*(?:(?<=,) [^ ]*| : [^ ]*)*)" if until == " " else f"[^{re.escape(until)}]*+"
