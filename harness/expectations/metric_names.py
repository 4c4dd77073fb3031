"""How a service's series spell what the load asked and what it got: label matchers, request names, statuses. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

METHODS = frozenset(("get", "head", "post", "put", "patch", "delete", "options", "trace", "connect"))
OURS = ("__name__", "job", "instance", "le")  # labels that tell nothing of requests
ELSEWHERE = frozenset(
    (
        "",
        "*",
        "other",
        "others",
        "unknown",
        "unmatched",
        "none",
        "null",
        "undefined",
        "not found",
        "not_found",
        "default",
    )
)
"""What services write for the route of a request that no route of theirs took: refused before it was routed, perhaps."""
REDIRECTS = ("301", "302", "303", "307", "308")
_VALUE = r'"((?:[^"\\]|\\.)*)"'
_MATCHER = rf"\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*{_VALUE}\s*"
_HELD = re.compile(r"\{(\w+)\}")
_PARAMETER = re.compile(r"(?<=/)(?:\(\?P<[^/]*\)|\{[^/]*\}|\[[^/]*\]|<[^/]*>|:[^/?]+|\*+)(?=[/?]|$)")


@dataclass(frozen=True)
class Matcher:
    """One label matcher of PromQL. A label that a series lacks is ''."""

    label: str
    operator: str
    value: str

    @property
    def text(self) -> str:
        """As PromQL spells it."""
        value = self.value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        return f'{self.label}{self.operator}"{value}"'

    def takes(self, value: str) -> bool:
        if self.operator in ("=", "!="):
            return (value == self.value) == (self.operator == "=")
        try:
            found = re.fullmatch(self.value, value) is not None
        except re.error:  # RE2 knows some that Python does not: nothing is known of it
            return True
        return found == (self.operator == "=~")


def matchers(text: str) -> str:
    """Label matchers as they stand between the braces of a selector. Raises ValueError for what is none."""
    text = text.strip().removesuffix(",")
    if text and not re.fullmatch(f"{_MATCHER}(,{_MATCHER})*", text):
        raise ValueError(f'label matchers look like job="api",route!~"/healthz|/metrics", not {text!r}')
    return text


def parsed(text: str) -> tuple[Matcher, ...]:
    """The matchers of a text that `matchers` took."""
    return tuple(
        Matcher(label, operator, re.sub(r"\\(.)", lambda escaped: "\n" if escaped[1] == "n" else escaped[1], value))
        for label, operator, value in re.findall(_MATCHER, text)
    )


def as_matched(value: str) -> str:
    """As it stands in a pattern between quotes."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value).replace("\\", "\\\\").replace('"', '\\"')


def leaves_out_redirects(only: str) -> bool:
    """Whether these matchers keep answers such as 200 and no redirect."""
    return any(
        one.takes(ordinary) and not any(one.takes(status) for status in redirects)
        for one in parsed(only)
        for ordinary, redirects in (("200", REDIRECTS), ("2xx", ("3xx",)))
    )


def held(template: str) -> tuple[str, ...]:
    """The labels that a template such as '{method} {route}' names."""
    return tuple(_HELD.findall(template))


def spell(template: str, labels: Mapping[str, str]) -> str:
    return _HELD.sub(lambda name: labels.get(name[1], ""), template)


def known_labels(series: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """The labels that any of these series has, without those that Prometheus gives."""
    return tuple(sorted({name for labels in series for name, value in labels.items() if value and name not in OURS}))


def unknown_labels(names: Iterable[str], series: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Those of the names that no series has as a label."""
    return tuple(name for name in dict.fromkeys(names) if not any(labels.get(name) for labels in series))


def class_of(status: str, label: str = "") -> int | None:
    """The class of a status as labels tell it, '200', '2xx' or '2XX' as 2; None for other words. A digit alone is one where the
    label's name says so, as Envoy's envoy_response_code_class does: elsewhere it is a shard, or a code of gRPC."""
    match = re.fullmatch(r"([1-5])(?:\d\d|xx|XX)" if "class" not in label else r"([1-5])(?:\d\d|xx|XX)?", status)
    return int(match[1]) if match else None


def error_statuses(errors: str, series: Sequence[Mapping[str, str]]) -> frozenset[int]:
    """The statuses that these matchers take, as the series spell them, 503 or 5xx; 5xx where no label that they name has a status."""
    named = parsed(errors)
    taken: set[int] | None = None
    for label in dict.fromkeys(one.label for one in named):
        spelt = {value for one in series if class_of(value := one.get(label, ""), label) is not None}
        if not spelt:
            continue
        whole = any(value.isdigit() and len(value) > 1 for value in spelt)
        words = {
            code: {f"{code}"} if whole else {f"{code // 100}{end}" for end in ("xx", "XX", "")}
            for code in range(100, 600)
        }
        mine = [one for one in named if one.label == label]
        fits = {
            code
            for code, its in words.items()
            if any(all(one.takes(word) for one in mine) for word in its & spelt or its)
        }
        taken = fits if taken is None else taken & fits
    return frozenset(range(500, 600) if taken is None else taken)


def routed(names: Sequence[str], series: Sequence[Mapping[str, str]]) -> frozenset[int] | None:
    """The numbers of the request names whose path some label of the series tells; None where no label tells of paths."""
    told = {path_of(value) for one in series for label, value in one.items() if label not in OURS and "/" in value}
    found = frozenset(i for i, name in enumerate(names) if name and path_of(name) in told)
    return found or None


def plain(name: str) -> str:
    """A request's name however it is written: methods in capitals, a path without a query or slashes at its ends, and its
    parameters alike, {id}, [id], <id>, <int:id>, :id, (?P<id>…), *."""
    return " ".join(word.upper() if word.lower() in METHODS else _path(word) for word in name.strip(" ").split(" "))


def _path(word: str) -> str:
    if not word:
        return ""
    text = _PARAMETER.sub("*", "/" + word.removeprefix("^").removesuffix("$").strip("/"))
    return text.partition("?")[0].strip("/") or "/"


def path_of(name: str) -> str:
    """The path of a request's name, in plain spelling; the name itself where it has no method."""
    method, _, path = plain(name).partition(" ")
    return path if method.lower() in METHODS else plain(name)


@dataclass(frozen=True)
class Groups:
    """
    endpoints  by request name, the numbers of its endpoints
    series     by place among the labels given, the request name; those of other callers are not in it
    spelt      by place, the request as the series spells it; '' where a claim does not ask
    others     how those are spelt that are none of the load's
    left_out   request names that no series speaks of and that `only` refuses
    """

    endpoints: Mapping[str, frozenset[int]]
    series: Mapping[int, str]
    spelt: Mapping[int, str]
    others: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def bare(self) -> tuple[str, ...]:
        """Names that no series speaks of."""
        return tuple(name for name in self.endpoints if name not in self.series.values())

    @property
    def unclaimed(self) -> tuple[int, ...]:
        """Places of series that speak of none of the names."""
        return tuple(place for place in self.spelt if place not in self.series)


def grouped(template: str, names: Sequence[str], labels: Sequence[Mapping[str, str]], only: str = "") -> Groups:
    """Which of the load's request names and which series speak of the same; without a template all of all. `only`: the matchers
    by which the series were chosen."""
    if not template:
        places = range(len(labels))
        return Groups({"": frozenset(range(len(names)))}, dict.fromkeys(places, ""), dict.fromkeys(places, ""), ())
    spelt = {place: spell(template, one) for place, one in enumerate(labels)}
    keys = {plain(text) for text in spelt.values()}
    of_name = {name: _key(name, keys) for name in names if name}
    shown = {key: next(name for name, its in of_name.items() if its == key) for key in dict.fromkeys(of_name.values())}
    left_out = {key: name for key, name in shown.items() if key not in keys and _refused(template, name, only)}
    shown = {key: name for key, name in shown.items() if key not in left_out}
    endpoints = {shown[key]: frozenset(i for i, name in enumerate(names) if of_name.get(name) == key) for key in shown}
    series = {place: shown[plain(text)] for place, text in spelt.items() if plain(text) in shown}
    others = dict.fromkeys(text for text in spelt.values() if plain(text) not in shown)
    return Groups(endpoints, series, spelt, tuple(others), tuple(left_out.values()))


def read_by(template: str, name: str) -> dict[str, str]:
    """The labels that a template such as '{method} {route}' reads in a request's name; {} where it does not fit."""
    pattern = _HELD.sub("\0", template)
    pattern = re.escape(pattern).replace("\0", "(.+?)").replace("\\(.+?)", "(.+?)")
    found = re.fullmatch(pattern, name.strip())
    return dict(zip(held(template), found.groups(), strict=True)) if found else {}


def _refused(template: str, name: str, only: str) -> bool:
    """Whether the matchers surely take no series of that request, however the series would spell it."""
    told = read_by(template, name)
    return any(_refuses(one, told[one.label]) for one in parsed(only) if one.label in told)


def _refuses(matcher: Matcher, value: str) -> bool:
    """One that leaves out refuses what it names; one that chooses, what it takes in no spelling."""
    if "*" not in (path := plain(value)):
        stem = path.strip("/")
        spelt = {value, value.upper(), value.lower(), stem, f"/{stem}", f"{stem}/", f"/{stem}/"}
        taken = [matcher.takes(one) for one in spelt]
        return not all(taken) if matcher.operator in ("!=", "!~") else not any(taken)
    pattern = matcher.operator in ("=~", "!~")
    if pattern and re.search(r"[.*+?()^$\[]", re.sub(r"\\.", "", matcher.value)):
        return False  # parameters in a pattern: which spelling it takes is not known
    words = matcher.value.split("|") if pattern else [matcher.value]
    among = path in {plain(re.sub(r"\\(.)", r"\1", word)) for word in words}
    return among if matcher.operator in ("!=", "!~") else not among


def _key(name: str, keys: set[str]) -> str:
    """The name as series spell it: with its method, or, where they have none, by its path alone."""
    text = plain(name)
    path = text.partition(" ")[2]
    return path if text not in keys and path in keys else text
