"""What calm times taught of a service's answers, and which of a window's answers were never seen before. Pure, and honest about chance.

An answer's kind is (endpoint, status, shape); see load/shape.py. That a kind was never seen before says something only where it
would have been: if it were as frequent in calm times as in the window, then of its k answers, among n in the window and m in calm
times, all would lie in the window with probability C(n, k) / C(n + m, k) (Fisher's exact test of 0 of m against k of n; for a
share p = k/n it is below 5 % from about m = 3/p on, the rule of three). The limit of 5 % is shared among the kinds tested (Bonferroni).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.ledger import Rows

ALPHA = 0.05
_TAGS = re.compile(r" ?tags:[0-9a-f]{8}$")
_JSON = re.compile(r"^(\S*json\S*(?: -> \S+)?)( not json)?.*$", re.DOTALL)

Kind = tuple[str, int, str]
"""Endpoint, status, and shape; '' for a shape that was not taken."""


def rough(shape: str) -> str:
    """A shape without what varies within one page: of HTML which tags, of JSON which keys."""
    match = _JSON.match(shape)
    return match.group(1) + (match.group(2) or "") if match else _TAGS.sub("", shape)


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
        return sum(count for kind, count in self.kinds.items() if endpoint in ("", kind[0]))

    @property
    def unshaped(self) -> int:
        return sum(count for kind, count in self.kinds.items() if not kind[2])


@dataclass(frozen=True)
class Novelty:
    """Answers that calm times never showed, taken together as far as they are equally new.

    level    status, rough or shape: what was never seen of them
    kinds    theirs; count of the answers
    chance   the probability that nothing of it would have been seen before, were it as frequent in calm times
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
    groups: dict[tuple[str, int, str, str], set[Kind]] = {}
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
    found = [_novelty(calm, seen, key, kinds, ALPHA / len(groups)) for key, kinds in groups.items()]
    return sorted(found, key=lambda one: (-one.count, one.endpoint, one.status, one.level, one.what))


def _novelty(calm: Answers, seen: Answers, key: tuple[str, int, str, str], kinds: set[Kind], alpha: float) -> Novelty:
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
        not is_new and level == "shape" and _varies(calm, seen, endpoint, status, rough(what)),
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


def _varies(calm: Answers, seen: Answers, endpoint: str, status: int, what: str) -> bool:
    """Whether calm times themselves go on showing shapes of this page that they had not shown before, and as often.

    The share of answers whose shape came once is what the next one is new with (Good and Turing). Fisher's exact test.
    """

    def mine(answers: Answers) -> list[tuple[Kind, int]]:
        return [
            (k, n) for k, n in answers.kinds.items() if k[:2] == (endpoint, status) and k[2] and rough(k[2]) == what
        ]

    once, taught = sum(n == 1 for _, n in mine(calm)), sum(n for _, n in mine(calm))
    fresh, of = sum(n for k, n in mine(seen) if k not in calm.kinds), sum(n for _, n in mine(seen))
    if not once:
        return False
    from scipy.stats import hypergeom

    return float(hypergeom.sf(fresh - 1, taught + of, once + fresh, of)) > ALPHA
