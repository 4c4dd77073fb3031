"""Routes of a service, as its users call them: a method, a path with its ids as parameters, and how often. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.init.seen import Page, Spoken
from harness.urls import of_health

SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing (RFC 9110, 9.2.1): only these are called without being asked for."""
MOST_VALUES = 50
_NUMBER = re.compile(r"\d+")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_HEX = re.compile(r"(?=.*\d)[0-9a-fA-F]{8,}")
_TOKEN = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9_\-.=~]{20,}")


@dataclass(frozen=True)
class Route:
    """One thing that users ask for.

    path     ids as {name}: /orders/{id}
    values   what may stand for each name; every name of the path has at least one
    weight   how often, relative to the other routes
    wanted   statuses of a right answer; () for any below 400
    off      why it is no task yet but a commented one, or ''
    """

    method: str
    path: str
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weight: int = 1
    wanted: tuple[int, ...] = ()
    off: str = ""

    @property
    def name(self) -> str:
        """As claims of the drill call it."""
        return f"{self.method} {self.path}"

    @property
    def example(self) -> str:
        """The path with the first of each value."""
        path = self.path
        for name, given in self.values.items():
            path = path.replace("{" + name + "}", given[0])
        return path


def kind_of(segment: str) -> str:
    """What a segment of a path is, when it names one of many: number, uuid, date, hex, token; '' for a word."""
    for name, shape in (("number", _NUMBER), ("uuid", _UUID), ("date", _DATE), ("hex", _HEX), ("token", _TOKEN)):
        if shape.fullmatch(segment):
            return name
    return ""


def template(segments: Sequence[str], many: Iterable[int] = ()) -> tuple[str, dict[str, str]]:
    """A path's segments as a template, and the value of each of its names. `many`: places that vary though they hold words.

    Two ids in one path get names of their own: /users/{id}/orders/{id2}.
    """
    places, values, parts = set(many), dict[str, str](), []
    for place, segment in enumerate(segments):
        kind = kind_of(segment)
        if not kind and place not in places:
            parts.append(segment.replace("{", "%7B").replace("}", "%7D"))
            continue
        base = "date" if kind == "date" else "id" if kind else "name"
        name, number = base, 1
        while name in values:
            number += 1
            name = f"{base}{number}"
        values[name] = segment
        parts.append("{" + name + "}")
    return "/" + "/".join(parts), values


def of_pages(target: Spoken) -> tuple[Route, ...]:
    """The pages that were found, those that only tell whether it lives least often; where none was, the first with the status that it had."""
    good = target.good
    if good:
        users = [page for page in good if not of_health(page.path)]
        return tuple(
            Route(
                "GET", page.path, weight=1 if page not in users else 6 if page == users[0] else 2, wanted=(page.status,)
            )
            for page in ((*users, *(one for one in good if one not in users)) if users else good)
        )
    first = target.pages[0] if target.pages else Page("/", 0)
    return (Route("GET", first.path, wanted=(first.status,) if first.status else ()),)


def answered(routes: Sequence[Route], statuses: Mapping[str, int]) -> tuple[Route, ...]:
    """The routes, those off that did not answer well when they were asked for once: `statuses` by example, 0 for no answer."""
    found = []
    for route in routes:
        status = statuses.get(route.example)
        if route.off or route.method != "GET" or status is None:
            found.append(route)
        elif status == 0 or status >= 400:
            told = f"{route.example} was answered with {status}" if status else f"{route.example} was not answered"
            found.append(replace(route, off=f"{told} when it was tried: put in what exists, or set it up before."))
        elif route.wanted and status not in route.wanted:
            found.append(replace(route, wanted=(*route.wanted, status)))
        else:
            found.append(route)
    return tuple(sorted(found, key=lambda route: bool(route.off)))


def scaled(counts: Sequence[int], most: int = 100) -> list[int]:
    """Counts as small whole weights in the same proportion, each at least 1."""
    top = max(counts, default=0)
    return [max(1, round(count * most / top)) if top > most else max(1, count) for count in counts]
