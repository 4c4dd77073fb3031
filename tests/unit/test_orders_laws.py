"""Laws: what can be written, and what is refused with what was meant."""

from __future__ import annotations

from fractions import Fraction

import pytest

from harness.orders.laws import Law, law


def terms(found: Law) -> list[tuple[str, Fraction, int]]:
    left = [(term.name, term.factor, 0) for term in found.left]
    return left + [(term.name, term.factor, 1) for term in found.right]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("payments.amount = orders.amount", [("payments.amount", 1, 0), ("orders.amount", 1, 1)]),
        ("a.x+b.y=c.z", [("a.x", 1, 0), ("b.y", 1, 0), ("c.z", 1, 1)]),
        (
            "stock.left at start - stock.left = orders.quantity",
            [("stock.left at start", 1, 0), ("stock.left", -1, 0), ("orders.quantity", 1, 1)],
        ),
        ("count(payments) = 2 * count(orders) - 3", [("count(payments)", 1, 0), ("count(orders)", 2, 1), ("1", -3, 1)]),
        ("100 orders.euros = payments.cents", [("orders.euros", 100, 0), ("payments.cents", 1, 1)]),
        ("- refunds.x + 0.5 * pay.x = count(a) at start", [("refunds.x", -1, 0), ("pay.x", Fraction(1, 2), 0), ("count(a) at start", 1, 1)]),
        ("a.x = 0", [("a.x", 1, 0), ("1", 0, 1)]),
    ],
)  # fmt: skip
def test_a_law_is_two_sums(text: str, wanted: list[tuple[str, Fraction, int]]) -> None:
    assert terms(law(text)) == wanted


def test_it_may_be_for_each_order() -> None:
    found = law("payments.amount  =  orders.amount   for each order")
    assert found.each
    assert str(found) == "payments.amount = orders.amount for each order"
    assert law("payments.amount = orders.amount in  all").in_all
    assert not found.in_all
    assert found.columns("orders") == {"amount"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("payments.amount", "one = between"),
        ("a.x = b.y = c.z", "one = between"),
        ("a.x == b.y", "one = between"),
        ("a.x =", "a side is empty"),
        ("= a.x", "a side is empty"),
        ("a.x - = b.y", "ends with a sign"),
        ("a.x * b.y = c.z", "cannot read"),
        ("a.x = b.y < 3", "cannot read"),
        ("sum(a.x) = b.y", "cannot read"),
        ("a = b.x", "cannot read"),
        ("2 * = a.x", "cannot read"),
        ("3 = 3", "names no source"),
        ("3 at start = a.x", "cannot read"),
        ("a.x at start = b.x for each order", "neither `at start`"),
        ("a.x = 3 for each order", "neither `at start`"),
        ("a.x = b.x in all for each order", "cannot read 'b.x in all'"),
        (7, "write two sums"),
    ],
)
def test_anything_else_is_refused(text: object, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        law(text)
