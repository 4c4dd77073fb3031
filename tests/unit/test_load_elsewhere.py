"""Requests that are no plain one to the service that is loaded: to other hosts, several in one row, or told by an event alone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.facts import LoadSaid
from harness.ledger import AGAIN, ELSEWHERE, REDIRECTED, TOLD, more
from harness.stats import fold

Loaded = Callable[..., Any]


@pytest.fixture
def idp(server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Another service, of which the locustfile knows."""
    other = type(server)()
    threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    monkeypatch.setenv("IDP", other.url)
    yield other
    other.shutdown()
    other.server_close()


def test_requests_to_other_hosts_are_told_named_by_their_host_and_count_where_they_are_named(
    server: Any, idp: Any, loaded: Loaded
) -> None:
    run = loaded("elsewhere", server.url, for_s=0.7)
    rows = run.rows

    far = {rows.endpoints[row["endpoint"]] for row in rows.array[rows.has(ELSEWHERE)]}
    near = {rows.endpoints[row["endpoint"]] for row in rows.array[~rows.has(ELSEWHERE)]} - {""}
    there = [f"POST {idp.url}/plain", "GET /token", f"GET {idp.url}/fast", f"GET {idp.url}/api/orders?q=a%20b"]
    assert far == set(there)
    assert near == {"GET /plain", "GET /json", f"GET /see?{idp.url}/landed"}
    assert not rows.array["version"][rows.has(ELSEWHERE)].any(), "no version of the service's"
    led_on = int(rows.has(REDIRECTED).sum())
    everything = fold(rows, 0, 1e6)
    assert everything.n - everything.dropped == len(server.seen)
    assert sum(fold(rows, 0, 1e6, request=name).n for name in there) == len(idp.seen) - led_on > 0

    said = Counter(fact.text for fact in run.of(LoadSaid))
    service = f"the service that is loaded ({server.url})"
    counts = "what is sent there counts in no claim but those that name it"
    assert said[f"requests go to {idp.url}, which is not {service}: {counts}"] == 1
    replaced = f"is replaced by {server.url}, the service that is loaded"
    assert said[f"Web's own host https://production.example.com {replaced}"] == 1


def test_redirects_of_the_service_that_lead_elsewhere_are_told(server: Any, idp: Any, loaded: Loaded) -> None:
    run = loaded("led_away", server.url, for_s=0.3)
    assert len(idp.seen) > 0
    assert not run.rows.has(ELSEWHERE).any(), "the service was asked first"
    (said,) = [fact.text for fact in run.of(LoadSaid) if "lead" in fact.text]
    assert said.startswith(f"redirects of the service lead to {idp.url}, which is not")


def test_a_row_knows_how_many_attempts_its_client_made(server: Any, loaded: Loaded) -> None:
    run = loaded("own_attempts", server.url, for_s=0.7, rate=20.0)
    rows = run.rows
    attempts = Counter[str]()
    for endpoint, extra in zip(rows.array["endpoint"].tolist(), more(rows.array["flags"]).tolist(), strict=True):
        attempts[rows.endpoints[endpoint]] += 1 + extra
    seen = Counter(path for _, path, _, _ in server.seen)
    assert attempts["GET /retried"] == seen["/status/500"] == 3 * rows.at_endpoint("GET /retried").sum()
    assert attempts["GET /digest"] == seen["/digest"] == 2 * rows.at_endpoint("GET /digest").sum()
    assert attempts["GET /slow"] == seen["/slow"], "given up, and not sent again"
    assert not rows.has(AGAIN)[rows.at_endpoint("GET /slow")].any()


def test_what_an_event_alone_tells_is_marked(server: Any, loaded: Loaded) -> None:
    rows = loaded("by_hand", server.url).rows
    told = {rows.endpoints[row["endpoint"]] for row in rows.array[rows.has(TOLD)]}
    sent = {rows.endpoints[row["endpoint"]] for row in rows.array[~rows.has(TOLD) & (rows.array["endpoint"] > 0)]}
    assert told
    assert not told & sent
    assert not any(name.startswith("GET ") for name in told)
