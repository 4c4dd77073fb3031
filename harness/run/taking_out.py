"""Everything that is on is taken out side by side: a fault that does not let go delays no other's mend.

Edges first, where they let go at once, as they do by themselves: what comes after them may need them (an undo that asks the
database). Those that hurt the same service go one after the other, and so do the drill's own commands that name none: nobody
knows what they share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed, wait

HEAD_START_S = 1.0
"""An ordinary removal of toxics takes milliseconds; what takes longer is not waited for by the others."""

Part = Callable[[], None]
TakeOut = Callable[[Sequence[Part], Sequence[Part], Part], None]
"""Called with the parts on edges, the others, and what is to be called each time that one of them has ended."""


def side_by_side(edges: Sequence[Part], others: Sequence[Part], ended: Part = lambda: None) -> None:
    """Each part in a thread of its own. Raises the first one's error once all have ended."""
    if not edges and not others:
        return
    with ThreadPoolExecutor(len(edges) + len(others)) as workers:
        calls = [workers.submit(part) for part in edges]
        wait(calls, timeout=HEAD_START_S)
        calls += [workers.submit(part) for part in others]
        for _ in as_completed(calls):
            ended()
    for call in calls:
        call.result()


def one_by_one(edges: Sequence[Part], others: Sequence[Part], ended: Part) -> None:
    """In the order of the drill, as a clock that jumps needs it."""
    for part in (*edges, *others):
        part()
        ended()


def chains(targets: Sequence[Sequence[str]]) -> list[list[int]]:
    """Which faults, by their places, go one after the other: `targets` are the services that each touches, none where that is not known."""
    found: list[tuple[set[str], list[int]]] = []
    for number, names in enumerate(targets):
        touched = set(names) or {""}
        joined = [one for one in found if one[0] & touched]
        places = sorted([number, *(place for _, those in joined for place in those)])
        found = [one for one in found if one not in joined]
        found.append((touched.union(*(those for those, _ in joined)), places))
    return [places for _, places in found]
