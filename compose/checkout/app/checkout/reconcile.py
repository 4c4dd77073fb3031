"""Reconciliation: for each charge that the provider holds, whether it is what was ordered. HTTP does not tell: a wrong sum is
charged with status 200.

By the worker, all the time: the gauge `orders_totals_differ`. By hand: python3 -m checkout.reconcile gives back what was charged
too much, and ends with 1 when a difference stays.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from checkout import logs, metrics
from checkout.calls import Failed
from checkout.provider import Provider
from checkout.store import Store

T = TypeVar("T")
R = TypeVar("R")

FIRST_PAGE = "/charges?limit=1000"
AGAIN_AT_ONCE = 100
WIDTH = 8
"""So many requests to the provider at once: one after the other a release's worth of refunds takes minutes."""


class Reconciler:
    """Reads the provider's book from its beginning, then what is new in it; what differed is asked for again until it does not."""

    def __init__(self, store: Store, provider: Provider) -> None:
        self._store, self._provider = store, provider
        self._page = FIRST_PAGE
        self.differing: dict[str, tuple[str, int, str]] = {}
        """By order: the charge, the cents that were charged too much (below 0: too little), the release."""

    async def look(self) -> bool:
        """One page, and some of what differed. Whether there was anything new."""
        again = list(self.differing)[:AGAIN_AT_ONCE]
        for order in again:
            self.differing[order] = self.differing.pop(order)  # the next ones are next, however many there are
        charges = await side_by_side(self._provider.charge_for, again)
        new = await self._provider.charges(self._page)
        await self._compare([charge for charge in (*charges, *new) if charge is not None])
        if new:
            self._page = f"{FIRST_PAGE}&starting_after={new[-1]['id']}"
        metrics.show_totals_differ(Counter(version for _, _, version in self.differing.values()))
        return bool(new)

    async def _compare(self, charges: list[dict[str, Any]]) -> None:
        totals = await self._store.totals([charge["reference"] for charge in charges]) if charges else {}
        for charge in charges:
            order = charge["reference"]
            ordered_cents, version = totals.get(order, (0, "none"))
            over_cents = charge["net_cents"] - ordered_cents
            if over_cents and order not in self.differing:
                logs.error("charged is not what was ordered", order=order, payment=charge["id"], release=version,
                           ordered_cents=ordered_cents, charged_cents=charge["net_cents"])  # fmt: skip
            if over_cents:
                self.differing[order] = (charge["id"], over_cents, version)
            else:
                self.differing.pop(order, None)


async def side_by_side(do: Callable[[T], Awaitable[R]], those: Sequence[T]) -> list[R]:
    """Do it for each, WIDTH at a time; what it gave, in their order."""
    gate = asyncio.Semaphore(WIDTH)

    async def one(it: T) -> R:
        async with gate:
            return await do(it)

    return await asyncio.gather(*map(one, those))


async def give_back(store: Store, provider: Provider) -> int:
    """Refund whatever was charged too much, now. How many orders still differ: somebody has to ask for what was charged too little."""
    book = Reconciler(store, provider)
    while await book.look():
        pass

    async def refund(order: str) -> None:
        charge, over_cents, version = book.differing[order]
        await provider.refund(charge, over_cents)
        print(f"refunded {over_cents} cents of order {order}, taken by release {version}", flush=True)
        del book.differing[order]

    await side_by_side(refund, [order for order, (_, over_cents, _) in book.differing.items() if over_cents > 0])
    for order, (_, over_cents, _) in book.differing.items():
        print(f"order {order}: {-over_cents} cents too little were charged", file=sys.stderr)
    return len(book.differing)


async def _by_hand() -> int:
    store, provider = Store(), Provider()
    await store.open()
    try:
        return 1 if await give_back(store, provider) else 0
    except Failed as failed:
        print(f"reconcile: {failed}", file=sys.stderr)
        return 1
    finally:
        await provider.close()
        await store.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(_by_hand()))
