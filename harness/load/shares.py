"""How arrivals are shared out over user classes: as Locust would share out its users, by weight and fixed_count.
Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def shares(classes: Sequence[Any], users: int) -> dict[Any, float]:
    """Of each class, its share of all arrivals; together 1.

    A class with fixed_count has that many of the `users`; the others have the rest, by weight. When the fixed ones
    leave no rest, each of the others still counts as one user.
    """
    fixed = {cls: float(cls.fixed_count) for cls in classes if cls.fixed_count > 0}
    others = {cls: float(cls.weight) for cls in classes if cls not in fixed}
    rest = max(users - sum(fixed.values()), float(len(others))) if others else 0.0
    total = sum(others.values())
    counts = {cls: fixed[cls] if cls in fixed else rest * others[cls] / total for cls in classes}
    everyone = sum(counts.values())
    return {cls: count / everyone for cls, count in counts.items()}
