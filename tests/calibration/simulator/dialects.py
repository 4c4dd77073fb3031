"""How a service spells what it tells: names of metrics and labels, and the form of a line. What it tells is the same in each.

prometheus   metrics as the client libraries' manuals have them, registered at 0; lines as flat JSON
otel         semantic conventions: one histogram for counts and durations, born with its first request; JSON with attributes
go           promhttp's labels (code, method in small letters, handler), born with their first request; logfmt
spring       Micrometer's histogram (uri, status, outcome); plain text with a coloured level, and stack traces of many lines
logback      as spring, with the request in brackets behind the logger's name
log4j        as spring, with the place and the context's map there
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from calibration.simulator.scenario import WALL_UNIX_S
from calibration.simulator.store import Series, Store

COUNTER, HISTOGRAM = "http_requests_total", "http_request_duration_seconds"
OUTCOMES = {"2": "SUCCESS", "3": "REDIRECTION", "4": "CLIENT_ERROR", "5": "SERVER_ERROR"}
MICROMETER = "http_server_requests_seconds"
COLOURS = {"INFO": 32, "WARNING": 33, "ERROR": 31}
HEADS = {
    "spring": "{stamp} \x1b[{colour}m{level}\x1b[0m 1 --- [api] [exec-3] [{trace}-{trace:.16}] [{request}] c.s.checkout.CheckoutService : ",
    "logback": "{stamp} {level} [exec-3] com.shop.checkout.CheckoutService [{request}] - ",
    "log4j": "{stamp} [exec-3] {level} com.shop.checkout.CheckoutService.place(CheckoutService.java:118) "
    "{{requestId={request}, traceId={trace}}} - ",
}
"""How a line of plain text begins."""


@dataclass(frozen=True)
class Dialect:
    """
    counter, histogram   what the two metrics of requests are called; counter '' where the histogram's count is all there is
    labels               what labels are called, by what they are called in `prometheus`
    born_late            whether a series is there only from its first request on
    lines                the form of a line
    """

    name: str = "prometheus"
    counter: str = COUNTER
    histogram: str = HISTOGRAM
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    born_late: bool = False
    lines: str = "json"

    @property
    def one_histogram(self) -> bool:
        return not self.counter

    def spelt(self, labels: Mapping[str, str]) -> dict[str, str]:
        """The labels of a series of requests."""
        found = {self.labels.get(name, name): value for name, value in labels.items()}
        if self.name == "go":
            found["method"] = found["method"].lower()
        if self.histogram == MICROMETER:
            found |= {"outcome": OUTCOMES[labels["code"][0]], "exception": "none"}
        return found


PROMETHEUS = Dialect()
SPRING = Dialect(
    "spring",
    counter="",
    histogram=MICROMETER,
    labels={"route": "uri", "code": "status"},
    born_late=True,
    lines="spring",
)
DIALECTS = (
    PROMETHEUS,
    Dialect(
        "otel",
        counter="",
        histogram="http_server_request_duration_seconds",
        labels={
            "method": "http_request_method",
            "route": "http_route",
            "code": "http_response_status_code",
            "version": "service_version",
        },
        born_late=True,
        lines="otel",
    ),
    Dialect("go", labels={"route": "handler"}, born_late=True, lines="logfmt"),
    SPRING,
    replace(SPRING, name="logback", lines="logback"),
    replace(SPRING, name="log4j", lines="log4j"),
)


def exposed(dialect: Dialect, store: Store) -> Store:
    """The store as the service's own spelling has it. Rules and panels are asked of the other one: they tell the same."""
    if dialect.name == "prometheus":
        return store
    return Store(list(_spelt(dialect, store)), store.targets)


def _spelt(dialect: Dialect, store: Store) -> Iterator[Series]:
    for one in store.series:
        if one.metric == COUNTER and dialect.one_histogram:
            continue
        if one.metric != COUNTER and not one.metric.startswith(HISTOGRAM):
            yield one
            continue
        metric = dialect.counter if one.metric == COUNTER else one.metric.replace(HISTOGRAM, dialect.histogram)
        yield Series(metric, dialect.spelt(one.labels), one.at_s, one.values, one.grown, one.target)


def line(dialect: Dialect, at_s: float, level: str, message: str, more: Mapping[str, str]) -> str:
    """One entry of the log; of several lines where an error has a stack trace."""
    stamp = datetime.fromtimestamp(WALL_UNIX_S + at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if dialect.lines == "otel":
        return _otel(stamp, level, message, more)
    if dialect.lines == "logfmt":
        words = {"time": stamp, "level": level.lower().replace("warning", "warn"), "msg": message, **more}
        return " ".join(
            f"{name}={json.dumps(text) if set(text) & set(' =:') else text}" for name, text in words.items()
        )
    if dialect.lines in HEADS:
        return _text(HEADS[dialect.lines], stamp, level, message, more)
    return json.dumps({"level": level, "message": message, **more})


def _otel(stamp: str, level: str, message: str, more: Mapping[str, str]) -> str:
    names = {
        "dependency": "server.address",
        "error_type": "error.type",
        "request_id": "http.request.header.x-request-id",
    }
    trace = {"trace_id": more["trace_id"], "span_id": more["trace_id"][:16]} if "trace_id" in more else {}
    attributes = {names.get(name, name): text for name, text in more.items() if name != "trace_id"}
    severity = {"WARNING": "WARN"}.get(level, level)
    number = {"INFO": 9, "WARN": 13, "ERROR": 17}[severity]
    told = {"timestamp": stamp, "severity_text": severity, "severity_number": number, "body": message, **trace}
    return json.dumps({**told, "attributes": attributes, "resource": {"service.name": "api"}})


def _text(head: str, stamp: str, level: str, message: str, more: Mapping[str, str]) -> str:
    word = {"WARNING": " WARN"}.get(level, f"{level:>5}")
    ids = {"trace": more.get("trace_id", ""), "request": more.get("request_id", "")}
    first = head.format(stamp=stamp, colour=COLOURS[level], level=word, **ids) + message
    if level != "ERROR" or message == "internal error":  # an exception that was swallowed leaves no trace
        return first
    return "\n".join(
        [
            first,
            f"com.shop.checkout.CheckoutFailedException: {message}",
            "\tat com.shop.checkout.CheckoutService.place(CheckoutService.java:118)",
            "\tat jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)",
            f"Caused by: java.io.IOException: {message.rpartition(': ')[2]}",
            "\t... 62 common frames omitted",
        ]
    )
