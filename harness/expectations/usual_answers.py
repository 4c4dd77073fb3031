"""What calm times taught of a service's answers, and which of a window's answers were never seen before. Pure, and honest about chance.

An answer's kind is (endpoint, status, shape); see load/shape.py. That a kind was never seen before says something only where it
would have been: if it were as frequent in calm times as in the window, then of its k answers, among n in the window and m in calm
times, all would lie in the window with probability C(n, k) / C(n + m, k) (Fisher's exact test of 0 of m against k of n; for a
share p = k/n it is below 5 % from about m = 3/p on, the rule of three). The limit of 5 % is shared among all that is tested (Bonferroni).

An error that calm times never showed at any endpoint is tested over all endpoints as well, by its status and by its class (5xx): that
none of it was seen has the product of the endpoints' chances, each from its own n and m, so that it does not matter what is asked more often.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.expectations.usual_variety import ALPHA, Variety

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.ledger import Rows

_TAGS = re.compile(r" ?tags:[0-9a-f]{8}$")
_JSON = re.compile(r"^(\S*json\S*(?: -> \S+)?)( not json)?.*$", re.DOTALL)

_END = re.compile(r"( -> /\S+/)[^/\s]+(?=$| )")
_TITLE = re.compile(r" '.*'$", re.DOTALL)

Kind = tuple[str, int, str]
"""Endpoint, status, and shape; '' for a shape that was not taken."""
Key = tuple[str, int, str, str]
"""Endpoint, status, level and what: by which kinds are taken together."""


def rough(shape: str) -> str:
    """A shape without what varies within one page: of HTML which tags, of JSON which keys."""
    match = _JSON.match(shape)
    return match.group(1) + (match.group(2) or "") if match else _TAGS.sub("", shape)


def family(page: str) -> str:
    """A page without its title and the end of the path that a redirect led to: where these name the content, they vary."""
    return _TITLE.sub(" '*'", _END.sub(r"\1*", page))


@dataclass(frozen=True)
class Answers:
    """How many answers of each kind."""

    kinds: Mapping[Kind, int]

    @staticmethod
    def of(rows: Rows, mask: NDArray[np.bool_]) -> Answers:
        """Those among the rows that were answered at all."""
        array = rows.array[mask & (rows.array["status"] > 0)]
        code = array["endpoint"].astype(np.uint64) << np.uint64(48) | array["status"].astype(np.uint64) << np.uint64(32)
        values, counts = np.unique(code | array["shape"], return_counts=True)
        kinds: Counter[Kind] = Counter()
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            kinds[rows.endpoints[value >> 48], value >> 32 & 0xFFFF, rows.shapes[value & 0xFFFFFFFF]] += count
        return Answers(kinds)

    def n(self, endpoint: str = "") -> int:
        return self._at[endpoint] if endpoint else sum(self.kinds.values())

    @cached_property
    def _at(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for (endpoint, _, _), count in self.kinds.items():
            found[endpoint] += count
        return found

    @property
    def unshaped(self) -> int:
        return sum(count for kind, count in self.kinds.items() if not kind[2])


@dataclass(frozen=True)
class Novelty:
    """Answers that calm times never showed, taken together as far as they are equally new.

    level    status, rough or shape: what was never seen of them
    kinds    theirs; count of the answers
    chance   the probability that nothing of it, or of all such errors, would have been seen before, were it as frequent in calm times
    new      whether that is too improbable; usual: whether calm times vary as much themselves
    needed   how many answers of the endpoint calm times would have to show so that it could be told
    """

    endpoint: str
    status: int
    level: str
    what: str
    kinds: frozenset[Kind]
    count: int
    of: int
    taught: int
    chance: float
    new: bool
    usual: bool
    needed: int


def novelties(calm: Answers, seen: Answers, allowed: Callable[[Kind], bool] = lambda kind: False) -> list[Novelty]:
    """What is new in `seen` and not allowed, most answers first."""
    statuses = {(endpoint, status) for endpoint, status, _ in calm.kinds}
    roughs = {(endpoint, status, rough(shape)) for endpoint, status, shape in calm.kinds if shape}
    groups: dict[Key, set[Kind]] = {}
    for kind in seen.kinds:
        endpoint, status, shape = kind
        if kind in calm.kinds or (not shape and (endpoint, status) in statuses) or allowed(kind):
            continue
        level, what = "shape", shape
        if (endpoint, status, rough(shape)) not in roughs:
            level, what = "rough", rough(shape)
        if (endpoint, status) not in statuses:
            level, what = "status", ""
        groups.setdefault((endpoint, status, level, what), set()).add(kind)

    @cache
    def variety(endpoint: str, status: int, page: str, level: str) -> Variety:
        name, within = (str, rough) if level == "shape" else (rough, _family_of)
        return Variety(*(_named(answers, (endpoint, status, page), name, within) for answers in (calm, seen)))

    def vary(endpoint: str, status: int, level: str, what: str, count: int, chance: float) -> bool:
        if level == "shape":
            return variety(endpoint, status, rough(what), level).goes_on
        titles = variety(endpoint, status, family(what), level) if level == "rough" else None
        return titles is not None and titles.habit and titles.goes_on and not titles.repeated(count, chance)

    pools = list(_pools(calm, groups))
    alpha = ALPHA / max(1, len(groups) + len(pools))
    by_key = {key: _novelty(calm, seen, key, kinds, alpha, vary) for key, kinds in groups.items()}
    for pool in pools:
        chance = math.prod(by_key[key].chance for key in pool)
        if chance <= alpha:
            by_key |= {
                key: replace(by_key[key], new=True, usual=False, chance=min(chance, by_key[key].chance)) for key in pool
            }
    found = by_key.values()
    return sorted(found, key=lambda one: (-one.count, one.endpoint, one.status, one.level, one.what))


def _pools(calm: Answers, groups: Iterable[Key]) -> Iterator[list[Key]]:
    """Errors of one status, and of one class, at several endpoints, of which calm times showed none anywhere: where they showed some,
    the endpoints without are chosen by chance, and together they would look new."""
    errors = [key for key in groups if key[1] >= 400]
    for hundred in (1, 100):
        usual = {status // hundred for _, status, _ in calm.kinds}
        pools: dict[int, list[Key]] = {}
        for key in errors:
            pools.setdefault(key[1] // hundred, []).append(key)
        yield from (pool for number, pool in pools.items() if number not in usual and len(pool) > 1)


def _novelty(
    calm: Answers,
    seen: Answers,
    key: Key,
    kinds: set[Kind],
    alpha: float,
    vary: Callable[[str, int, str, str, int, float], bool],
) -> Novelty:
    endpoint, status, level, what = key
    count, of, taught = sum(seen.kinds[kind] for kind in kinds), seen.n(endpoint), calm.n(endpoint)
    chance = chance_unseen(count, of, taught)
    is_new = chance <= alpha
    return Novelty(
        endpoint,
        status,
        level,
        what,
        frozenset(kinds),
        count,
        of,
        taught,
        chance,
        is_new,
        not is_new and vary(*key, count, chance),
        math.ceil(of * (alpha ** (-1 / count) - 1)),
    )


def chance_unseen(count: int, of: int, taught: int) -> float:
    """C(of, count) / C(of + taught, count): that a kind with `count` of `of` answers shows none among `taught` others."""
    chance = 1.0
    for number in range(count):
        chance *= (of - number) / (of + taught - number)
        if chance < 1e-12:
            return 0.0
    return chance


def _family_of(shape: str) -> str:
    return family(rough(shape))


def _named(
    answers: Answers, page: tuple[str, int, str], name: Callable[[str], str], within: Callable[[str], str]
) -> Counter[str]:
    found: Counter[str] = Counter()
    for (endpoint, status, shape), n in answers.kinds.items():
        if shape and (endpoint, status, within(shape)) == page:
            found[name(shape)] += n
    return found
