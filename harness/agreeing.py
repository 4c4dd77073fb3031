"""Of many sets of labels those that agree with one: no label has one value here and another there. Pure.

They are found by the labels that both have, so that of a thousand alerts each is not held against each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")
Places = dict[tuple[str, ...], list[tuple[int, T]]]


class Agreeing(Generic[T]):
    """What has such labels, by their names and then by the values of those asked for."""

    def __init__(self, known: Iterable[tuple[Mapping[str, str], T]]) -> None:
        self._by_names: dict[frozenset[str], list[tuple[int, Mapping[str, str], T]]] = {}
        for number, (labels, one) in enumerate(known):
            self._by_names.setdefault(frozenset(labels), []).append((number, labels, one))
        self._placed: dict[tuple[frozenset[str], tuple[str, ...]], Places[T]] = {}

    def of(self, labels: Mapping[str, str]) -> list[T]:
        """Those that agree with these, in the order in which they were given."""
        found: list[tuple[int, T]] = []
        for names in self._by_names:
            both = tuple(sorted(names & labels.keys()))
            found += self._places(names, both).get(tuple(labels[name] for name in both), ())
        return [one for _, one in sorted(found, key=lambda numbered: numbered[0])]

    def _places(self, names: frozenset[str], both: tuple[str, ...]) -> Places[T]:
        if (names, both) not in self._placed:
            places: Places[T] = {}
            for number, labels, one in self._by_names[names]:
                places.setdefault(tuple(labels[name] for name in both), []).append((number, one))
            self._placed[names, both] = places
        return self._placed[names, both]
