"""The order book of a random run: each checkout under a key, and sources that are honest about it, or not."""

from __future__ import annotations

import random
from typing import Any

from harness import facts as f
from harness.ledger import OUTCOMES, Rows
from harness.orders.book import GivenBook
from harness.orders.declared import DEAD, EFFECT, QUEUE, STORE, Declared
from harness.orders.laws import law

NAME, REQUEST = "checkout", "POST /checkout"
DECLARED = Declared(
    REQUEST,
    {"orders": STORE, "charges": EFFECT, "waiting": QUEUE, "parked": DEAD},
    (law("charges.cents = orders.cents"),),
)


def told_orders(seed: int, honest: bool, rows: Rows, ended_s: float) -> tuple[GivenBook, list[f.Fact]]:
    """The book, and the facts of its readings after the load's end at `ended_s`."""
    dice = random.Random(f"orders {seed}")
    wrong = (
        "" if honest else dice.choice(["", "lost", "twice", "parked", "waits", "phantom", "moving", "unread", "rushed"])
    )
    asked, held = [], {source: [] for source in DECLARED.sources}  # type: dict[str, list[dict[str, Any]]]
    endpoint = rows.endpoint_number(REQUEST)
    mine = [place for place in range(len(rows)) if rows.array["endpoint"][place] == endpoint]
    hit = set(dice.sample(mine, min(3, len(mine))))
    for place in mine:
        key = f"key-{place}"
        asked.append((int(rows.number[place]), key))
        done = OUTCOMES[int(rows.array["outcome"][place])] == "ok" or dice.random() < 0.5
        if not done or (wrong == "lost" and place in hit):
            continue
        if wrong in ("parked", "waits") and place in hit:
            held["parked" if wrong == "parked" else "waiting"].append({"key": key})
            continue
        held["orders"].append({"key": key, "id": place, "cents": 100})
        charges = 2 if wrong == "twice" and place in hit else 1
        held["charges"] += [{"id": str(place), "cents": 100}] * charges
    if wrong == "phantom":
        held["orders"].append({"key": "nobody's", "id": "x", "cents": 0})
    readings: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for source, last in held.items():
        moved = [*last, {"key": "moving", "id": "y", "cents": 0}] if wrong == "moving" and source == "orders" else last
        readings |= {(source, "start"): [], (source, "first"): moved, (source, "second"): last}
    facts = [_read(source, "start", 0.55, 0) for source in held]
    facts += [_read(source, "first", ended_s + 0.5, len(held[source])) for source in held]
    facts += [
        _read(source, "second", ended_s + 2.0 + 0.05 * number, len(held[source]), "gone" if wrong == "unread" else "")
        for number, source in enumerate(held)
    ]
    if wrong != "rushed":
        facts.append(f.OrdersSettled(seen_s=ended_s + 0.4, op=NAME, quiet=True, waited_s=0.4))
    return GivenBook(DECLARED, asked, readings), facts


def _read(source: str, reading: str, at_s: float, rows: int, error: str = "") -> f.Fact:
    role = DECLARED.sources[source]
    return f.SourceRead(seen_s=at_s, op=NAME, source=source, role=role, reading=reading, rows=rows, error=error)
