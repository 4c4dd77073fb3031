"""Whether a panel's query is about alerts alone, and whether one was there that it takes."""

from __future__ import annotations

import pytest
from alert_stories import alert

from harness.expectations.alert_panels import none_there

PAGES = 'ALERTS{alertstate="firing", severity=~"page|ticket", service!="db", alertname!~"Test.*"}'


@pytest.mark.parametrize(
    ("query", "alone"),
    [
        (PAGES, True),
        ("count(ALERTS)", True),
        (f'max by (alertname) ({PAGES}) * 2 or max by (alertname) (ALERTS{{alertstate="pending"}})', True),
        ("ALERTS or up", False),
        ("ALERTS * on (service) up", False),
        ("sum(rate(http_requests_total[1m]))", False),
        ("vector(1)", False),
        ("sum(ALERTS", False),
    ],
)
def test_a_query_of_alerts_alone_is_told_from_one_that_reads_more(query: str, alone: bool) -> None:
    assert none_there(query, []) == alone


@pytest.mark.parametrize(
    ("state", "name", "labels", "taken"),
    [
        ("firing", "Slow", {"severity": "page", "service": "api"}, True),
        ("firing", "Slow", {"severity": "ticket"}, True),
        ("pending", "Slow", {"severity": "page"}, False),
        ("firing", "Slow", {"severity": "none"}, False),
        ("firing", "Slow", {}, False),
        ("firing", "Slow", {"severity": "page", "service": "db"}, False),
        ("firing", "TestOfPaging", {"severity": "page"}, False),
    ],
)
def test_an_alert_is_one_that_the_query_takes_when_it_fits_all_matchers(
    state: str, name: str, labels: dict[str, str], taken: bool
) -> None:
    seen = [alert(state, 25, name, labels)]
    assert none_there(f"count({PAGES})", seen) != taken
    assert none_there(f'{PAGES} or ALERTS{{alertname="Other"}}', seen) != taken


def test_a_pattern_with_a_backslash_is_read_as_prometheus_reads_it() -> None:
    query = r'count(ALERTS{alertname=~"Pay\\w+|Lag \\(ms\\)"})'
    assert none_there(query, [alert("firing", 25, "OrdersSlow")])
    assert not none_there(query, [alert("firing", 25, "PaymentsSlow")])
    assert not none_there(query, [alert("firing", 25, "Lag (ms)")])
