"""What a fault of the user's own tells of itself is asked for so long and no longer, whoever asks: judge, report, or a run that goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from harness.apart import Overran, called
from harness.faults.base import Fault, Landing

LIMIT_S = 10.0
"""It folds looks that are there already; a run waits for it while its other faults go on."""
TOLD = ("landing", "gone", "by_readback")


def limit(part: type[Fault]) -> None:
    """Give a limit to the methods of this class, and of those that it is built on, by which it tells whether it took effect."""
    for cls in part.__mro__:
        if cls.__module__.startswith("harness."):
            return
        for name in TOLD:
            how = vars(cls).get(name)
            if callable(how) and not hasattr(how, "unlimited"):
                setattr(cls, name, _limited(how, name))


def _limited(how: Callable[..., Any], name: str) -> Callable[..., Any]:
    """One that did not end is not asked again: each report of a run would wait for it anew."""
    overran: set[type] = set()

    @wraps(how)
    def told(fault: Fault, *evidence: Any) -> Any:
        try:
            if type(fault) not in overran:
                return called(lambda: how(fault, *evidence), LIMIT_S)
        except Overran:
            overran.add(type(fault))
        because = f"{fault.word}'s own {name}() did not end within {LIMIT_S:g} s"
        return Landing("not_measurable", because, dict(fault.stated()))

    told.unlimited = how  # type: ignore[attr-defined]
    return told
