"""orders_kept: what the load was told of its orders is what the stack holds of them."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from harness.expectations.base import Evidence, Expectation
from harness.verdict import Finding, inconclusive


class OrdersKept(Expectation):
    """Not one order lost, done twice, or done in secret.

        expect:
          - orders_kept: {orders: checkout, delivery: exactly_once}

    It is about the whole run.
    """

    word: ClassVar[str] = "orders_kept"
    faultless: ClassVar[bool] = True

    orders: str = Field(min_length=1, description="which of the drill's `orders`")
    delivery: Literal["exactly_once", "at_least_once"] = Field(
        default="exactly_once", description="at_least_once: done twice is counted, and no failure"
    )
    dead: int = Field(default=0, ge=0, description="so many acknowledged operations may be parked as dead letters")
    stuck: int = Field(default=0, ge=0, description="so many acknowledged operations may still wait when all is quiet")

    def about(self) -> str:
        return self.orders

    def check(self, evidence: Evidence) -> Finding:
        return inconclusive("not judged yet", decide="a later version")
