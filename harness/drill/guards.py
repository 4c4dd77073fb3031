"""Guards: conditions that end a drill at once. One grammar for all of them, as it stands under `abort: any`.

SUBJECT [OP LIMIT] [for TIME]

errors, p50, p99.9, max, rate   of requests, [of REQUEST], as in `steady`: errors > 50% for 15s, p95 of POST /pay > 2s
goodput                         good answers that came in, per second, [of REQUEST]: goodput < 5/s for 10s
alert NAME                      of the stack's own Prometheus, fires; NAME may be a pattern: alert Orders* for 15s
                                (with blanks or brackets in quotes: alert "[P1] High error rate" for 15s)
any alert [except NAME, …]      whichever fires: any alert except Watchdog
container_died SERVICE          a container of the service ended though no fault of the drill is on it
any container_died [except …]   the same of every service of the stack
host cpu > SHARE                of this machine, all processors together: host cpu > 95% for 10s
host memory, host disk          free (<) or used (>), a share or a size: host memory < 5% free, host disk < 1GB
                                (the disks of the run's folder and of Docker; the fullest counts)
promql: EXPR                    of the stack's own Prometheus, gives a series: promql: sum(rate(lost_total[1m])) > 0

OP is one of < <= > >=. Without `for`, a condition on requests is looked at over 1 s, and any other at each look.
Whatever cannot be looked at for as long as `abort: blind` says trips its guard as well: blind is not safe.
So does a REQUEST that the load, which makes others, has not made once by then.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from harness.alerting import named
from harness.drill.problem import did_you_mean
from harness.quantities import figures, per_second, ratio, seconds, size_bytes, spell
from harness.stats import Condition

HOST = ("cpu", "memory", "disk")
SUBJECTS = ("errors", "goodput", "rate", "max", "p95", "alert", "any", "container_died", "host", "promql:")
_ALERT = r"""(?:"[^"']+"|'[^"']+'|[A-Za-z0-9_:.*?-]+)"""
_LIMIT = r"\s*(?P<op><=|>=|<|>)\s*(?P<value>[^<>=]+?)\s*"


@dataclass(frozen=True)
class Guard:
    """A condition on requests, held over all of the last `for_s`."""

    condition: Condition
    for_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.condition}{_for(self.for_s)}"


@dataclass(frozen=True)
class GoodputGuard:
    """Good answers that came in over the last `for_s`, per second. What still waits is not one of them."""

    op: str
    value: float
    request: str = ""
    for_s: float = 0.0

    def says(self, value: float) -> bool:
        """Whether it would trip at so many per second."""
        return compared(value, self.op, self.value)

    def __str__(self) -> str:
        of = f" of {self.request}" if self.request else ""
        return f"goodput{of} {self.op} {self.value:g}/s{_for(self.for_s)}"


@dataclass(frozen=True)
class PromGuard:
    """An expression of the stack's own Prometheus that gave a series all of for_s, as a rule fires."""

    query: str
    for_s: float = 0.0

    def __str__(self) -> str:
        return f"promql: {self.query}{_for(self.for_s)}"


@dataclass(frozen=True)
class AlertGuard:
    """An alert that fires, for `for_s`. `name` is a pattern; those of `allow` never trip it."""

    name: str = "*"
    allow: tuple[str, ...] = ()
    for_s: float = 0.0

    def means(self, alert: str) -> bool:
        """Whether this alert is one that it looks at."""
        return named(alert, self.name) and not any(named(alert, one) for one in self.allow)

    def __str__(self) -> str:
        return f"{_named('alert', self.name, self.allow)}{_for(self.for_s)}"


@dataclass(frozen=True)
class DeathGuard:
    """A container of the service (a pattern) that ends with a failure while nothing of the drill's acts on it."""

    service: str = "*"
    allow: tuple[str, ...] = ()

    def means(self, service: str) -> bool:
        """Whether this service is one that it looks at."""
        return fnmatchcase(service, self.service) and not any(fnmatchcase(service, one) for one in self.allow)

    def __str__(self) -> str:
        return _named("container_died", self.service, self.allow)


@dataclass(frozen=True)
class HostGuard:
    """This machine's own processors (share used), memory or disks (free or used, a share or bytes).

    value     a share from 0 to 1, or bytes where `share` is False
    standing  one that no drill has to state; it trips only where it could look at all
    """

    what: Literal["cpu", "memory", "disk"]
    op: str
    value: float
    share: bool = True
    for_s: float = 0.0
    standing: bool = False

    @property
    def free(self) -> bool:
        """Whether it is about what is free, not what is used: memory and disks, with `<`."""
        return self.what != "cpu" and self.op.startswith("<")

    def says(self, value: float) -> bool:
        """Whether it would trip at so much, in the limit's own unit."""
        return compared(value, self.op, self.value)

    def show(self, value: float) -> str:
        """A value as a person writes it: 3.2% free, 512MB used, 97%."""
        side = "" if self.what == "cpu" else " free" if self.free else " used"
        return f"{f'{value * 100:.3g}%' if self.share else shown_bytes(value)}{side}"

    def __str__(self) -> str:
        return f"host {self.what} {self.op} {self.show(self.value)}{_for(self.for_s)}"


AnyGuard = Guard | GoodputGuard | PromGuard | AlertGuard | DeathGuard | HostGuard


def request_of(guard: AnyGuard) -> str:
    """The request that a guard is about; '' for all of them, and for a guard on something else."""
    if isinstance(guard, Guard):
        return guard.condition.request
    return guard.request if isinstance(guard, GoodputGuard) else ""


STANDING = (
    HostGuard("memory", "<", 0.02, for_s=5.0, standing=True),
    HostGuard("disk", "<", 500e6, share=False, standing=True),
)
"""They protect the machine where a drill says nothing of it: with less a kernel begins to kill, and a disk to refuse."""


def guards_of(stated: Sequence[AnyGuard]) -> tuple[AnyGuard, ...]:
    """The guards of a drill: those that it states, and the standing ones of whatever it states none of."""
    own = {one.what for one in stated if isinstance(one, HostGuard)}
    return (*stated, *(one for one in STANDING if one.what not in own))


def guard(value: Any) -> AnyGuard:
    """A guard as it stands in a drill file. Raises ValueError that says what is allowed."""
    if not isinstance(value, str):
        raise ValueError(f"write a condition, such as errors > 50% for 15s, not {value!r}")
    text, for_s = _without_for(value.strip())
    head = text.split(maxsplit=1)[0] if text else ""
    if text.startswith("promql:"):
        return _promql(value)
    if head == "goodput":
        return _goodput(text, for_s)
    if head == "host":
        return _host(text, for_s)
    if head == "alert" or re.match(r"any\s+alerts?\b", text):
        return _alert(text, for_s)
    if head == "container_died" or re.match(r"any\s+container_died\b", text):
        return _death(text, for_s)
    if head == "any":
        rest = text[3:].strip().split(maxsplit=1)
        near = did_you_mean(rest[0], ("alert", "container_died")) if rest else ""
        raise ValueError(f"{text!r}: any of what?{near} write any alert, or any container_died")
    return Guard(_condition(text, head), for_s)


def _condition(text: str, head: str) -> Condition:
    try:
        return Condition.parse(text)
    except ValueError as error:
        near = did_you_mean(head, SUBJECTS) if head not in SUBJECTS else ""
        if not near:
            raise
        raise ValueError(f"{error}{near}") from None


def _without_for(text: str) -> tuple[str, float]:
    match = re.fullmatch(r"""(.*\S)\s+for\s+([^\s"']+)""", text, re.DOTALL)
    if match is None or text.startswith("promql:"):
        return text, 0.0
    return match.group(1), seconds(match.group(2))


def _promql(value: str) -> PromGuard:
    match = re.fullmatch(r"\s*promql:\s*(.*?)(?:\s+for\s+(\d\S*))?\s*", value, re.DOTALL)
    if match is None or not match.group(1):
        raise ValueError("write promql: and an expression, such as promql: sum(rate(orders_lost_total[1m])) > 0")
    return PromGuard(match.group(1), seconds(match.group(2)) if match.group(2) else 0.0)


def _goodput(text: str, for_s: float) -> GoodputGuard:
    match = re.fullmatch(rf"goodput(?:\s+of\s+(?P<request>.+?)\s)?{_LIMIT}", text)
    if match is None:
        raise ValueError(f"{text!r} is no guard; write goodput [of REQUEST] < RATE, such as goodput < 5/s for 10s")
    return GoodputGuard(match["op"], per_second(match["value"]), (match["request"] or "").strip(), for_s)


def _alert(text: str, for_s: float) -> AlertGuard:
    found = _who(text, r"alerts?", _ALERT, r"(?:\s+firing)?")
    if found is None:
        raise ValueError(
            f"{text!r} is no guard; write alert NAME, or any alert except NAME, such as any alert except Watchdog, "
            '"Dead Man Switch" (a name with blanks or brackets in quotes)'
        )
    return AlertGuard(*found, for_s)


def _death(text: str, for_s: float) -> DeathGuard:
    found = _who(text, "container_died", r"[A-Za-z0-9_.*?-]+")
    if found is None:
        raise ValueError(f"{text!r} is no guard; write container_died SERVICE, or any container_died except SERVICE")
    if for_s:
        raise ValueError("a death has no length: leave out its `for`")
    return DeathGuard(*found)


def _who(text: str, kind: str, name: str, more: str = "") -> tuple[str, tuple[str, ...]] | None:
    """The name (a pattern) and those excepted, of 'KIND NAME' or 'any KIND [except NAME, …]'; None for neither."""
    match = re.fullmatch(rf"any\s+{kind}{more}(?:\s+except\s+({name}(?:\s*,\s*{name})*))?", text)
    if match is not None:
        return "*", tuple(one.strip("\"'") for one in re.findall(name, match.group(1) or ""))
    match = re.fullmatch(rf"{kind}\s+({name}){more}", text)
    return (match.group(1).strip("\"'"), ()) if match is not None else None


def _host(text: str, for_s: float) -> HostGuard:
    match = re.fullmatch(rf"host\s+(?P<what>\w+){_LIMIT}", text)
    if match is None:
        raise ValueError(f"{text!r} is no guard; write host cpu > 95%, host memory < 5% free or host disk < 1GB")
    what, op = match["what"], match["op"]
    amount, side = re.fullmatch(r"(.*?)\s*(free|used)?", match["value"]).groups()  # type: ignore[union-attr]
    if what not in HOST:
        hint = did_you_mean(what, HOST) or f"; known are {', '.join(HOST)}"
        raise ValueError(f"host {what!r} is not looked at{hint}")
    low = op.startswith("<")
    if what == "cpu" and (low or side == "free"):
        raise ValueError(f"{text!r} trips on an idle machine; write host cpu > 95% for 10s")
    if side and what != "cpu" and (side == "free") != low:
        raise ValueError(f"{text!r} trips while there is plenty; write < for what is free, > for what is used")
    share = amount.endswith("%")
    if not share and what == "cpu":
        raise ValueError("the processors' use is a share, such as host cpu > 95% for 10s")
    value = ratio(amount) if share else float(size_bytes(amount))
    return HostGuard(what, op, value, share, for_s)  # type: ignore[arg-type]


def compared(value: float, op: str, limit: float) -> bool:
    """Whether `value op limit` is so."""
    return {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}[op]


def shown_bytes(value: float) -> str:
    """Bytes as a person writes them: 1.5GB, 500MB, 12B."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if value >= size:
            return f"{figures(value / size)}{unit}"
    return f"{value:.0f}B"


def _named(kind: str, name: str, allow: Sequence[str]) -> str:
    if name != "*":
        return f"{kind} {_spelt(name)}"
    return f"any {kind}" + (f" except {', '.join(map(_spelt, allow))}" if allow else "")


def _spelt(name: str) -> str:
    return name if re.fullmatch(_ALERT, name) else f'"{name}"'


def _for(for_s: float) -> str:
    return f" for {spell(for_s)}" if for_s else ""
