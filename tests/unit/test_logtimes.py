"""logtimes: a line's own time, in the layouts of known loggers; the zone is what it states, and nothing that it does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from harness.logtext import Said
from harness.logtimes import Own, Zone, own_times

AT = datetime(2026, 11, 30, 11, 0, 7, tzinfo=UTC).timestamp()
STATED, NAMED, NONE = Zone.STATED, Zone.NAMED, Zone.NONE
IST_S = 5.5 * 3600


def own(text: str, near_s: float = AT) -> Own | None:
    return next(iter(own_times(Said(text), near_s).values()), None)


LINES = [
    ("2026-11-30 11:00:07,000 ERROR shop.db: gone", NONE, 0.0),  # Python
    ("ERROR 2026-11-30 11:00:07,000 web 7 139: gone", NONE, 0.0),  # Django's verbose
    ("[2026-11-30 16:30:07 +0530] [7] [ERROR] gone", STATED, 0.0),  # gunicorn
    ("2026-11-30T11:00:07.000Z ERROR 1 --- [main] c.shop.Web : gone", STATED, 0.0),  # Spring Boot 3
    ("2026-11-30T16:30:07.000+05:30 ERROR 1 --- [main] c.shop.Web : gone", STATED, 0.0),
    ("2026-11-30 16:30:07.000 ERROR 1 --- [main] c.shop.Web : gone", NONE, IST_S),  # Spring Boot 2
    ("2026-11-30 11:00:07.0000|ERROR|Shop.Db|gone", NONE, 0.0),  # NLog
    ("2026-11-30 11:00:07.000 | ERROR    | shop.db:get:7 - gone", NONE, 0.0),  # loguru
    ("E1130 11:00:07.000000       1 db.go:7] gone", NONE, 0.0),  # klog
    ("E20261130 11:00:07.000000 7 db.cc:7] gone", NONE, 0.0),  # glog
    ("2026-11-30T11:00:07.000Z\terror\tdb.go:7\tgone", STATED, 0.0),  # zap
    ('time="2026-11-30T11:00:07Z" level=error msg=gone', STATED, 0.0),  # logrus
    ("time=2026-11-30T16:30:07.000+05:30 level=ERROR msg=gone", STATED, 0.0),  # slog
    ("[2026-11-30T11:00:07Z ERROR shop::db] gone", STATED, 0.0),  # env_logger
    ("E, [2026-11-30T11:00:07.000000 #7] ERROR -- : gone", NONE, 0.0),  # Ruby
    ("2026/11/30 11:00:07 gone", NONE, 0.0),  # Go
    ("2026/11/30 11:00:07 [error] 7#7: *1 connect() failed", NONE, 0.0),  # nginx
    ("[Mon Nov 30 11:00:07.000000 2026] [core:error] [pid 7] gone", NONE, 0.0),  # Apache
    ("<27>Nov 30 11:00:07 host shop[7]: gone", NONE, 0.0),  # syslog
    ("1:M 30 Nov 2026 11:00:07.000 # gone", NONE, 0.0),  # Redis
    ("[30-Nov-2026 11:00:07 UTC] PHP Fatal error:  gone", STATED, 0.0),
    ("2026-11-30 11:00:07.000 UTC [7] ERROR:  gone", STATED, 0.0),  # PostgreSQL
    ("2026-11-30 16:30:07.000 IST [7] ERROR:  gone", NAMED, IST_S),
    ("[E 261130 11:00:07 web:7] gone", NONE, 0.0),  # tornado
    ('10.0.0.1 - - [30/Nov/2026:16:30:07 +0530] "GET /x HTTP/1.1" 503 7', STATED, 0.0),
    ('2026-11-30T11:00:07+00:00|10.0.0.1|id|"GET /x HTTP/1.1"|503|rt=0.005', STATED, 0.0),
    ('{"level":"ERROR","msg":"gone","ts":"2026-11-30 16:30:07.000"}', NONE, IST_S),
    (f'{{"level":"error","ts":{AT},"msg":"gone"}}', STATED, 0.0),  # zap
    (f'{{"level":50,"time":{int(AT * 1000)},"msg":"gone"}}', STATED, 0.0),  # pino
    ('{"t":{"$date":"2026-11-30T16:30:07.000+05:30"},"s":"E","c":"NETWORK","msg":"gone"}', STATED, 0.0),  # MongoDB
    ('{"@t":"2026-11-30T11:00:07.000Z","@mt":"gone","@l":"Error"}', STATED, 0.0),  # Serilog
]


@pytest.mark.parametrize(("text", "zone", "off_s"), LINES, ids=[text[:40] for text, _, _ in LINES])
def test_the_time_of_known_loggers_is_read_with_the_zone_that_they_state(text: str, zone: Zone, off_s: float) -> None:
    assert own(text) == Own(AT + off_s, zone)


def test_a_time_without_a_date_may_be_of_any_day() -> None:
    assert own("11:00:07.000 [main] ERROR c.shop.Web - gone") == Own(AT, NONE, daily=True)


def test_a_time_without_a_year_is_of_the_year_that_is_near() -> None:
    new_year = datetime(2027, 1, 1, 0, 0, 3, tzinfo=UTC).timestamp()
    assert own("E1231 23:59:59.000000 1 db.go:7] gone", new_year) == Own(new_year - 4, NONE)


@pytest.mark.parametrize(
    "text",
    [
        "ERROR gone",
        "ERROR order for 2026-12-24 10:00:00 refused",  # the business's own
        '{"level":"ERROR","msg":"gone","time":"0.005"}',  # a duration
        '{"level":"ERROR","msg":"gone","delivery":"2026-12-24T10:00:00Z"}',
        "2026-11-30 11:00:07 PM ERROR gone",  # twelve hours a half
        "2026-13-30 11:00:07 ERROR gone",
        "INFO[0042] gone",  # logrus: seconds since it began
    ],
)
def test_what_is_no_time_of_the_line_is_none(text: str) -> None:
    assert own(text) is None


def test_a_level_behind_the_time_is_no_zone() -> None:
    for level in ("INFO", "WARN", "ERROR", "EROR", "MSG"):
        found = own(f"2026-11-30 11:00:07 {level} gone")
        assert found is not None
        assert found.zone is NONE


@pytest.mark.parametrize(
    "behind", ["-17-ERROR-gone", "-11-ERROR-gone", "-07 ERROR gone", "-0017 ERROR gone", "-1100 gone", " -1100 gone"]
)
@pytest.mark.parametrize("off_s", [0.0, IST_S, -5 * 3600.0])
def test_a_process_behind_the_time_is_no_zone(behind: str, off_s: float) -> None:
    for date in ("2026-11-30 ", ""):
        spelt = datetime.fromtimestamp(AT + off_s, UTC).strftime("%H:%M:%S,000")
        assert own(f"{date}{spelt}{behind}") == Own(AT + off_s, NONE, daily=not date)


@pytest.mark.parametrize(
    "spelt", ["04:00:07.000-07 gone", "2026-11-29 23:00:07.000-12 gone", "2026-11-30 00:00:07-1100 gone"]
)
def test_an_offset_that_looks_like_a_process_is_one_where_it_makes_the_time_right(spelt: str) -> None:
    found = own(spelt)
    assert found is not None
    assert (found.unix_s, found.zone) == (AT, STATED)


def test_an_offset_to_the_minute_is_stated_though_it_is_wrong() -> None:
    assert own("2026-11-30 11:00:07.000-0500 gone") == Own(AT + 5 * 3600, STATED)
    assert own("2026-11-30 11:00:07.000+05:30 gone") == Own(AT - IST_S, STATED)
    assert own("2026-11-30 11:00:07.000-11:00 gone") == Own(AT + 11 * 3600, STATED)


def places(text: str) -> list[str]:
    return list(own_times(Said(text), AT))


def test_each_field_that_may_be_the_loggers_is_one_and_so_is_what_stands_before_a_structured_message() -> None:
    both = '{"level":"ERROR","msg":"gone","datetime":"2026-11-30T11:00:07Z","timestamp":"2026-11-30T09:00:07Z"}'
    assert places(both) == ["timestamp", "datetime"]
    assert places(f"2026-11-30T11:00:07Z {both}") == ["timestamp", "datetime", ""]
    assert places("2026-11-30T11:00:07Z level=ERROR msg=gone ts=2026-11-30T09:00:07Z") == ["ts", ""]


@pytest.mark.parametrize("clock", ["00:00:00.123", "10:30:00"])
def test_a_time_without_a_date_is_none_beside_one_that_has_it(clock: str) -> None:
    for key in ("datetime", "asctime", "@t"):
        assert places(f'{{"level":"ERROR","msg":"gone","{key}":"2026-11-30T11:00:07Z","time":"{clock}"}}') == [key]
    assert places(f"{clock} [2026-11-30T11:00:07Z] ERROR gone") == [""]
    assert own(f"{clock} [2026-11-30T11:00:07Z] ERROR gone") == Own(AT, STATED)
    assert places(f"{clock} up, time=2026-11-30T11:00:07Z") == ["time"]


def test_plain_text_that_begins_with_its_time_has_no_other() -> None:
    assert places("2026-11-30 16:30:07 ERROR order refused ts=2026-11-30T09:00:07Z") == [""]
