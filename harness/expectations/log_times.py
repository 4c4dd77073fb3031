"""Whether lines bear the time at which they were written: who looks for what happened at 10:04 must find it there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from harness import masking
from harness.expectations.log_clocks import LEAST, LOGGERS, MOST, Beside, Clock, Key, Part, Times
from harness.expectations.log_limits import Limit, State, untried
from harness.logtimes import NEAR_S, Zone
from harness.quantities import spell

TICK_S = 1.0  # by no more than this does a clock of whole seconds stray, where a duration stays behind


class Told(Enum):
    """What a clock is: wrong as it is stated, wrong in some of a logger's lines or beside a right one, local time that states no zone,
    wrong or the business's own, no clock at all (a duration), or right."""

    WRONG = "wrong"
    PARTLY = "partly"
    LOCAL = "local"
    DOUBTED = "doubted"
    NONE = "none"
    RIGHT = "right"


def times(found: Times, skew_s: float, asked: bool) -> Limit:
    """A time that is wrong as it is stated breaks it; one that is so in part, and local time without a zone, where the claim states
    `skew`, and is told else; what may be the business's own leaves it open where the claim states it."""
    told: dict[Told, dict[str, None]] = {kind: {} for kind in Told}
    cites: dict[Told, list[str]] = {kind: [] for kind in Told}
    known, untold = 0, dict(found.untold)
    clocks = found.clocks(skew_s)
    steady = {key for key, clock in clocks.items() if clock.steady(skew_s)}
    steady_in = {(key.service, key.container) for key in steady}
    for key, clock in clocks.items():
        one_of_two = key not in steady and (key.service, key.container) in steady_in
        kind, how, ahead_s = (_of_some if one_of_two else _how)(clock, key, skew_s)
        if how:
            line = clock.line(ahead_s)
            told[kind][f"those of {key.service} {how}"] = None
            cites[kind] += [] if masking.find(line.text) else [line.cite]
        if kind is Told.NONE:
            untold[key.service] = untold.get(key.service, 0) + len(clock)
        else:
            known += 1
    beside: dict[str, None] = {}  # told, whatever it is
    for one in found.beside(skew_s):
        kind = _beside_is(one)
        (beside if kind is Told.RIGHT else told[kind])[_beside(one)] = None
        cites[kind] += [] if masking.find(one.line.text) else [one.line.cite]
    said = f"times of log lines: {'; '.join(text for all_of in (*told.values(), beside) for text in sorted(all_of))}"
    broken = f"{said} (limit {spell(skew_s)})"
    wrong = (Told.WRONG, Told.PARTLY) if asked else (Told.WRONG,)
    if any(told[kind] for kind in wrong):
        cited = tuple(cite for kind in wrong for cite in cites[kind])
        return Limit("times", broken, State.BROKEN, reason="wrong_time", cites=cited)
    if told[Told.LOCAL] and asked:
        return Limit("times", broken, State.BROKEN, reason="no_zone", cites=tuple(cites[Told.LOCAL]))
    if told[Told.DOUBTED] and asked:
        decide = "lines that bear their own time, with its date, and no other in a field such as `time` or `ts`"
        return Limit("times", broken, State.OPEN, reason="not_tried", decide=decide)
    if told[Told.PARTLY] or told[Told.LOCAL] or told[Told.DOUBTED] or beside:
        return Limit("times", said, aside=f"; {said}")
    if known:
        return Limit("times", said if told[Told.RIGHT] else f"within {spell(skew_s)} of when lines were written")
    decide = f"{LEAST} lines that bear a time, before their message or in a field such as `time` or `ts`"
    return untried("times", _untold(untold), decide, asked)


def _how(clock: Clock, key: Key, skew_s: float) -> tuple[Told, str, float]:
    """What is to be told of a container's clock, '' where there is nothing; and how far ahead its lines are that show it."""
    ahead_s = clock.ahead_s(skew_s)
    if not ahead_s:
        return _of_some(clock, key, skew_s)
    offset_s = clock.zone_s(skew_s)
    off_s = ahead_s if offset_s is None else offset_s
    if key.zone is Zone.STATED:
        return Told.WRONG, f"are {_off(off_s)} in the zone that they state", off_s
    if offset_s is not None:
        return Told.LOCAL, f"state no zone, and read as UTC are {_off(off_s)}" if key.zone is Zone.NONE else "", off_s
    how = f"are {_off(off_s)}, which is no zone's local time"
    if not key.daily or abs(off_s) <= NEAR_S:
        return Told.WRONG, how, off_s
    if clock.whole(min(skew_s, TICK_S)):  # so does how long the process has been up
        return Told.DOUBTED, f"{how}, if they tell the time of day", off_s
    return Told.NONE, "", off_s


def _of_some(clock: Clock, key: Key, skew_s: float) -> tuple[Told, str, float]:
    """The same where no more than some of its lines are off: another logger of the container may write them, or the business."""
    part = clock.some(skew_s)
    if part and (part.zoned or not key.daily):
        return _of_part(part, key, len(clock))
    if clock.share(0.0, skew_s) >= MOST:
        return Told.RIGHT, "state no zone, and read as UTC are right" if key.zone is Zone.NONE else "", 0.0
    if key.daily:
        return Told.NONE, "", 0.0
    wrong = len(clock) - round(clock.share(0.0, skew_s) * len(clock))
    how = f"are not when they were written, and off by no one offset, in {wrong} of {len(clock)} lines"
    return Told.DOUBTED, how, 0.0


def _of_part(part: Part, key: Key, lines: int) -> tuple[Told, str, float]:
    sure = key.place in LOGGERS and not key.daily
    off, these = _off(part.ahead_s), f"in {part.lines} of {lines} lines"
    if key.zone is Zone.STATED:
        how = f"are {off} in the zone that they state, {these}"
    elif not part.zoned:
        how = f"are {off}, which is no zone's local time, {these}"
    elif key.zone is Zone.NONE:
        how = f"state no zone, and read as UTC are {off}, {these}"
        return Told.LOCAL if sure else Told.DOUBTED, how, part.ahead_s
    else:
        return Told.RIGHT, "", part.ahead_s
    return Told.PARTLY if sure else Told.DOUBTED, how, part.ahead_s


def _beside_is(one: Beside) -> Told:
    """What a time beside a right one is. In `timestamp` it is as much a logger's, unless the right one stands where a logger's must."""
    if one.place in LOGGERS:
        return Told.PARTLY
    return Told.DOUBTED if one.place == "timestamp" and one.right not in LOGGERS else Told.RIGHT


def _beside(one: Beside) -> str:
    return f"those of {one.service} are right in {_place(one.right)}, and {_off(one.ahead_s)} in {_place(one.place)}"


def _place(place: str) -> str:
    return f"`{place}`" if place else "what stands before the message"


def _off(ahead_s: float) -> str:
    minutes, hours = round(abs(ahead_s) / 60), round(abs(ahead_s) // 3600)
    long = f"{hours} h" + (f" {minutes - 60 * hours} min" if minutes > 60 * hours else "")
    return f"{long if hours else spell(round(abs(ahead_s)))} {'ahead' if ahead_s > 0 else 'behind'}"


def _untold(untold: Mapping[str, int]) -> str:
    told = ", ".join(f"{count} lines of {service}" for service, count in sorted(untold.items()))
    return f"no time of their own could be read in {told}" if told else "too few lines bear a time of their own"
