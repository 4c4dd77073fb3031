"""A condition on the requests of a stretch of time, as it stands in a drill file: `errors < 0.5%`.

METRIC [of REQUEST] OP VALUE

errors                    share of requests not answered `ok`, in percent: 4xx and 5xx, time-outs, broken connections,
                          wrong answers, dropped arrivals (those only without `of`)
p50, p90, p99.9, …, max   time from when a request was due to its answer, as a duration; a request without an answer
                          never had one
rate                      requests answered `ok` per second, such as 20/s
OP                        <  <=  >  >=
REQUEST                   a request's name in the ledger, such as POST /checkout
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.quantities import figures, milliseconds, per_second, ratio, spell

_SHAPE = re.compile(
    r"\s*(?P<metric>[A-Za-z][\w.]*)(?:\s+of\s+(?P<request>.+)\s)?\s*(?P<op><=|>=|<|>)\s*(?P<value>[^<>=]+?)\s*"
)
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")
METRICS = "errors, a percentile such as p50 or p95, max, rate"


@dataclass(frozen=True)
class Condition:
    """`value` is a share from 0 to 1 for errors, milliseconds for percentiles and max, per second for rate."""

    metric: str
    op: str
    value: float
    request: str = ""

    @staticmethod
    def parse(text: str) -> Condition:
        """'errors < 0.5%', 'p95 of POST /checkout < 300ms'. Raises ValueError that says what is allowed."""
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no condition; write METRIC [of REQUEST] OP VALUE, such as errors < 0.5%")
        metric, op, request = match["metric"], match["op"], (match["request"] or "").strip()
        if metric == "errors":
            return Condition(metric, op, ratio(match["value"]), request)
        if metric == "rate":
            return Condition(metric, op, per_second(match["value"]), request)
        if quantile_of(metric) is not None:
            return Condition(metric, op, milliseconds(match["value"]), request)
        raise ValueError(f"{metric!r} is not measured; a condition is about {METRICS}")

    @property
    def quantile(self) -> float | None:
        """0.95 for p95, 1 for max, None for what is no percentile."""
        return quantile_of(self.metric)

    def says(self, value: float) -> bool:
        """Whether the condition holds for this value."""
        if self.op.startswith("<"):
            return value < self.value or (self.op == "<=" and value == self.value)
        return value > self.value or (self.op == ">=" and value == self.value)

    def show(self, value: float) -> str:
        """A value of this metric as a person writes it."""
        if self.metric == "errors":
            return f"{value * 100:.3g}%"
        if self.metric == "rate":
            return f"{figures(value)}/s"
        return show_ms(value)

    def __str__(self) -> str:
        of = f" of {self.request}" if self.request else ""
        value = spell(self.value / 1000) if self.quantile is not None else ""
        value = value or (f"{self.value * 100:g}%" if self.metric == "errors" else f"{self.value:g}/s")
        return f"{self.metric}{of} {self.op} {value}"


def quantile_of(metric: str) -> float | None:
    if metric == "max":
        return 1.0
    match = _PERCENTILE.fullmatch(metric)
    share = float(match.group(1)) / 100 if match else 0.0
    return share if 0 < share < 1 else None


def show_ms(value_ms: float) -> str:
    """Milliseconds for a person; infinite means that there was no answer."""
    if value_ms == float("inf"):
        return "no answer"
    return f"{value_ms:.0f} ms" if value_ms >= 10 else f"{figures(value_ms, 2)} ms"
