"""What a counter of errors has of one request's failures, and what it lacks. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.verdict import Details, Measure

if TYPE_CHECKING:
    from harness.expectations.census import Census


@dataclass(frozen=True)
class Failures:
    """Of one request name: what the error counter rose by, and all; and what the load knows of.

    answered  L and U of answers that are errors; `fine` the most of the answers that are not (infinite: not known)
    failed    how many requests failed for their users, at least and at most
    asked     L and U of all that can be in the counter
    """

    request: str
    endpoints: frozenset[int]
    errors: float
    rose: float
    answered: tuple[int, int]
    fine: float
    failed: tuple[int, int]
    asked: tuple[int, int]

    @property
    def name(self) -> str:
        return self.request or "all requests"

    @property
    def uncounted(self) -> float:
        """So many error answers, at least, were not counted as errors."""
        return max(0.0, self.answered[0] - self.errors)

    @property
    def praised(self) -> float:
        """So many, at least, were counted as well though no answer of theirs was: errors, or requests without an answer."""
        return max(0.0, self.rose - self.errors - self.fine)

    @property
    def all_counted(self) -> bool:
        """Each was counted, as whatever, and nobody else's."""
        return self.asked[0] <= self.rose <= self.asked[1]

    def __str__(self) -> str:
        low, high = self.answered
        return (
            f"{self.errors:g} errors counted, {low if low == high else f'{low} to {high}'} answered; "
            f"{span(self.failed)} failed for their users"
        )


@dataclass(frozen=True)
class Missed:
    """More failures than allowed that the counter does not have: `praised` of the `failed` it has as well; `lost` are examples."""

    praised: float
    failed: int
    lost: tuple[str, ...]
    measure: Measure
    proof: Details


def span(counts: tuple[int, int]) -> str:
    """3, or 3 to 5."""
    return f"{counts[0]}" if counts[0] == counts[1] else f"{counts[0]} to {counts[1]}"


def left_out(census: Census, endpoints: Collection[int], answers: Sequence[str]) -> tuple[str, str]:
    """How many were answered with what the claim's `answers` leave out, to be put behind a sentence; and what would decide it."""
    for answer in ("4xx", "5xx"):
        count = census.fates(endpoints, (answer,))
        if answer not in answers and count[0]:
            return (
                f"; {span(count)} were answered {answer}, which `answers` leaves out",
                f"; where {answer} are failures, `answers` with {answer}, and `errors` that match their series",
            )
    return "", ""
