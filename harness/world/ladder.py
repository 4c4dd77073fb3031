"""The clean-up ladder: what is tried, one rung after the other, until the world is read back as clean; each rung tried is a fact.

Toxiproxy's control plane wedges when a toxic comes or goes while some client does not read (its issue 558), and when a
dependency never ends a handshake, for it dials without a time-out. Every call about the proxy then hangs, and so does the list
of all proxies. The rungs: remove the toxics; delete the proxy, which closes its connections and frees it; restart Toxiproxy,
which closes those of every edge (the addresses of the edges are in another container's network and stay). What none of them
frees goes with the stack.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.errors import NotApplied
from harness.facts import RungTried

REMOVED = "toxics removed"
RECREATED = "proxy deleted and created again"
RESTARTED = "Toxiproxy restarted and filled again"
TAKEN_AWAY = "Toxiproxy's container removed"
RUNGS = ("", RECREATED, RESTARTED)  # as a mend names the one that it needed: the ordinary way has no name


@dataclass(frozen=True)
class Rung:
    """One thing to try: `go` does it and reads the world back, and raises whatever it likes where that was not enough.

    cut     the edges whose open connections it closes
    """

    name: str
    go: Callable[[], object]
    cut: tuple[str, ...] = ()


class Exhausted(NotApplied):
    """No rung helped; the text tells what was tried, and what came of it."""


Turn = Callable[[], contextlib.AbstractContextManager[bool]]
"""Held while it cuts anything; entered, it tells whether somebody else was on the ladder meanwhile (see ladder_turn)."""


def alone() -> contextlib.AbstractContextManager[bool]:
    """The turn of one who knows that nobody else climbs."""
    return contextlib.nullcontext(False)


def climb(
    fault: str, target: str, rungs: Sequence[Rung], record: Callable[[RungTried], object], turn: Turn = alone
) -> str:
    """The name of the first rung that helped. Raises Exhausted.

    A first rung that helps at once is the ordinary way and no fact; every other one is recorded, with how long it took. Whoever
    had to wait for the turn begins again at the bottom: what the other one did may have been enough.
    """
    tried: list[str] = []
    left = list(rungs)
    with contextlib.ExitStack() as held:
        mine = False
        while left:
            rung = left.pop(0)
            if rung.cut and not mine:
                mine = True
                if held.enter_context(turn()):
                    left = list(rungs)
                    continue
            error = _tried(fault, target, rung, record, told=bool(tried))
            if not error:
                return rung.name
            tried.append(f"{rung.name}: {error}")
    raise Exhausted("; ".join(tried) or "nothing was there to try")


def _tried(fault: str, target: str, rung: Rung, record: Callable[[RungTried], object], *, told: bool) -> str:
    """Why it was not enough, '' when it was."""
    began_s = time.monotonic()
    error = ""
    try:
        rung.go()
    except Exception as caught:  # whatever it is, the next rung must be tried
        error = str(caught) or type(caught).__name__
    if error or told or rung.cut:
        took_s = time.monotonic() - began_s
        record(RungTried(fault=fault, target=target, rung=rung.name, took_s=took_s, error=error, cut=rung.cut))
    return error


def highest(names: Sequence[str]) -> str:
    """Of the rungs that several proxies needed the highest, '' for the ordinary way."""
    return max((name for name in names if name in RUNGS), key=RUNGS.index, default="")
