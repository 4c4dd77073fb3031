"""`drill run --target` against a small staging environment: TLS, a token, a Toxiproxy that was there before and is as it was after."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from wire.staging import TOKEN, Seen, Staging, Store, certificates, drill

from harness.world.handles import Toxic
from harness.world.toxiproxy import ApiError, Server

pytestmark = pytest.mark.wire

DRILL = """\
drill: slow
stack: {compose: [compose.yaml]}
load:
  locustfile: users.py
  against: web:8080
  arrivals: [{for: 1m, rate: 5/s}]
  max_in_flight: 20
  timeout: 10s
steady: {for: 9s, within: 60s, all: [errors < 20%]}
phases:
  - name: slow
    for: 5s
    faults: [{latency: {edge: web->store, delay: 300ms}}]
    expect: [{responds_within: {request: GET /item, p50: 9s}}]
    then: [{recovers: {within: 30s}}]
expect: [{errors_below: {ratio: 40%}}]
abort: {max_duration: 3m}
"""
USERS = """\
from locust import HttpUser, task

class Reader(HttpUser):
    @task
    def item(self):
        self.client.get("/item")
"""


BOOK = """\
orders:
  items:
    request: GET /item
    key: {header: Idempotency-Key}
    settle: {quiet: 1s, within: 20s}
    sources: {kept: {is: store, command: {run: [cat, kept.jsonl]}}}
"""
KEYED = USERS.replace("from", "import uuid\nfrom", 1).replace(
    '"/item"', '"/item", headers={"Idempotency-Key": str(uuid.uuid4())}'
)


class Proxy:
    """Toxiproxy's own process, with a proxy for the store and a toxic of somebody else's on another one."""

    def __init__(self, binary: Path, store: int) -> None:
        self.port, self.way, self.other = _free(), _free(), _free()
        self._process = subprocess.Popen(
            [str(binary), "-host", "127.0.0.1", "-port", str(self.port), "-proxy-metrics"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.server = Server("127.0.0.1", self.port)
        for _ in range(500):
            with contextlib.suppress(ApiError):
                self.server.version()
                break
            time.sleep(0.01)
        self.server.create("store", f"127.0.0.1:{self.way}", f"127.0.0.1:{store}", True)
        self.server.create("other", f"127.0.0.1:{self.other}", f"127.0.0.1:{store}", True)
        self.server.add_toxic("store", "theirs", Toxic("latency", {"latency": 1, "jitter": 0}))
        self.server.add_toxic("other", "drill-theirs", Toxic("latency", {"latency": 5, "jitter": 0}))

    def state(self) -> dict[str, Any]:
        return self.server.proxies()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def _free() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass
class Place:
    """A project's folder with a drill and a target, and what the target is made of."""

    home: Path
    proxy: Proxy
    service: Staging
    more: str = ""
    load: str = ""
    env: dict[str, str] = field(default_factory=dict)
    drill: str = DRILL
    users: str = USERS

    def write(self) -> None:
        (self.home / "drills").mkdir(exist_ok=True)
        (self.home / "drills" / "slow.yaml").write_text(self.drill)
        (self.home / "drills" / "users.py").write_text(self.users)
        (self.home / "drills" / "compose.yaml").write_text("services: {web: {image: w}, store: {image: s}}\n")
        load = self.load or f'{{url = "{self.service.url}", token_env = "STAGING_TOKEN"}}'
        (self.home / "pyproject.toml").write_text(
            f"""\
[tool.drill]
[tool.drill.targets.staging]
load = {load}
ca_file = "ca.pem"
toxiproxy = "http://127.0.0.1:{self.proxy.port}"
edges."web->store" = {{proxy = "store", witness = "127.0.0.1:{self.proxy.way}", speaks = "http"}}
{self.more}
"""
        )

    @property
    def environment(self) -> dict[str, str]:
        root = str(Path(__file__).parents[2])
        own = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
        return {**own, "PYTHONPATH": root, "STAGING_TOKEN": TOKEN, "DOCKER_HOST": "unix:///nowhere", **self.env}

    def run(self, *words: str) -> Seen:
        self.write()
        command = ("run", "slow", "--target", "staging", "--json", "--live", "off", *words)
        return drill(self.home, *command, env=self.environment, python=sys.executable)

    def folder(self) -> Path:
        return (self.home / "runs" / "latest").resolve()


@pytest.fixture(scope="module")
def store() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


@pytest.fixture
def place(tmp_path: Path, toxiproxy_binary: Path, store: int) -> Iterator[Place]:
    certificates(tmp_path)
    proxy = Proxy(toxiproxy_binary, store)
    service = Staging(proxy.way, tmp_path / "server.pem")
    yield Place(tmp_path, proxy, service)
    service.shutdown()
    proxy.kill()


def test_a_drill_is_played_on_a_target_and_leaves_it_as_it_was(place: Place) -> None:
    before = place.proxy.state()
    seen = place.run()
    assert seen.code == 0, seen.err + seen.out[-2000:]
    assert place.proxy.state() == before
    assert seen.result["given"] == ["--target staging"]
    assert seen.result["faults"][0]["landing"]["outcome"] in ("landed", "partial")
    texts = [path.read_bytes() for path in place.folder().rglob("*") if path.is_file()]
    assert not any(TOKEN.encode() in text for text in texts)
    again = drill(place.home, "judge", "latest", env=place.environment, python=sys.executable)
    assert again.code == 0, again.err


@pytest.mark.parametrize(("forgets", "code"), [(0, 0), (50, 1)])
def test_an_order_book_that_this_machine_can_read_is_judged_there(place: Place, forgets: int, code: int) -> None:
    place.drill = BOOK + DRILL.replace("expect: [{errors", "expect: [{orders_kept: {orders: items}}, {errors")
    place.users = KEYED
    (place.home / "drills").mkdir()
    place.service.kept = place.home / "drills" / "kept.jsonl"
    place.service.kept.write_text("")
    place.service.forgets = forgets
    seen = place.run()
    assert seen.code == code, seen.err + seen.out[-2000:]
    found = seen.finding("orders_kept-items")
    assert (found["outcome"], found["reason"]) == (("failed", "lost") if forgets else ("passed", "met"))


def refused(seen: Seen) -> str:
    """The one line of a run that could not begin."""
    assert seen.code == 4, seen.err + seen.out[-2000:]
    lines = [line for line in seen.err.splitlines() if line and not line.startswith("    cure")]
    said = seen.result.get("error") or seen.result["ending"]["refused"]
    assert len(str(said).splitlines()) <= 2, said
    assert TOKEN not in "\n".join(lines)
    return str(said)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"env": {"STAGING_TOKEN": "wrong-token-1"}},
            "turns us away (401): it does not take the token in STAGING_TOKEN",
        ),
        ({"env": {"STAGING_TOKEN": ""}}, "needs a secret: the variable STAGING_TOKEN is not set"),
        (
            {"load": '{url = "https://127.0.0.1:1", token_env = "STAGING_TOKEN"}'},
            "https://127.0.0.1:1 refuses connections",
        ),
        ({"more": 'prometheus = "http://127.0.0.1:1"'}, "Prometheus at http://127.0.0.1:1 refuses connections"),
        (
            {"more": 'clear_to_start = [{command = ["false"], means = "no incident is open"}]'},
            "not clear to start: no incident is open (false): it ended with 1",
        ),
        (
            {"more": 'clear_to_start = [{url = "http://127.0.0.1:1/free"}]'},
            "not clear to start: http://127.0.0.1:1/free: the answer at http://127.0.0.1:1/free refuses connections",
        ),
    ],
)
def test_what_is_missing_is_told_in_one_line_and_nothing_is_touched(
    place: Place, change: dict[str, Any], says: str
) -> None:
    before = place.proxy.state()
    for word, value in change.items():
        setattr(place, word, value)
    assert says in refused(place.run())
    assert place.proxy.state() == before


def test_a_certificate_that_is_not_trusted(place: Place) -> None:
    (place.home / "ca.pem").write_text((place.home / "other.pem").read_text())
    assert "has a certificate that is not trusted" in refused(place.run())


def test_toxiproxy_that_is_away(place: Place) -> None:
    place.proxy.kill()
    assert f"Toxiproxy at http://127.0.0.1:{place.proxy.port} refuses connections" in refused(place.run())


def test_toxics_that_another_run_left_are_told_with_the_command_that_takes_them_out(place: Place) -> None:
    place.proxy.server.add_toxic("store", "drill-0a0b0c0d-1-latency-downstream", Toxic("latency", {"latency": 9}))
    assert "has toxics of run 0a0b0c0d, which did not take them out\n    cure: drill mend 0a0b0c0d" in refused(
        place.run()
    )


def test_a_caller_that_goes_around_the_proxy_is_found_out_before_anything_is_injected(place: Place, store: int) -> None:
    before = place.proxy.state()
    place.service.store_port = store
    said = refused(place.run())
    assert "nothing shows that it is used: its proxy carried nothing for 6 s of load" in said
    assert place.proxy.state() == before


def test_the_toxics_of_a_run_that_died_are_out_and_mend_finds_nothing_more(place: Place) -> None:
    before = place.proxy.state()
    place.write()
    (place.home / "drills" / "slow.yaml").write_text(DRILL.replace("for: 5s", "for: 60s"))
    words = [sys.executable, "-m", "harness", "run", "slow", "--target", "staging", "--live", "off"]
    with subprocess.Popen(words, cwd=place.home, env=place.environment, stderr=subprocess.DEVNULL) as run:
        try:
            ends_s = time.monotonic() + 120
            while place.proxy.state() == before and time.monotonic() < ends_s and run.poll() is None:
                time.sleep(0.1)
            ours = set(place.proxy.state()["store"].toxics) - {"theirs"}
        finally:
            run.send_signal(signal.SIGKILL)
    name = place.folder().name.rpartition("-")[2]
    assert ours == {f"drill-{name}-1-latency-downstream"}
    ends_s = time.monotonic() + 60
    while place.proxy.state() != before and time.monotonic() < ends_s:
        time.sleep(0.2)
    assert place.proxy.state() == before
    mended = drill(place.home, "mend", name, env=place.environment, python=sys.executable)
    assert mended.code == 0, mended.err
    assert place.proxy.state() == before
    again = drill(place.home, "mend", name, env=place.environment, python=sys.executable)
    assert again.code == 0, again.err


def test_a_drill_ends_when_it_is_no_longer_clear(place: Place) -> None:
    """With Locust's fast client, which has another way to certificates and tokens."""
    before = place.proxy.state()
    free = place.home / "free"
    free.write_text("")
    place.more = 'clear_to_start = [{command = ["test", "-e", "free"], means = "no incident is open"}]'
    place.write()
    (place.home / "drills" / "slow.yaml").write_text(DRILL.replace("for: 5s", "for: 100s"))
    (place.home / "drills" / "users.py").write_text(USERS.replace("HttpUser", "FastHttpUser"))
    words = [sys.executable, "-m", "harness", "run", "slow", "--target", "staging", "--live", "off"]
    with subprocess.Popen(words, cwd=place.home, env=place.environment, stdout=subprocess.PIPE, text=True) as run:
        ends_s = time.monotonic() + 120
        while place.proxy.state() == before and time.monotonic() < ends_s and run.poll() is None:
            time.sleep(0.1)
        free.unlink()
        told, _ = run.communicate(timeout=120)
    assert run.returncode == 5, told
    assert "no longer clear: no incident is open (test -e free): it ended with 1" in told
    assert place.proxy.state() == before
