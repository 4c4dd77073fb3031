"""Which arrivals are one worker's, where several share a load: every n-th of the one schedule. Pure.

So the arrivals of all workers together are those that a single process would have, whatever their number, and the rate is held by
each of them alone: nobody has to tell anybody while the load runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """The part of worker number `worker` (from 0) of `of` workers."""

    worker: int = 0
    of: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.worker < self.of:
            raise ValueError(f"there is no worker {self.worker} of {self.of}")

    def of_all(self, everything: Iterator[T]) -> Iterator[T]:
        """Its own among what goes with arrivals, one for each, in their order."""
        return itertools.islice(everything, self.worker, None, self.of)
