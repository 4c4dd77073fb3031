"""The mailbox takes what Alertmanager sends, tells it at once, refuses when told to; a delivery becomes one fact per alert."""

from __future__ import annotations

import http.client
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import IO, Any

import pytest

from harness.errors import NotApplied
from harness.facts import Blinded, Paged
from harness.inside import metrics
from harness.inside.pager import MOST_BYTES
from harness.urls import path_hash
from harness.world import pager as pager_of
from harness.world.attached import Place
from harness.world.helper import Helper
from harness.world.pager import CUT_MIB, Pager, heard_of, pages

BODY = {
    "version": "4",
    "groupKey": '{}:{alertname="Slow"}',
    "truncatedAlerts": 2,
    "status": "firing",
    "receiver": "oncall",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "Slow", "service": "api"},
            "annotations": {"summary": "It is slow."},
            "startsAt": "1970-01-01T00:16:38Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus:9090/graph",
            "fingerprint": "f1",
        },
        {
            "status": "resolved",
            "labels": {"alertname": "Slow", "service": "db"},
            "annotations": {},
            "startsAt": "1970-01-01T00:16:30Z",
            "endsAt": "1970-01-01T00:16:39Z",
            "fingerprint": "f2",
        },
    ],
}


class AtTen:
    """A clock that stands at 10 s of the run, which is 1000 s of the wall clock."""

    def now_s(self) -> float:
        return 10.0

    def wall_s(self) -> float:
        return 1000.0

    def wait_until(self, at_s: float) -> None:
        raise AssertionError("nothing waits here")


def delivered(body: Any, **more: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"host": "pager.example.test", "port": 80, "at_ns": 9_500_000_000, "body": text, **more}


def test_a_delivery_of_two_alerts_is_two_facts_of_one_number() -> None:
    one, two = pages(delivered(BODY), 7, 0, AtTen())
    assert (one.receiver, one.alert, one.status, one.labels) == ("oncall", "Slow", "firing", {"service": "api"})
    assert (one.at_s, one.starts_s, one.ends_s) == (9.5, 8.0, None)
    assert (two.status, two.starts_s, two.ends_s) == ("resolved", 0.0, 9.0)
    assert {(page.delivery, page.count, page.truncated) for page in (one, two)} == {(7, 2, 2)}
    assert one.annotations == {"summary": "It is slow."}
    assert one.url == "http://pager.example.test:80"


@pytest.mark.parametrize("body", ["", "[", "[]", "{}", "text"])
def test_what_is_no_message_of_alertmanagers_is_no_page(body: str) -> None:
    assert pages(delivered(body), 1, 0, AtTen()) == []


@pytest.mark.parametrize(
    ("body", "more", "told"),
    [
        ('{"receiver": "oncall", "alerts": [{"labels": {"al', {"cut": True}, "it was cut at 1 MiB"),
        ('{"text": "Slow is firing"}', {"agent": "Alertmanager/0.28.1"}, "it is no message of Alertmanager's webhook"),
        ('{"text": "Slow is firing"}', {}, "it is no message of Alertmanager's webhook"),
        ('{"text": "hello"}', {"agent": "curl/8.5"}, ""),
    ],
)
def test_a_delivery_that_cannot_be_read_blinds_at_its_receipt(body: str, more: dict[str, Any], told: str) -> None:
    found = heard_of(delivered(body, **more), 1, 0, AtTen())
    assert [(type(fact), fact.probe) for fact in found if isinstance(fact, Blinded)] == [(Blinded, "pages")] * bool(
        told
    )
    assert all(told in fact.error for fact in found if isinstance(fact, Blinded))
    assert len(found) == bool(told)


def test_one_that_can_be_read_blinds_nobody() -> None:
    assert CUT_MIB << 20 == MOST_BYTES
    assert heard_of(delivered(BODY), 7, 0, AtTen()) == pages(delivered(BODY), 7, 0, AtTen())


def test_what_the_mailbox_could_not_read_is_recorded_at_once() -> None:
    heard: list[Any] = []
    pager = Pager(Place("p", {}, (), ()), (80,), AtTen(), 0, heard.append)
    pager._hear({"page": delivered("no page")})
    pager._hear({"page": delivered(BODY)})
    assert [type(fact) for fact in heard] == [Blinded, Paged, Paged]


class Mailbox:
    """The helper itself, as it runs in its container."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "harness.inside", "pager", str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin: IO[str] = self.process.stdin
        self.lines: queue.Queue[str] = queue.Queue()  # read at once, as the harness does: a full pipe would hold it up
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def _read(self, stdout: IO[str]) -> None:
        for line in stdout:
            self.lines.put(line)
        self.lines.put("")

    def next(self, word: str, **fields: Any) -> dict[str, Any]:
        """The next line with this word (and these fields)."""
        while line := self.lines.get():
            said = json.loads(line)
            if word in said and all(said.get(name) == value for name, value in fields.items()):
                assert isinstance(said, dict)
                return said
        raise AssertionError(f"it ended without {word}")

    def post(self, body: str, *, chunked: bool = False) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        data: Any = iter([body[:3].encode(), body[3:].encode()]) if chunked else body.encode()
        headers = {"Host": "pager.example.test", "User-Agent": "Alertmanager/0.28"}
        connection.request("POST", "/v1/pages", data, headers, encode_chunked=chunked)
        status = connection.getresponse().status
        connection.close()
        return status


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    box.next("beat")
    yield box
    box.process.kill()
    box.process.wait()


def test_it_goes_on_taking_pages_when_nobody_hears_it_any_more_for_the_stack_may_still_run(mailbox: Mailbox) -> None:
    mailbox.stdin.close()
    assert mailbox.post(json.dumps(BODY)) == 200
    mailbox.next("page")
    assert mailbox.process.poll() is None


def test_closed_it_is_heard_no_more_and_its_container_stays_with_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class Client:
        def leave(self) -> None:
            done.append("left")

    def attached(place: Place, command: Any, heard: Callable[[dict[str, Any]], None], ended: Any) -> Client:
        heard({"beat": 0})
        return Client()

    monkeypatch.setattr(pager_of, "attach", attached)
    monkeypatch.setattr(pager_of, "remove", done.append)
    pager = Pager(Place("p", {}, (), ()), (80,), AtTen(), 0, lambda fact: None)
    pager.start()
    pager.close()
    pager.close()
    assert done == ["left"]


def test_whoever_leaves_a_helper_passes_no_signal_on() -> None:
    script = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: print('{}', flush=True)); print('{}', flush=True); input()"
    heard: queue.Queue[dict[str, Any]] = queue.Queue()
    over = threading.Event()
    helper = Helper((sys.executable, "-c", script), heard.put, lambda words: over.set())
    heard.get()
    helper.leave()
    over.wait()
    assert (helper.process.returncode, heard.qsize()) == (-signal.SIGKILL, 0)


def test_one_that_does_not_start_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def attached(place: Place, command: Any, heard: Any, ended: Callable[[str], None]) -> Any:
        ended("no such image")
        return SimpleNamespace(leave=lambda: None)

    monkeypatch.setattr(pager_of, "attach", attached)
    monkeypatch.setattr(pager_of, "remove", done.append)
    with pytest.raises(NotApplied, match="no such image"):
        Pager(Place("p", {}, (), ()), (80,), AtTen(), 0, lambda fact: None).start()
    assert done == ["p"]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_page_is_answered_with_200_and_told_whole(mailbox: Mailbox, chunked: bool) -> None:
    assert mailbox.post(json.dumps(BODY), chunked=chunked) == 200
    page = mailbox.next("page")["page"]
    assert json.loads(page["body"]) == BODY
    assert (page["host"], page["port"], page["agent"]) == ("pager.example.test", mailbox.port, "Alertmanager/0.28")
    assert not page["cut"]
    assert {one.sender for one in pages(page, 1, 0, AtTen())} == {"127.0.0.1"}
    assert page["path"] == path_hash("http://elsewhere.example.test/v1/pages"), "it is told apart, and not told"
    assert "/v1/pages" not in json.dumps(page)
    assert {one.path for one in pages(page, 1, 0, AtTen())} == {page["path"]}


def test_told_to_refuse_it_closes_its_ports_and_goes_on_saying_that_it_is_there(mailbox: Mailbox) -> None:
    mailbox.stdin.write('{"refuse": true}\n')
    mailbox.stdin.flush()
    mailbox.next("beat", refuse=True)
    with pytest.raises(ConnectionRefusedError):
        mailbox.post("{}")
    mailbox.stdin.write('not json\n{"refuse": false}\n')
    mailbox.stdin.flush()
    mailbox.next("beat", refuse=False)
    assert mailbox.post("{}") == 200


def test_a_body_without_end_is_cut(mailbox: Mailbox) -> None:
    mailbox.post("x" * ((1 << 20) + 10))
    assert mailbox.next("page")["page"]["cut"]


def test_the_runs_own_metrics_are_there_at_zero_from_the_beginning() -> None:
    from prometheus_client import CollectorRegistry, generate_latest

    state = {
        "drill": "d",
        "run": "r",
        "phase": "slow",
        "faults": [
            {"fault": "slow/latency", "target": "api->db", "on": True},
            {"fault": "x", "target": "db", "on": False},
        ],
        "arrivals": 7,
        "outcomes": {"ok": 6, "5xx": 0},
        "written_unix_s": 0.0,
    }

    class Told:
        def collect(self) -> Iterator[Any]:
            return metrics.families(state)

    registry = CollectorRegistry()
    registry.register(Told())  # type: ignore[arg-type]
    lines = generate_latest(registry).decode().splitlines()
    for line in (
        'drill_phase_info{drill="d",phase="slow",run="r"} 1.0',
        'drill_fault_on{fault="slow/latency",target="api->db"} 1.0',
        'drill_fault_on{fault="x",target="db"} 0.0',
        "drill_arrivals_total 7.0",
        'drill_requests_total{outcome="ok"} 6.0',
        'drill_requests_total{outcome="5xx"} 0.0',
    ):
        assert line in lines


def test_a_state_that_is_not_there_or_torn_gives_no_samples(tmp_path: Any) -> None:
    assert list(metrics.FromFile(str(tmp_path / "none.json")).collect()) == []
    (tmp_path / "torn.json").write_text('{"drill": ')
    assert list(metrics.FromFile(str(tmp_path / "torn.json")).collect()) == []
