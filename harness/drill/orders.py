"""`orders:` of a drill file: which requests are business operations, where the stack keeps what became of them, and what must be so."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from harness.drill.own_ids import own_ids
from harness.drill.ways import Ways
from harness.drill.words import Text
from harness.orders.declared import EFFECT, FIGURES, QUEUE, STORE, Declared
from harness.orders.laws import LawText
from harness.quantities import Model, Seconds


def _source_name(value: str) -> str:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value) is None:
        raise ValueError(f"{value!r} cannot name a source: laws spell it, so it is made of letters, digits and '_'")
    return value


SourceName = Annotated[str, AfterValidator(_source_name)]


class Key(Model):
    """Where a request carries its idempotency key: in a header, or in its JSON body."""

    header: str = Field(default="", description="name of the request's header, such as Idempotency-Key")
    json_: str = Field(
        default="", alias="json", description="dotted path in the request's JSON body, such as order.key"
    )

    @model_validator(mode="after")
    def _one(self) -> Key:
        if bool(self.header) == bool(self.json_):
            raise ValueError("write exactly one of {header: Idempotency-Key} and {json: order.key}")
        return self

    def __str__(self) -> str:
        return f"header {self.header}" if self.header else f"{self.json_} of its body"


class Settle(Model):
    """When the stack is quiet after the load: its queues empty, and nothing changing."""

    quiet_s: Seconds = Field(
        default=10.0, alias="quiet", gt=0, description="nothing changes for so long; also between readings"
    )
    within_s: Seconds = Field(
        default=120.0,
        alias="within",
        gt=0,
        description="waited for at most so long; then it is read as it is, twice, `quiet` apart",
    )

    @model_validator(mode="after")
    def _fits(self) -> Settle:
        if self.quiet_s > self.within_s:
            raise ValueError("`quiet` is longer than `within`: it could never be quiet in time")
        return self


class Source(Ways):
    """A place in the stack where truth is kept: what it is, and one way to read it. One row for each order, or for each effect.

    A row's `key` is the idempotency key that the request carried. Its `id` is the service's own id of the ORDER, also in a row of a
    charge, a mail or a message: never that row's own number, which fits an order by chance.
    """

    is_: Literal["store", "effect", "queue", "dead", "figures"] = Field(
        alias="is",
        description="store: what is there; effect: what was done for it, a charge or a mail; queue: still to be done;"
        " dead: given up and parked; figures: numbers alone, such as stock. An order is there when any of several stores has it,"
        " and done when each of several effects has it",
    )
    id_of: Literal["order"] | None = Field(
        default=None,
        description="order: the `id` is the order's own, though an effect's field or column is called no more than `id`",
    )
    in_order: str = Field(
        default="",
        description="a column (an account, a customer): its rows must stand in the order in which they were acknowledged."
        " An ORDER BY ends with what is never equal (a serial id): rows with equal stamps come in any order",
    )

    @model_validator(mode="after")
    def _fits(self) -> Source:
        if self.id_of and self.is_ != EFFECT:
            raise ValueError("`id_of` is for an effect: of all other sources the `id` is taken for the order's")
        if self.is_ == QUEUE and self.redis and self.redis.kind == "stream":
            raise ValueError(
                "a stream is no queue: an entry stays in it when it has been acknowledged (XACK), so that all would be waiting."
                " Read what waits by a `command` (XPENDING, and the entries after the group's last-delivered-id)"
            )
        if self.in_order and self.is_ == FIGURES:
            raise ValueError("`in_order` is for rows that name operations; figures are numbers alone")
        if self.in_order and self.sql and "order by" not in " ".join(self.sql.query.lower().split()):
            raise ValueError(
                "`in_order` needs a query with ORDER BY: without it a database gives rows as it likes, and so it does with"
                " rows that are equal in it: end it with what is unique, ORDER BY created_at, id"
            )
        if self.in_order and self.redis and self.redis.kind in ("hash", "set"):
            raise ValueError(f"`in_order` cannot be told of a {self.redis.kind}: it has no order")
        return self

    @property
    def role(self) -> str:
        return self.is_


class Orders(Model):
    """One kind of business operation: its request, its idempotency key, and the sources that must agree about it."""

    request: Text = Field(description="the request's name as the ledger has it, POST /checkout")
    key: Key = Field(description="where the request carries its idempotency key")
    settle: Settle = Field(default_factory=Settle, description="when the stack is quiet after the load")
    sources: dict[SourceName, Source] = Field(description="by name, where the stack keeps what became of them")
    laws: tuple[LawText, ...] = Field(
        default=(),
        description="sums that must be equal, payments.amount = orders.amount for each order: those of every order's own rows;"
        " payouts.amount = orders.amount in all: though those of some orders differ",
    )

    alone: bool = Field(
        default=False,
        description="on a project that runs already (--attach): nobody but this load orders, so that an order which it never asked for"
        " is strange. Left out, it may be another client's",
    )

    @model_validator(mode="after")
    def _known(self) -> Orders:
        if not any(source.is_ == STORE for source in self.sources.values()):
            raise ValueError("no source `is: store`: there would be nothing to say what became of an operation")
        for law in self.laws:
            for name in sorted(law.sources):
                if name not in self.sources:
                    raise ValueError(
                        f"the law '{law}' speaks of a source '{name}'; there are {', '.join(self.sources)}"
                    )
            figures = [name for name in sorted(law.sources) if self.sources[name].is_ == FIGURES]
            if law.each and figures:
                raise ValueError(f"the law '{law}' is for each order, and {figures[0]} has figures alone")
        return self

    def declared(self) -> Declared:
        """What judging needs to know of it."""
        sources = {name: source.role for name, source in self.sources.items()}
        in_order = {name: source.in_order for name, source in self.sources.items() if source.in_order}
        return Declared(
            self.request,
            sources,
            self.laws,
            self.settle.within_s,
            in_order,
            own_ids(self.sources),
            frozenset(name for name, source in self.sources.items() if source.redis is not None),
            self.alone,
        )
