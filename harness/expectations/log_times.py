"""Whether lines bear the time at which they were written: who looks for what happened at 10:04 must find it there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from harness import masking
from harness.expectations.log_clocks import LEAST, MOST, Beside, Clock, Key, Times
from harness.expectations.log_limits import Limit, State, untried
from harness.logtimes import NEAR_S, Zone
from harness.quantities import spell


class Told(Enum):
    """What a clock is: wrong as it is stated, local time that states no zone, of lines that do not agree, no clock at all (a duration),
    or right."""

    WRONG = "wrong"
    LOCAL = "local"
    MIXED = "mixed"
    NONE = "none"
    RIGHT = "right"


def times(found: Times, skew_s: float, asked: bool) -> Limit:
    """A time that is wrong as it is stated breaks it; local time without a zone where the claim states `skew`, and is told else; lines
    that do not agree leave it open where the claim states it."""
    told: dict[Told, dict[str, None]] = {kind: {} for kind in Told}
    cites: dict[Told, list[str]] = {kind: [] for kind in Told}
    known, untold = 0, dict(found.untold)
    for key, clock in found.clocks(skew_s).items():
        kind, how, ahead_s = _how(clock, key, skew_s)
        if how:
            line = clock.line(ahead_s)
            told[kind][f"those of {key.service} {how}"] = None
            cites[kind] += [] if masking.find(line.text) else [line.cite]
        if kind is Told.NONE:
            untold[key.service] = untold.get(key.service, 0) + len(clock)
        else:
            known += 1
    beside = sorted({_beside(one) for one in found.beside(skew_s)})
    said = f"times of log lines: {'; '.join([*(text for kind in Told for text in sorted(told[kind])), *beside])}"
    broken = f"{said} (limit {spell(skew_s)})"
    if told[Told.WRONG]:
        return Limit("times", broken, State.BROKEN, reason="wrong_time", cites=tuple(cites[Told.WRONG]))
    if told[Told.LOCAL] and asked:
        return Limit("times", broken, State.BROKEN, reason="no_zone", cites=tuple(cites[Told.LOCAL]))
    if told[Told.MIXED] and asked:
        decide = "lines that bear no other time than their own in a field such as `time` or `ts`"
        return Limit("times", broken, State.OPEN, reason="not_tried", decide=decide)
    if told[Told.LOCAL] or told[Told.MIXED] or beside:
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
    if key.daily and abs(off_s) > NEAR_S:  # how long the process has been up, or how long something took
        return Told.NONE, "", off_s
    return Told.WRONG, f"are {_off(off_s)}, which is no zone's local time", off_s


def _of_some(clock: Clock, key: Key, skew_s: float) -> tuple[Told, str, float]:
    """The same where no more than some of its lines are off: another logger of the container may write them."""
    count, off_s = clock.some(skew_s)
    these = f"in {count} of {len(clock)} lines"
    if count and key.zone is Zone.STATED:
        return Told.WRONG, f"are {_off(off_s)} in the zone that they state, {these}", off_s
    if count:
        how = f"state no zone, and read as UTC are {_off(off_s)}, {these}" if key.zone is Zone.NONE else ""
        return Told.LOCAL, how, off_s
    if (right := clock.share(0.0, skew_s)) >= MOST:
        return Told.RIGHT, "state no zone, and read as UTC are right" if key.zone is Zone.NONE else "", 0.0
    if key.daily:
        return Told.NONE, "", 0.0
    wrong = len(clock) - round(right * len(clock))
    return (
        Told.MIXED,
        f"are not when they were written, and off by no one offset, in {wrong} of {len(clock)} lines",
        0.0,
    )


def _beside(one: Beside) -> str:
    right = f"`{one.right}`" if one.right else "what stands before the message"
    return f"those of {one.service} are right in {right}, and {_off(one.ahead_s)} in `{one.place}`"


def _off(ahead_s: float) -> str:
    minutes, hours = round(abs(ahead_s) / 60), round(abs(ahead_s) // 3600)
    long = f"{hours} h" + (f" {minutes - 60 * hours} min" if minutes > 60 * hours else "")
    return f"{long if hours else spell(round(abs(ahead_s)))} {'ahead' if ahead_s > 0 else 'behind'}"


def _untold(untold: Mapping[str, int]) -> str:
    told = ", ".join(f"{count} lines of {service}" for service, count in sorted(untold.items()))
    return f"no time of their own could be read in {told}" if told else "too few lines bear a time of their own"
