"""The webhook that a target's Alertmanager posts to: a page is a fact when it is delivered, and a stranger's is none."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest
import requests

from harness.errors import CannotRun
from harness.facts import Blinded, Paged
from harness.run.clock import MonotonicClock
from harness.target.pages import Receiver, receivers
from harness.target.paging import Pages

BODY = {
    "version": "4",
    "receiver": "oncall",
    "groupKey": "{}",
    "alerts": [
        {"status": "firing", "labels": {"alertname": "Slow", "severity": "page"}, "startsAt": "2026-01-01T00:00:00Z"}
    ],
}
CONFIG = """\
route: {receiver: oncall, group_wait: 2s}
receivers:
  - {name: oncall, webhook_configs: [{url: <secret>}]}
  - {name: board, webhook_configs: [{url: <secret>}]}
"""


class Alertmanager:
    def config(self) -> str:
        return CONFIG


@pytest.fixture
def heard() -> Iterator[tuple[Receiver, list[Paged | Blinded], str]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        place = f"127.0.0.1:{free.getsockname()[1]}"
    found: list[Paged | Blinded] = []
    opened_ns = time.monotonic_ns()
    receiver = Receiver(
        Pages(listen=place, receivers=("oncall",)), "s3same-token", MonotonicClock(opened_ns), opened_ns, found.append
    )
    yield receiver, found, f"http://{place}/"
    receiver.close()


def test_a_page_is_a_fact_once_it_is_delivered(heard: tuple[Receiver, list[Paged | Blinded], str]) -> None:
    receiver, found, url = heard
    sent = requests.post(url, json=BODY, headers={"Authorization": "Bearer s3same-token"}, timeout=10)
    assert sent.status_code == 200
    (page,) = found
    assert isinstance(page, Paged)
    assert (page.receiver, page.alert, page.status, page.labels) == ("oncall", "Slow", "firing", {"severity": "page"})
    assert 0 <= page.at_s < 60
    assert receiver.blind() == ""


def test_a_delivery_that_cannot_be_read_is_told_and_not_lost(
    heard: tuple[Receiver, list[Paged | Blinded], str],
) -> None:
    _, found, url = heard
    agent = {"Authorization": "Bearer s3same-token", "User-Agent": "Alertmanager/0.28.1"}
    assert requests.post(url, data='{"text": "down"}', headers=agent, timeout=10).status_code == 200
    assert requests.post(url, data="x" * ((1 << 20) + 1), headers=agent, timeout=10).status_code == 200
    told = [fact.error for fact in found if isinstance(fact, Blinded)]
    assert ["no message of" in told[0], "cut at 1 MiB" in told[1]] == [True, True]
    requests.post(url, data="hello", headers={**agent, "User-Agent": "curl/8"}, timeout=10)
    assert len(found) == 2


def test_whoever_does_not_know_the_token_pages_nobody(heard: tuple[Receiver, list[Paged | Blinded], str]) -> None:
    _, found, url = heard
    assert requests.post(url, data=json.dumps(BODY), timeout=10).status_code == 401
    assert not found


def test_only_receivers_that_post_here_can_be_seen() -> None:
    wanted = Pages(listen="127.0.0.1:9095", receivers=("oncall",))
    oncall, board = receivers(wanted, Alertmanager())  # type: ignore[arg-type]
    assert (oncall.receiver, oncall.observable, oncall.group_wait_s) == ("oncall", True, 2.0)
    assert (board.receiver, board.observable) == ("board", False)
    assert "pages.receivers" in board.why


def test_a_receiver_that_is_not_there_is_told() -> None:
    wanted = Pages(listen="127.0.0.1:9095", receivers=("on-call",))
    with pytest.raises(CannotRun, match="no receiver on-call; it has oncall, board"):
        receivers(wanted, Alertmanager())  # type: ignore[arg-type]


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CannotRun, match=f"pages cannot be taken at {place}: Address already in use"):
            Receiver(Pages(listen=place, receivers=("a",)), "", MonotonicClock(0), 0, lambda page: None)
