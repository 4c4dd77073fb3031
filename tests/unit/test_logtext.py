"""What a line of a log says, as the world's loggers write it: above all how severe it is, and when that cannot be read."""

from __future__ import annotations

import json

import pytest

from harness.logcause import Why, why
from harness.loglevels import ERROR, LEVELS, UNREAD
from harness.logtext import Said

WRITTEN = [
    # plain text
    ("2026-11-28 20:00:00,123 - shop.orders - ERROR - refused", "ERROR"),
    ("ERROR:root:refused", "ERROR"),
    ("\x1b[31merror\x1b[39m: refused", "ERROR"),
    ("\x1b[32minfo\x1b[39m: ok", "INFO"),
    ("fail: Shop.Orders[0]\n      refused", "ERROR"),
    ("info: Shop[0]\n      ok", "INFO"),
    ("E1128 20:00:00.123456 1 orders.go:42] refused", "ERROR"),
    ("W20261128 20:00:00.123456 1 orders.go:42] refused", "WARNING"),
    ("[E 261128 20:00:00 web:2271] 500 GET /", "ERROR"),
    ("ERRO[0000] refused", "ERROR"),
    ("[2026-11-28T20:00:00Z ERROR shop::db] refused", "ERROR"),
    ("2026-11-28T20:00:00Z ERR refused error=\"x\"", "ERROR"),
    ("1764360000.1\terror\tmain.go:1\trefused", "ERROR"),
    ("Nov 28 20:00:00 warn: slow", "WARNING"),
    ("20:00:00.123 [http-nio-1] ERROR c.s.Orders - refused", "ERROR"),
    ("[2026-11-28T20:00:00] app.ERROR: refused {\"id\":1}", "ERROR"),
    ("[2026-11-28 20:00:00,123: ERROR/MainProcess] Task failed", "ERROR"),
    ("<11>1 2026-11-28T20:00:00Z api shop - - - refused", "ERROR"),
    # servers
    ("2026/11/28 20:00:00 [error] 29#29: *1 connect() failed", "ERROR"),
    ("[Sat Nov 28 20:00:00.123 2026] [proxy:error] [pid 1] refused", "ERROR"),
    ("1:M 28 Nov 2026 20:00:00.000 # Out of memory", "WARNING"),
    ("1:M 28 Nov 2026 20:00:00.000 * Ready to accept connections", "NOTICE"),
    ("2026-11-28 20:00:00.000 UTC [1] LOG:  parameter \"x\" changed to \"ERROR\"", "INFO"),
    ("2026-11-28 20:00:00.000 UTC [9] FATAL:  too many clients", "CRITICAL"),
    ("2026-11-28T20:00:00.000000Z 0 [Note] [MY-010747] [Server] ready", "NOTICE"),
    ('172.18.0.1 - - [28/Nov/2026:20:00:00 +0000] "POST /orders HTTP/1.1" 503 12', "INFO"),
    ('INFO:     172.18.0.1:1234 - "POST /orders HTTP/1.1" 503', "INFO"),
    # words that are no statement stand before the statement
    ("2026-11-28 [trace: 4bf92f3577b34da6] ERROR refused", "ERROR"),
    ("[drill-1] GET /info failed ERROR refused", "ERROR"),
    ("trace=4bf9 ERROR refused", "ERROR"),
    ("2026-11-28 20:00.00 [error    ] refused   order=7", "ERROR"),
    # what a line begins with goes before a pair after it, but for syslog's number, which whoever ships it made up
    ("WARN cache is full level=6", "WARNING"),
    ("WARN player level=50 reached the limit", "WARNING"),
    ("[ WARN] cache is full level=6", "WARNING"),
    ("ERROR refused; tried again with level=info", "ERROR"),
    ("error: refused; tried again with level=info", "ERROR"),
    ("trace=4bf9 ERROR refused level=6", "ERROR"),
    ('2026-11-28T20:00:00Z\tERROR\tmain.go:1\trefused\t{"level": 6}', "ERROR"),
    ("20:00:00 level=error msg=refused", "ERROR"),
    ("ts=1 level=error INFO", "ERROR"),
    ("error handling is on level=info", "INFO"),
    ("<14>1 2026-11-28T20:00:00Z api shop - - - level=error msg=refused", "ERROR"),
    # crashes, single letters, syslog's host and process
    ("thread 'main' panicked at src/main.rs:1:1:", "CRITICAL"),
    ("thread 'tokio-runtime-worker' (17) panicked at src/main.rs:1:1:", "CRITICAL"),
    ('Exception in thread "main" java.lang.IllegalStateException: x', "ERROR"),
    ("PHP Fatal error:  Uncaught Exception", "CRITICAL"),
    ("[28-Nov-2026 20:00:00 UTC] PHP Warning:  x in y", "WARNING"),
    ("NOTICE: PHP message: PHP Fatal error:  x", "CRITICAL"),
    ("[E] refused", "ERROR"),
    ("2026-11-28 20:00:00.123 [W] slow", "WARNING"),
    ("[E 2026-11-28 20:00:00,123 app] refused", "ERROR"),
    ("Nov 28 20:00:00 host app[12]: error: refused", "ERROR"),
    ("2026-11-28T20:00:00.123Z host app[12]: [E] refused", "ERROR"),
    ("2026-11-28T20:00:00Z ERROR app: refused", "ERROR"),
    # fields
    ('level=error msg="refused"', "ERROR"),
    ("ts=1 lvl=eror msg=refused", "ERROR"),
    ('ERROR msg="request refused" id=1', "ERROR"),
    (json.dumps({"level": "\x1b[31merror\x1b[39m", "message": "refused"}), "ERROR"),
    (json.dumps({"level": 50, "msg": "refused"}), "ERROR"),
    (json.dumps({"message": "refused", "context": {}, "level": 400, "level_name": "ERROR", "channel": "app"}), "ERROR"),
    (json.dumps({"message": "refused", "level": 250}), "NOTICE"),
    (json.dumps({"message": "refused", "level": "550"}), "CRITICAL"),
    (json.dumps({"levelno": 40, "levelname": "ERROR", "level": 30, "message": "refused"}), "ERROR"),
    (json.dumps({"levelno": 40, "message": "refused"}), "ERROR"),
    (json.dumps({"level": 40, "levelno": 40, "logger": "app", "message": "refused"}), "ERROR"),
    (json.dumps({"level": 30, "lineno": 7, "message": "slow"}), "WARNING"),
    (json.dumps({"level": 40, "time": 1, "pid": 7, "hostname": "h", "message": "slow"}), "WARNING"),
    (json.dumps({"level": 60, "message": "refused"}), "CRITICAL"),
    (json.dumps({"severity": 0, "msg": "refused"}), "CRITICAL"),
    (json.dumps({"severity": "3", "msg": "refused"}), "ERROR"),
    (json.dumps({"level": 3, "host": "h", "short_message": "refused", "version": "1.1"}), "ERROR"),
    (json.dumps({"level": 0, "host": "h", "short_message": "refused", "version": "1.1"}), "CRITICAL"),
    (json.dumps({"levelStr": "ERROR", "message": "refused"}), "ERROR"),
    (json.dumps({"level": 50, "msg": "refused", "data": {"severity": "info"}}), "ERROR"),
    ('{"level": 1e999, "severity": "warn", "msg": "refused"}', "WARNING"),
    (json.dumps({"log": {"level": "error"}, "message": "refused"}), "ERROR"),
    (json.dumps({"severityNumber": 17, "body": "refused"}), "ERROR"),
    (json.dumps({"LogLevel": "Information", "Message": "ok"}), "INFO"),
    (json.dumps({"t": {"$date": "x"}, "s": "E", "c": "NETWORK", "msg": "refused"}), "ERROR"),
    (json.dumps({"@t": "x", "@l": "Error", "@mt": "refused"}), "ERROR"),
    (json.dumps({"@t": "x", "@mt": "ok"}), "INFO"),
    (json.dumps({"method": "POST", "path": "/orders", "status": 503}), "INFO"),
    (json.dumps({"@level": "error", "@message": "refused"}), "ERROR"),
    (json.dumps({"log_level": "error", "message": "refused"}), "ERROR"),
    (json.dumps({"severity_label": "ERROR", "message": "refused"}), "ERROR"),
    (json.dumps({"priority": "ERROR", "message": "refused"}), "ERROR"),
    (json.dumps({"sev": "ERROR", "message": "refused"}), "ERROR"),
    (json.dumps({"status": "error", "message": "refused"}), "ERROR"),
    (json.dumps({"level": "info", "status": "error", "priority": "critical", "message": "ok"}), "INFO"),
    (json.dumps({"text": "20:00 | ERROR | refused", "record": {"level": {"name": "ERROR", "no": 40}, "message": "x"}}), "ERROR"),
    ("TypeError: refused\n    at place (/app/orders.js:7:1)", "ERROR"),
    ("refused\n    at async Orders.place [as run] (/app/orders.js:7:1)", "ERROR"),
    ("refused\n    at /app/orders.js:7:1", "ERROR"),
    ("Traceback (most recent call last):\n  File x\nKeyError: 'x'", "ERROR"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "level"), WRITTEN)
def test_a_level_is_read_as_its_writer_states_it(text: str, level: str) -> None:
    assert Said(text).level == LEVELS.index(level)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "refused by postgres",
        "no info about the order",
        "GET /info",
        "GET /find?level=ERROR-1 took 3 ms",
        "informed the critical path team",
        json.dumps({"message": "an error occurred"}),
        json.dumps({"message": "ticket opened", "priority": 1, "sev": "2", "status": "open"}),
        "TypeError: refused",
        "see [E] in the manual",
        json.dumps({"level": 40, "message": "Python's error, or pino's warning"}),
        json.dumps({"level": 0, "msg": "logr's information, or syslog's emergency"}),
        json.dumps({"level": 4, "message": "syslog's warning, or .NET's error"}),
        json.dumps({"level": False, "severity": "", "message": "refused"}),
        json.dumps({"severity": 400, "message": "Google's warning, or Monolog's error"}),
        "refused\n    at 10 o'clock",
    ],
)
def test_a_line_that_states_no_level_has_none(text: str) -> None:
    assert Said(text).level == UNREAD


def test_a_dotnet_message_is_in_its_second_line() -> None:
    assert Said("fail: Shop.Orders[0]\n      postgres: refused").message == "postgres: refused"


def test_fields_that_name_a_dependency_only_in_some_formats_are_told_apart() -> None:
    rust = Said(json.dumps({"level": "ERROR", "fields": {"message": "refused"}, "target": "shop::db"}))
    assert (rust.named(), rust.perhaps_named) == ((), ("shop::db",))
    many = Said(json.dumps({"level": "ERROR", "peer.service": "pg", "dependency": "postgres", "backend": "db"}))
    assert many.named("backend") == ("db", "postgres", "pg")


def test_a_line_without_end_is_read_quickly() -> None:
    for text in ("[" * 60000, "1 " * 30000, "a-" * 30000, "<" * 60000 + "error"):
        assert Said(text).level == UNREAD


@pytest.mark.parametrize(("message", "told"), [("internal error", False), ("orders-db refuses the password", True)])
def test_what_spring_boot_writes_before_a_message_tells_no_cause(message: str, told: bool) -> None:
    before = "2026-11-29T03:26:54.118Z \x1b[31mERROR\x1b[0m 1 --- [api] [nio-8080-exec-3] [5b2f-77aa] c.s.checkout.CheckoutService     : "
    said = Said(before + message)
    assert said.message == message
    assert (why(said) == Why.TOLD) is told
    assert said.level == ERROR
