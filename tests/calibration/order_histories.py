"""Random histories of a service that is right, with anomalies put in by hand, and what an audit must find in each: the reference."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from order_stories import BROKEN, HUNG, NO, OK, SOURCES, Story

KINDS = ("lost", "dead", "stuck", "phantom", "resurrected", "duplicated", "orphan", "reordered")
MOST = 3
"""Anomalies of a kind in a drawn history, at most."""


class History:
    """
    A service that is right, and what is made wrong in it.

    want        by class, the keys of what is wrong; `recovered`: how many of unknown outcome were done
    by_id       sources other than the store speak of an order by its id, where the store has it
    """

    def __init__(self, seed: int, by_id: bool) -> None:
        self.dice = random.Random(seed)
        self.by_id = by_id
        self.story = Story(in_order={"orders": "account"})
        self.held: dict[str, list[dict[str, Any]]] = {source: [] for source in SOURCES}
        self.want: dict[str, set[str]] = {}
        self.recovered = 0

    def add(self, kind: str, name: str) -> None:
        """One operation, with what is wrong with it ('well': nothing)."""
        told = self.dice.choice(["ok", "ok", "ok", "unknown", "no"]) if kind == "well" else "ok"
        told = {"resurrected": "no", "orphan": self.dice.choice(["ok", "unknown"])}.get(kind, told)
        self.ask(name, told)
        if kind != "well":
            self.want.setdefault(kind, set()).add(name)
        if kind in ("dead", "stuck"):
            self.put_away("parked" if kind == "dead" else "waiting", name)
        elif kind == "orphan":
            self.do_half(name, told)
        elif kind != "lost" and (kind != "well" or told == "ok" or (told == "unknown" and self.dice.random() < 0.5)):
            self.recovered += told == "unknown"
            self.order(name)
            self.held["payments"].append(self.spoken_of(name))
            if kind == "duplicated":
                source = self.dice.choice(["orders", "payments"])
                self.held[source].append(dict(self.held[source][-1]))

    def ask(self, name: str, told: str) -> None:
        perhaps = [HUNG, BROKEN, {"outcome": "conn"}]
        attempts = [NO] * self.dice.choice([1, 2]) if told == "no" else [OK]
        if told == "unknown":
            attempts = [self.dice.choice(perhaps), *self.dice.choice([[], [NO], [HUNG]])]
        elif told == "ok" and self.dice.random() < 0.2:
            attempts = [self.dice.choice(perhaps), OK]
        self.story.asked += [(name, attempt) for attempt in attempts]

    def order(self, name: str, account: str = "") -> None:
        self.held["orders"].append({"key": name, "id": f"id-{name}", "account": account or f"of {name}"})

    def spoken_of(self, name: str) -> dict[str, Any]:
        return {"id": f"id-{name}"} if self.by_id else {"key": name}

    def put_away(self, source: str, name: str) -> None:
        there = self.dice.random() < 0.5
        if there:
            self.order(name)
        self.held[source].append(self.spoken_of(name) if there else {"key": name})

    def do_half(self, name: str, told: str) -> None:
        """The order without its payment, or, where nobody was told of it, the payment without its order."""
        if told == "ok" or self.dice.random() < 0.5:
            self.recovered += told == "unknown"
            self.order(name)
        else:
            self.held["payments"].append({"key": name})

    def end(self, phantoms: int, reordered: int) -> Story:
        """The story, with rows that nobody asked for, accounts in a wrong order, and rows that were there before."""
        for number in range(phantoms):
            self.order(f"wtf-{number}")
            self.want.setdefault("phantom", set()).add(f"wtf-{number}")
        for rows in self.held.values():
            self.dice.shuffle(rows)
        for number in range(reordered):
            names = [f"r{number}-1", f"r{number}-2"]
            self.story.asked += [(name, OK) for name in names]
            for name in reversed(names):
                self.order(name, f"account {number}")
                self.held["payments"].append(self.spoken_of(name))
            self.want.setdefault("reordered", set()).add(names[0])
        old = [{"key": f"old-{n}", "id": f"id-old-{n}"} for n in range(self.dice.choice([0, 3]))]
        self.story.held = {**self.held, "orders": [*old, *self.held["orders"]]}
        self.story.start = {"orders": old}
        return self.story


def history(seed: int, by_id: bool, well: int, wrong: Mapping[str, int]) -> tuple[Story, History]:
    """A history with so many operations that went well, and so many anomalies of each kind; and what there is to find in it."""
    made = History(seed, by_id)
    plan = [kind for kind, count in wrong.items() if kind not in ("phantom", "reordered") for _ in range(count)]
    plan += ["well"] * well
    made.dice.shuffle(plan)
    for number, kind in enumerate(plan):
        made.add(kind, f"k{number}")
    made.ask("last", "ok")
    made.order("last")
    made.held["payments"].append(made.spoken_of("last"))
    return made.end(wrong.get("phantom", 0), wrong.get("reordered", 0)), made


def drawn(seed: int) -> tuple[Story, History]:
    """A history of which everything is drawn: its length, its anomalies, and whether sources speak of orders by their ids."""
    dice = random.Random(f"history {seed}")
    wrong = {kind: dice.randint(0, MOST) if dice.random() < 0.4 else 0 for kind in KINDS}
    return history(seed, dice.random() < 0.5, dice.randint(1, 40), wrong)
