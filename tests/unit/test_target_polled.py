"""Pages read from a list that is polled: each is a fact, delivered between two looks; what nobody could see is not decided."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from alert_stories import alert, judged, page, story
from pydantic import ValidationError

from harness.expectations.page_quality import PageQuality
from harness.expectations.page_sent import PageSent
from harness.facts import Blinded, Fact, Looked, Paged
from harness.fakeworld import FakeWorld
from harness.journal import Journal
from harness.target.pages import receivers
from harness.target.paging import Pages
from harness.target.polled import PolledPages, answers
from harness.target.reach import secrets_of
from harness.verdict import Finding

CONFIG = """\
route: {receiver: oncall, group_wait: 2s}
receivers:
  - {name: oncall, pagerduty_configs: [{routing_key: <secret>}]}
  - {name: board, webhook_configs: [{url: <secret>}]}
"""


class Provider(ThreadingHTTPServer):
    """A paging provider: two incidents to a page of its list; wants its token."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Incidents)
        self.incidents: list[dict[str, Any]] = []
        self.status, self.wait_s = 200, 0.0
        self.sent: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def opens(self, id_: str, alert: str = "Slow", status: str = "triggered", **more: Any) -> dict[str, Any]:
        made = {"id": id_, "title": f"[FIRING] {alert} on api", "state": status, "urgency": "high", **more}
        self.incidents.append(made)
        return made


class _Incidents(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        server = self.server
        server.sent.append(str(self.headers.get("Authorization")))
        time.sleep(server.wait_s)
        first = int(self.path.partition("offset=")[2] or 0)
        told: dict[str, Any] = {"incidents": server.incidents[first : first + 2], "next": None}
        if first + 2 < len(server.incidents):
            told["next"] = f"/incidents?offset={first + 2}"
        status = server.status if server.sent[-1] == "GenieKey s3same-key" else 401
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("PAGER_KEY", "s3same-key")
    made = Provider()
    yield made
    made.shutdown()
    made.server_close()


def stated(provider: Provider, **fields: Any) -> Pages:
    given = {"alert": "title", "named": r"\] (\w+) on", "status": "state", "labels": {"severity": "urgency"}, **fields}
    poll = {
        "url": provider.url,
        "path": "/incidents",
        "each": "incidents",
        "next": "next",
        "token_env": "PAGER_KEY",
        "authorization": "GenieKey {token}",
        "fields": given,
    }
    return Pages.model_validate({"poll": poll, "receivers": ["oncall"]})


class Looking:
    """A run that looks at the list once for each `at`."""

    def __init__(self, pages: Pages) -> None:
        self._probe, self._world = PolledPages(pages), FakeWorld(edges=(), services=())
        self.gap_s = self._probe.gap_s

    def at(self, at_s: float) -> list[Fact]:
        clock = self._world.clock
        clock.wait_until(at_s)
        return list(self._probe.look(self._world.world))

    def pages(self, at_s: float) -> list[Paged]:
        return [fact for fact in self.at(at_s) if isinstance(fact, Paged)]


def test_a_page_came_between_the_look_before_and_the_one_that_shows_it(provider: Provider) -> None:
    looking = Looking(stated(provider))
    assert [type(fact) for fact in looking.at(10)] == [Looked]
    for number in range(3):  # the third stands on the list's second page
        provider.opens(f"Q{number}", "Slow" if number else "Other")
    found = looking.pages(12)
    assert [(one.fingerprint, one.alert, one.status, one.receiver) for one in found] == [
        ("Q0", "Other", "firing", "oncall"),
        ("Q1", "Slow", "firing", "oncall"),
        ("Q2", "Slow", "firing", "oncall"),
    ]
    assert {(one.before_s, one.at_s, one.standing) for one in found} == {(10, 12, False)}
    assert found[0].labels == {"severity": "high"}
    assert looking.pages(14) == []
    assert set(provider.sent) == {"GenieKey s3same-key"}


def test_an_all_clear_and_what_is_opened_again_are_pages_of_their_own(provider: Provider) -> None:
    looking = Looking(stated(provider))
    looking.at(10)
    incident = provider.opens("Q1")
    provider.opens("Q2", status="Resolved")  # came and went between two looks
    told = [(one.fingerprint, one.status) for one in looking.pages(12)]
    assert told == [("Q1", "firing"), ("Q2", "firing"), ("Q2", "resolved")]
    incident["state"] = "resolved"
    assert [(one.status, one.before_s) for one in looking.pages(14)] == [("resolved", 12)]
    incident["state"] = "triggered"
    (again,) = looking.pages(16)
    assert (again.status, again.start) == ("firing", "2")


def test_what_was_open_before_the_run_called_nobody_in_it(provider: Provider) -> None:
    provider.opens("old")
    provider.opens("over", status="closed")
    looking = Looking(stated(provider))
    (standing,) = looking.pages(10)
    assert (standing.fingerprint, standing.standing) == ("old", True)


def test_when_the_alert_began_is_read_where_the_list_tells_it(provider: Provider) -> None:
    looking = Looking(stated(provider, started="since"))
    looking.at(10)
    now = datetime.now(UTC)
    wall_s = FakeWorld(edges=(), services=()).clock.wall_s()  # the fake clock's own beginning
    provider.opens("text", since=datetime.fromtimestamp(wall_s + 8, UTC).isoformat())
    provider.opens("number", since=(wall_s + 9) * 1000)
    provider.opens("none", since=(now - timedelta(days=1)).strftime("%A"))
    assert [one.starts_s for one in looking.pages(12)] == [pytest.approx(8), pytest.approx(9), None]


def test_a_look_that_failed_is_made_good_by_the_next_and_no_longer_once_that_comes_too_late(provider: Provider) -> None:
    looking = Looking(stated(provider))
    looking.at(10)
    provider.status = 503
    assert looking.at(12) == []
    provider.opens("Q1")
    (blinded,) = looking.at(10 + looking.gap_s)
    assert isinstance(blinded, Blinded)
    assert "answered /incidents with 503" in blinded.error
    provider.status = 200
    (came,) = looking.pages(18)
    assert (came.before_s, came.at_s) == (10, 18)


def test_a_list_that_takes_too_long_is_not_looked_at(provider: Provider) -> None:
    provider.wait_s = PolledPages.lag_s + 0.3
    (blinded,) = Looking(stated(provider)).at(10)
    assert isinstance(blinded, Blinded)
    assert "did not answer within 2 s" in blinded.error


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"id": "nr"}, "has an element without an id at 'nr'"),
        ({}, ""),
    ],
)
def test_before_the_run_it_is_told_what_is_wrong_with_the_list(
    provider: Provider, fields: dict[str, str], says: str
) -> None:
    provider.opens("Q1")
    poll = stated(provider, **fields).poll
    assert poll is not None
    told = answers(poll, ("oncall",))
    assert says in told if says else told == ""
    assert "s3same-key" in {secret.value for secret in secrets_of(poll, "pages")}


def test_a_key_that_is_not_taken_is_told(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER_KEY", "another")
    poll = stated(provider).poll
    assert poll is not None
    assert "turns us away (401): it does not take the token in PAGER_KEY" in answers(poll, ("oncall",))


def test_only_receivers_whose_pages_are_in_the_list_can_be_seen(provider: Provider) -> None:
    class Alertmanager:
        def config(self) -> str:
            return CONFIG

    oncall, board = receivers(stated(provider), Alertmanager())  # type: ignore[arg-type]
    assert (oncall.kind, oncall.url, oncall.observable) == ("pagerduty", provider.url, True)
    assert "is in the list of pages (pages.receivers)" in board.why


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"receivers": ["a"]}, "pages has `listen`, or `poll`"),
        ({"receivers": ["a"], "poll": "https://p", "listen": "0.0.0.0:9"}, "pages has `listen`, or `poll`"),
        ({"receivers": ["a", "b"], "poll": "https://p"}, "poll.fields.receiver"),
        ({"receivers": ["a"], "poll": "https://p", "token_env": "T"}, "the token of a list belongs to it"),
        ({"receivers": ["a"], "poll": {"url": "https://p", "authorization": "X {token}"}}, "needs token_env"),
        (
            {"receivers": ["a"], "poll": {"url": "https://p", "token_env": "T", "authorization": "X"}},
            "where the token stands",
        ),
        ({"receivers": ["a"], "poll": {"url": "https://p", "every": "10s"}}, "less than or equal to 2"),
        ({"receivers": ["a"], "poll": {"url": "https://p", "fields": {"named": "on"}}}, "needs one group"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says.replace("{", r"\{")):
        Pages.model_validate(given)


# --- what claims make of it ---------------------------------------------------------------------------------------------

FIRED = (alert("pending", 24), alert("firing", 29))


def claim(**more: Any) -> PageSent:
    return PageSent(**{"receiver": "oncall", "alert": "Slow", "within_s": "20s", **more})


def came_out(finding: Finding) -> tuple[str, str]:
    return finding.outcome.value, finding.reason


def told(*pages: Paged) -> Journal:
    return story(*FIRED, *pages)


@pytest.mark.parametrize(
    ("pages", "count", "outcome", "reason"),
    [
        ((page(38, start_s=29, before_s=36),), None, "passed", "met"),
        ((page(41, start_s=29, before_s=39),), None, "inconclusive", "too_near"),
        ((page(43, start_s=29, before_s=41),), None, "failed", "late"),
        ((page(31, start_s=29), page(41, start_s=30, before_s=39)), 1, "inconclusive", "too_near"),
        ((page(31, start_s=29), page(41, start_s=30, before_s=39)), None, "passed", "met"),
        ((page(5, start_s=1, standing=True),), None, "inconclusive", "pre_existing"),
        ((page(5, start_s=1, standing=True), page(31, start_s=29, before_s=29)), None, "passed", "met"),
        ((page(5, start_s=1, standing=True, alert="Other"),), None, "failed", "not_delivered"),
        ((page(31, alert="", starts_s=None, before_s=29),), None, "inconclusive", "not_observable"),
        ((page(31, alert="", starts_s=None, before_s=29), page(31, start_s=29)), 1, "inconclusive", "not_observable"),
        ((page(31, starts_s=None, before_s=29),), None, "passed", "met"),
        # the list does not say since when: it may have come before the fault
        ((page(24, starts_s=None, before_s=20),), None, "inconclusive", "pre_existing"),
    ],
)
def test_a_limit_between_two_looks_decides_nothing(
    pages: tuple[Paged, ...], count: int | None, outcome: str, reason: str
) -> None:
    assert came_out(judged(claim(count=count), told(*pages))) == (outcome, reason)


@pytest.mark.parametrize(
    ("items", "outcome", "reason"),
    [
        (("summary",), "passed", "met"),
        (("generator",), "inconclusive", "not_observable"),  # the list has no such thing; the page may
        (("whole", "size"), "inconclusive", "not_observable"),
        (("template",), "failed", "bad_page"),
    ],
)
def test_what_a_list_does_not_tell_is_no_fault_of_the_page(items: tuple[str, ...], outcome: str, reason: str) -> None:
    texts = {"summary": "orders are slow", "description": "<no value>"}
    journal = told(page(31, start_s=29, before_s=29, annotations=texts, generator=""))
    assert came_out(judged(PageQuality(alert="Slow", require=items), journal)) == (outcome, reason)


def test_an_alert_that_fired_before_explains_a_page_whose_beginning_is_not_told() -> None:
    journal = story(alert("firing", 12), page(31, starts_s=None, before_s=29))
    assert came_out(judged(claim(), journal)) == ("inconclusive", "pre_existing")
