"""The checkout's planted defects: off, nothing is changed; on, each does the one thing that its README says."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).parents[2] / "compose/checkout/app/checkout/defects.py"
LINE = {
    "level": "ERROR",
    "service": "payments",
    "message": "payments is unavailable",
    "dependency": "payments",
    "cause": "cannot connect to host payments:8080",
    "where": "calls.py:1",
    "request_id": "r",
    "trace_id": "t",
    "span_id": "s",
}
Load = Callable[..., ModuleType]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """The module as a process with these variables has it."""

    def load(**variables: str) -> ModuleType:
        for name in [name for name in os.environ if name.startswith("DEFECT_")]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(f"DEFECT_{name}", value)
        spec = importlib.util.spec_from_file_location("defects", FILE)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def test_without_a_variable_nothing_is_changed(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    off = load()
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("it crashed"))
    assert off.switched_on() == []
    assert [off.counted_as(status) for status in (200, 499, 500, 504)] == ["200", "499", "500", "504"]
    assert [off.answered_as(status) for status in (200, 503)] == [200, 503]
    assert off.buckets((0.1, 0.5, 5.0)) == (0.1, 0.5, 5.0)
    assert not off.stops_counting(503)
    assert off.logged(dict(LINE)) == LINE
    assert off.blamed("payments") == "payments"
    off._began = -1000.0
    for _ in range(50):
        off.crash(503)


@pytest.mark.parametrize("value", ["", "0", "no", "off", "false"])
def test_what_is_no_yes_switches_nothing_on(load: Load, value: str) -> None:
    assert load(LOG_GENERIC=value).switched_on() == []


def test_what_is_on_is_told_and_so_is_a_variable_that_is_no_defects(load: Load) -> None:
    on = load(LOG_GENERIC="1", METRIC_STOPS="true", LOG_GENERICK="1")
    assert on.switched_on() == ["DEFECT_METRIC_STOPS", "DEFECT_LOG_GENERIC"]
    assert on.unknown() == ["DEFECT_LOG_GENERICK"]


def test_metrics_that_lie(load: Load) -> None:
    as_200 = load(ERRORS_COUNTED_AS_200="1")
    assert [as_200.counted_as(status) for status in (200, 404, 500, 504)] == ["200", "404", "200", "200"]
    late = load(TIMEOUTS_NOT_COUNTED="1")
    assert [late.counted_as(status) for status in (200, 503, 504, 499)] == ["200", "503", None, None]
    assert list(load(TOP_BUCKET_TOO_LOW="1").buckets((0.1, 0.2, 0.5, 5.0))) == [0.1, 0.2]
    stops = load(METRIC_STOPS="1")
    assert [stops.stops_counting(status) for status in (200, 404, 500)] == [False, False, True]


def test_a_crash_is_at_the_tenth_error_of_a_process_that_is_not_young(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *what: killed.append(what))
    module = load(CRASH_LOSES_COUNTERS="1")
    for _ in range(20):
        module.crash(503)
    assert killed == []  # young
    module = load(CRASH_LOSES_COUNTERS="1")
    module._began = -1000.0
    for _ in range(30):
        module.crash(200)
    for _ in range(9):
        module.crash(500)
    assert killed == []
    module.crash(500)
    assert killed == [(os.getpid(), signal.SIGKILL)]


@pytest.mark.parametrize(
    ("variable", "changed"),
    [
        ("LOG_WITHOUT_ID", {key: value for key, value in LINE.items() if not key.endswith("_id")}),
        (
            "LOG_GENERIC",
            {"message": "internal error"}
            | {key: LINE[key] for key in ("level", "service", "request_id", "trace_id", "span_id")},
        ),
        (
            "LOG_WRONG_DEPENDENCY",
            LINE
            | {
                "message": "postgres is unavailable",
                "dependency": "postgres",
                "cause": "cannot connect to host postgres:8080",
            },
        ),
    ],
)
def test_logs_that_lie(load: Load, variable: str, changed: dict[str, Any]) -> None:
    assert load(**{variable: "1"}).logged(dict(LINE)) == changed


@pytest.mark.parametrize("variable", ["LOG_GENERIC", "LOG_WRONG_DEPENDENCY"])
def test_a_line_that_only_informs_is_left_alone(load: Load, variable: str) -> None:
    line = {**LINE, "level": "INFO"}
    assert load(**{variable: "1"}).logged(dict(line)) == line


def test_answers_and_traces_that_lie(load: Load) -> None:
    friendly = load(ERRORS_ANSWERED_AS_200="1")
    assert [friendly.answered_as(status) for status in (201, 404, 500, 504)] == [201, 404, 200, 200]
    wrongly = load(TRACE_WRONG_DEPENDENCY="1")
    assert {name: wrongly.blamed(name) for name in ("postgres", "redis", "payments", "else")} == {
        "postgres": "redis",
        "redis": "payments",
        "payments": "postgres",
        "else": "else",
    }
