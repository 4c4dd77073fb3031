"""A small shop, simulated: an API that takes orders, a queue, a worker that has them paid by a provider; and ways to build it wrong.

While its world is broken, connections are reset before and after the commit, commits and publishes fail, the worker crashes
at any moment, and the provider's answers are lost. Built right, it keeps every promise through all of that.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

BROKEN_FROM_S, BROKEN_UNTIL_S, ENDS_S = 15.0, 45.0, 60.0
STOCK = 10_000
TRIES = 40
"""More than any order needs, at such odds, to be brought to its end."""


@dataclass(frozen=True)
class Ways:
    """How the shop is built; as it should be, unless told otherwise. Each is one mistake that people make."""

    acks_before_commit: bool = False
    consumer_acks_first: bool = False
    ignores_the_key: bool = False
    proxy_retries_charges: bool = False
    parks_after: int = TRIES
    publishes_after_commit: bool = False
    refuses_after_commit: bool = False
    worker_stops: bool = False
    reimports: bool = False
    charges_wrong: bool = False


MISTAKES = {
    "ack before commit": (Ways(acks_before_commit=True), "lost"),
    "consumer ack before work": (Ways(consumer_acks_first=True), "orphan"),
    "no idempotency key": (Ways(ignores_the_key=True), "duplicated"),
    "retry in proxy": (Ways(proxy_retries_charges=True), "duplicated"),
    "dead letters without alarm": (Ways(parks_after=2), "dead"),
    "dual write without outbox": (Ways(publishes_after_commit=True), "orphan"),
    "refused after commit": (Ways(refuses_after_commit=True), "resurrected"),
    "worker stops": (Ways(worker_stops=True), "stuck"),
    "former orders imported again": (Ways(reimports=True), "phantom"),
    "charged a cent more": (Ways(charges_wrong=True), "law_broken"),
}
"""By what is wrong: the shop, and the class in which its orders are found."""


@dataclass
class Attempt:
    """One request, and what the client was told: a status, or 0 for a connection that was reset."""

    at_s: float
    key: str
    status: int = 0


@dataclass
class Shop:
    """
    Everything that happened, and `wrong`: by key, what the way it is built did to it.

    orders    in the database: key, id, cents; charges: at the provider; waiting: ids in the outbox; parked: ids given up
    by_key, by_id   the first order of a key, and each by its id; charged_for: ids that the provider took money for
    """

    ways: Ways
    dice: random.Random
    attempts: list[Attempt] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    charges: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)
    stock: int = STOCK
    wrong: dict[str, str] = field(default_factory=dict)
    now_s: float = 0.0
    by_key: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_id: dict[str, dict[str, Any]] = field(default_factory=dict)
    charged_for: set[str] = field(default_factory=set)

    def breaks(self, p: float) -> bool:
        """Whether something goes wrong now."""
        return BROKEN_FROM_S <= self.now_s < BROKEN_UNTIL_S and self.dice.random() < p

    def promised(self, key: str, what: str) -> bool:
        """Whether the buyer was told what it breaks: nothing is lost that nobody was promised."""
        told = {attempt.status for attempt in self.attempts if attempt.key == key}
        if what in ("lost", "dead", "stuck"):
            return 201 in told
        return told == {422} if what == "resurrected" else True

    # --- the buyer ---

    def bought(self, key: str, at_s: float) -> None:
        """A buyer orders, and presses the button again, once or twice, when there was no answer that helps."""
        for more in range(1 + self.dice.choice([0, 1, 2])):
            self.now_s = at_s + 0.7 * more
            status = 0 if self.breaks(0.1) else self.asked(key)  # reset before it arrives
            if status and self.breaks(0.15):
                status = 0  # reset after the commit
            self.attempts.append(Attempt(self.now_s, key, status))
            if 0 < status < 500:
                return

    # --- the API ---

    def asked(self, key: str) -> int:
        """The status of the answer. The order and the message about it are committed together, once for each key."""
        if key.startswith("bad"):
            return 422
        known = self.by_key.get(key)
        if known is not None and not self.ways.ignores_the_key:
            return 201
        if self.breaks(0.1):  # the commit fails
            if self.ways.acks_before_commit:
                self.wrong[key] = "lost"
                return 201
            return 503
        self.wrong.pop(key, None)
        if known is not None:
            self.wrong[key] = "duplicated"
        order: dict[str, Any] = {"key": key, "id": f"o{len(self.orders)}", "cents": 100 * self.dice.randint(1, 9)}
        self.orders.append(order)
        self.by_key.setdefault(key, order)
        self.by_id[order["id"]] = order
        self.stock -= 1
        if self.ways.publishes_after_commit and self.breaks(0.1):
            self.wrong[key] = "orphan"
        else:
            self.waiting.append(order["id"])
        if self.ways.refuses_after_commit and self.breaks(0.1):
            self.wrong[key] = "resurrected"
            return 422
        return 201

    # --- the worker ---

    def work(self) -> None:
        """Brings what waits to its end; what dies in between is handed out again."""
        waiting, self.waiting = self.waiting, []
        for number in waiting:
            order = self.by_id[number]
            if self.wrong.get(order["key"]) == "stuck" or (self.ways.worker_stops and self.breaks(0.05)):
                self.wrong[order["key"]] = "stuck"
                self.waiting.append(number)
            elif not self.handled(order):
                self.wrong[order["key"]] = "dead"
                self.parked.append(number)

    def handled(self, order: dict[str, Any]) -> bool:
        """Whether it was brought to its end within the tries that there are."""
        for _ in range(min(self.ways.parks_after, TRIES)):
            before, after = (
                self.breaks(0.2),
                self.breaks(0.2),
            )  # it crashes; what was not acknowledged is handed out again
            if not before:
                self.charged(order)
            elif self.ways.consumer_acks_first:
                self.wrong[order["key"]] = "orphan"
            if self.ways.consumer_acks_first or not (before or after):
                return True
        return False

    def charged(self, order: dict[str, Any]) -> None:
        """The provider takes money once for each reference; a proxy that sends the request again has none to give."""
        cents = order["cents"]
        if self.ways.charges_wrong and self.breaks(0.1):
            cents += 1
        if order["id"] in self.charged_for:
            return
        self.charged_for.add(order["id"])
        if cents != order["cents"]:
            self.wrong[order["key"]] = "law_broken"
        self.charges.append({"reference": order["id"], "cents": cents})
        if self.ways.proxy_retries_charges and self.breaks(0.1):  # the first answer was lost on the way
            self.charges.append({"reference": order["id"], "cents": cents})
            self.wrong[order["key"]] = "duplicated"


def played(seed: int, ways: Ways) -> Shop:
    """A run: ten buyers a second, a few with carts that cannot be meant, the worker behind them, and all brought to its end."""
    shop = Shop(ways, random.Random(seed))
    for number in range(int(ENDS_S * 10)):
        at_s = number / 10
        kind = "bad" if shop.dice.random() < 0.02 else "key"
        shop.bought(f"{kind}-{seed}-{number:04}", at_s)
        shop.now_s = at_s
        shop.work()
    shop.now_s = ENDS_S
    shop.work()
    if ways.reimports:
        for number in range(3):
            shop.orders.append({"key": f"former-{number}", "id": f"f{number}", "cents": 0})
            shop.charges.append({"reference": f"f{number}", "cents": 0})
            shop.stock -= 1
            shop.wrong[f"former-{number}"] = "phantom"
    shop.wrong = {key: what for key, what in shop.wrong.items() if shop.promised(key, what)}
    return shop
