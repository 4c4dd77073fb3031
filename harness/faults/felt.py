"""How witness looks tell that a fault was felt: by how many, how strongly, and whether that fits the stated share.
Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from harness.facts import Witnessed
from harness.faults.base import Landed, Landing

Place = tuple[str, int]  # edge and port: looks are compared with looks at the same place

CONFIDENCE = 0.99
SLACK = 0.05  # of the share: a look or two at the edges of the window belong to neither side
GONE_LOOKS = 5  # at most so many looks confirm a mend, which was read back before they begin


def place(look: Witnessed) -> Place:
    return look.edge, look.port


def able(looks: Iterable[Witnessed]) -> list[Witnessed]:
    """Looks that could see: without those of a caller that did not run."""
    return [look for look in looks if look.outcome != "blinded"]


def answered(looks: Iterable[Witnessed], protocol: bool = False) -> list[Witnessed]:
    """With `protocol`, only whole exchanges: a look that does not speak it has only connected."""
    return [look for look in looks if look.outcome == "answered" and (look.speaks or not protocol)]


def reached(looks: Iterable[Witnessed]) -> list[Witnessed]:
    """Looks that were accepted and then not answered; none from outside, where others may accept in its place."""
    return [look for look in looks if look.outcome != "answered" and look.connect_ms is not None and not look.outside]


def mute(looks: Iterable[Witnessed], before: Sequence[Witnessed]) -> list[bool]:
    """Of each, whether it was accepted and ended as those before did, of which none was answered, as in a wrong protocol."""
    endings = set() if answered(before) else {look.outcome for look in reached(before)}
    return [look.outcome in endings and bool(reached([look])) for look in looks]


def bare(looks: Sequence[Witnessed], before: Sequence[Witnessed]) -> list[Witnessed]:
    """Looks for which to be accepted is enough: a mute one as if it had only connected."""
    said_nothing = zip(looks, mute(looks, before), strict=True)
    return [replace(look, outcome="answered", speaks="") if silent else look for look, silent in said_nothing]


def medians(looks: Iterable[Witnessed], size: Callable[[Witnessed], float | None]) -> dict[Place, float]:
    """The ordinary size of something, by place."""
    values: dict[Place, list[float]] = {}
    for look in looks:
        if (value := size(look)) is not None:
            values.setdefault(place(look), []).append(value)
    return {where: median(found) for where, found in values.items()}


def middle(values: Collection[float]) -> tuple[float, float]:
    """An interval (99 %, order statistics) that holds the median of which these are a sample; infinite for too few."""
    from harness.stats.interval import percentile_ranks

    low, high = percentile_ranks(len(values), 0.5, CONFIDENCE)
    ordered = sorted(values)
    return (ordered[low - 1] if low else -math.inf), (ordered[high - 1] if high <= len(ordered) else math.inf)


def no_baseline(before: Sequence[Witnessed], what: str, share: float, stated: Mapping[str, Any]) -> Landing:
    """Not measurable, and why the looks before cannot serve."""
    decide, silent = "", reached(before)
    if any(not look.speaks for look in answered(before)):
        why = f"the witness does not know the dependency's protocol: it only connects, which does not show {what}"
    elif silent:
        edge, port, spoke = silent[-1].edge, silent[-1].port, silent[-1].speaks
        why = f"{len(silent)} looks at port {port} of {edge} connected before it began, and none was answered in {spoke}: it may speak something else"
        decide = f"`speaks:` of the edge {edge}, with what port {port} speaks"
    elif able(before):
        why = "no look was answered before it began"
    else:
        why = "nobody looked before it began"
    return Landing("not_measurable", why, stated={**stated, "share": share}, looks=len(able(before)), decide=decide)


def by_share(
    share: float,
    looks: int,
    felt: int,
    weaker: int = 0,
    *,
    stated: Mapping[str, Any] | None = None,
    measured: Mapping[str, Any] | None = None,
    detail: str = "",
) -> Landing:
    """Judge `felt` of `looks` against the stated share; `weaker` looks felt something, but less than was stated.

    Landed when the exact interval of the felt share (Clopper-Pearson, 99 %) comes within 5 points of the stated one.
    """
    outcome, because = _fits(share, looks, felt, weaker)
    return Landing(
        outcome,
        f"{because}{': ' + detail if detail else ''}",
        stated={**(stated or {}), "share": share},
        measured={**(measured or {}), "share": round(felt / looks, 4) if looks else None},
        share=felt / looks if looks else None,
        looks=looks,
    )


def _fits(share: float, looks: int, felt: int, weaker: int) -> tuple[Landed, str]:  # noqa: PLR0911 - a ladder of cases
    from harness.stats.interval import clopper_pearson

    if looks == 0:
        return "not_measurable", "nobody could look while it was on"
    of = "" if share == 1 else " of connections, drawn for each one"
    among = f"of {looks} look{'s' if looks > 1 else ''}, {share:.0%}{of} stated"
    if weaker > 0.1 * looks:
        return "partial", f"felt by {felt} {among}; by {weaker} more, but less than stated"
    if felt == 0:
        if share < 1 and (1 - share) ** looks > 1 - CONFIDENCE:
            needed = math.ceil(math.log(1 - CONFIDENCE) / math.log(1 - share))
            return "not_measurable", f"none {among}, which chance alone may do; {needed} looks would decide it"
        return "not_landed", f"felt by none {among}"
    low, high = clopper_pearson(felt, looks, CONFIDENCE)
    if share > high + SLACK:
        return "partial", f"felt by only {felt} {among}"
    if share < low - SLACK:
        return "partial", f"felt by {felt} {among}: more than stated"
    return "landed", f"felt by {felt} {among}"


def by_outcome(
    share: float,
    during: Sequence[Witnessed],
    felt: Collection[str],
    weaker: Collection[str] = (),
    stated: Mapping[str, Any] | None = None,
) -> Landing:
    """Felt is how the look ended: one of the words in `felt`. All outcomes are counted side by side."""
    looks = able(during)
    counts: dict[str, int] = {}
    for look in looks:
        counts[look.outcome] = counts.get(look.outcome, 0) + 1
    hit = sum(counts.get(word, 0) for word in felt)
    less = sum(counts.get(word, 0) for word in weaker)
    detail = ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))
    measured = {"outcomes": counts}
    stated = {**(stated or {}), "outcome": "/".join(felt)}
    return by_share(share, len(looks), hit, less, stated=stated, measured=measured, detail=detail)


def gone(
    share: float,
    before: Sequence[Witnessed],
    after: Sequence[Witnessed],
    still: Callable[[Witnessed], str] = lambda look: "",
    refuses: bool = False,
) -> Landing:
    """Whether, at the port of every edge that answered last before, looks have been ordinary since; 'landed' is: proven gone.

    One look is enough after a fault that hit every connection, up to five in a row after one that hit a share. What
    comes later does not unprove it: that is another trouble. `still` says what is wrong with an answered look, or ''.
    A mute look proves the end of a fault that `refuses`, and of any other nothing.
    """
    spoke = "answered" if answered([*before, *after]) else "accepted"
    if refuses:
        before, after = bare(before, before), bare(after, before)
    needed = 1 if share >= 1 else min(GONE_LOOKS, math.ceil(math.log(1 - CONFIDENCE) / math.log(1 - share)))
    places = set(dict(place(look) for look in answered(before)).items()) or {place(look) for look in able(after)}
    stated = {"outcome": "answered"}
    if not places:
        return Landing("not_measurable", "no edge was looked at", stated=stated)
    unproven: list[Landing] = []
    for where in sorted(places):
        looks = [look for look in able(after) if place(look) == where]
        said_nothing = mute(looks, before)
        ordinary, wrong = 0, ""
        for look, silent in zip(looks, said_nothing, strict=True):
            wrong = "" if silent else look.outcome if look.outcome != "answered" else still(look)
            ordinary = 0 if wrong or silent else ordinary + 1
            if ordinary == needed:
                break
        else:
            name = f"{where[0]}:{where[1]}"
            if wrong:
                return Landing("not_landed", f"{name} is still {wrong}", stated, {"outcome": wrong}, looks=len(looks))
            why = f"{name} was looked at {len(looks)} times since; {needed} looks would prove it"
            unproven.append(
                no_baseline(before, "", share, stated)
                if any(said_nothing)
                else Landing("not_measurable", why, stated=stated, looks=len(looks))
            )
    if unproven:
        return unproven[0]
    return Landing("landed", f"{spoke} as before", stated, {"outcome": spoke}, looks=needed * len(places))


def slower(before: Sequence[Witnessed]) -> Callable[[Witnessed], str]:
    """For `gone`: an answer later than twice the ordinary, or 25 ms more, whichever is more, is still slow."""
    usual_ms = medians(answered(before, protocol=True), lambda look: look.answer_ms)

    def still(look: Witnessed) -> str:
        usual = usual_ms.get(place(look))
        if usual is None or look.answer_ms is None or look.answer_ms <= max(2 * usual, usual + 25):
            return ""
        return f"slow: answered in {look.answer_ms:.0f} ms, {usual:.0f} ms before"

    return still
