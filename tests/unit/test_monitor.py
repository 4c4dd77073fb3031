"""A Prometheus and an Alertmanager behind --web.config.file: what a run shows them, and what is said where it is not taken."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.cli.mend import _scrub
from harness.drill.model import Drill
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.drill.resolved import load_resolved
from harness.errors import CannotRun, NotLetIn
from harness.judging import secrets_of
from harness.run import observing as looking
from harness.run.folder import RunFolder
from harness.run.observing import Observing
from harness.stack.observed import Monitoring
from harness.target.monitor import monitor_api, monitor_secrets
from harness.world.alertmanager import Alertmanager
from harness.world.metrics import Prometheus

Stated = Callable[..., Drill]

PASSWORD = "monitor-canary-1"
SENT = base64.b64encode(f"drill:{PASSWORD}".encode()).decode()
VECTOR = b'{"status": "success", "data": {"resultType": "vector", "result": []}}'
DRILL = """
drill: guarded
stack: {{compose: [compose.yaml], observe: {{prometheus: {monitor}, alertmanager: {monitor}}}}}
load: {{locustfile: users.py, against: "api:8080", arrivals: [{{for: 1m, rate: 1/s}}]}}
steady: {{for: 20s, within: 1m, all: [errors < 1%]}}
phases: [{{name: calm, for: 30s, expect: [{{errors_below: {{ratio: 1%}}}}]}}]
"""


class Guarded(ThreadingHTTPServer):
    """As a server of Prometheus' toolkit answers with basic_auth_users, and tls_server_config where it has a certificate."""

    daemon_threads = True
    turns_away = (401, b"Unauthorized")

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.server_port

    def handle_error(self, *_: Any) -> None:
        """A handshake that the other side gave up."""


class Answering(BaseHTTPRequestHandler):
    server: Guarded

    def do_GET(self) -> None:
        let_in = self.headers.get("Authorization") == f"Basic {SENT}"
        status, body = (200, b"[]" if "/v2/" in self.path else VECTOR) if let_in else self.server.turns_away
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def guarded() -> Iterator[Callable[..., Guarded]]:
    made: list[Guarded] = []

    def serve(certificate: Path | None = None) -> Guarded:
        made.append(Guarded(certificate))
        return made[-1]

    yield serve
    for one in made:
        one.shutdown()
        one.server_close()


@pytest.fixture
def stated(tmp_path: Path) -> Stated:
    """A drill that says so of both, its files beside it."""
    (tmp_path / "compose.yaml").write_text("services: {api: {image: a}}\n")
    (tmp_path / "users.py").write_text("from locust import HttpUser\nclass A(HttpUser): pass\n")
    (tmp_path / "pw").write_text(f"{PASSWORD}\n")
    (tmp_path / "wrong").write_text("something-else\n")

    def drill(monitor: str) -> Drill:
        file = tmp_path / "guarded.yaml"
        file.write_text(DRILL.format(monitor=monitor))
        return parse(file)

    return drill


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Signed by itself, for a service called prometheus; its key is in the file too."""
    folder = tmp_path_factory.mktemp("tls")
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=prometheus"]
    words += ["-addext", "subjectAltName=DNS:prometheus", "-keyout", "key.pem", "-out", "own.pem"]
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "own.pem").read_text() + (folder / "key.pem").read_text())
    return folder / "both.pem"


def prometheus(drill: Drill, server: Guarded, service: str = "prometheus") -> Prometheus:
    clock = cast("Any", SimpleNamespace())
    return Prometheus(server.address, clock, "", monitor_api(drill, "prometheus", service, server.address, ""))


def test_a_password_from_a_file_or_the_environment_lets_in(
    guarded: Callable[..., Guarded], stated: Stated, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = guarded()
    monkeypatch.setenv("PROM_PASSWORD", PASSWORD)
    for where in ("password_file: pw", "password_env: PROM_PASSWORD"):
        drill = stated(f"{{user: drill, {where}}}")
        assert prometheus(drill, server).query("up").series == ()
        api = monitor_api(drill, "alertmanager", "alertmanager", server.address, "")
        assert Alertmanager(server.address, "", api).alerts() == ()


def test_without_one_it_is_said_that_it_asks_for_it_and_where_it_is_stated(guarded: Callable[..., Guarded]) -> None:
    server = guarded()
    asked = Prometheus(server.address, cast("Any", None))
    for ask in (asked.ready, asked.rules, asked.targets, asked.counters, asked.metrics, lambda: asked.query("up")):
        with pytest.raises(NotLetIn) as told:
            ask()
        assert str(told.value) == (
            "Prometheus asks for a password (401); say how one gets in: stack.observe.prometheus: {user: NAME, password_file: FILE}"
        )
    pages = Alertmanager(server.address)
    for read in (pages.config, pages.alerts, pages.silences, pages.counters):
        with pytest.raises(
            NotLetIn, match=r"^Alertmanager asks for a password \(401\); .* stack.observe.alertmanager: "
        ):
            read()


def test_one_that_is_not_taken_is_told_by_where_it_stands(guarded: Callable[..., Guarded], stated: Stated) -> None:
    with pytest.raises(
        NotLetIn, match=r"^Prometheus \(stack.observe.prometheus\) turns us away \(401\): .*of drill in .*/wrong$"
    ):
        prometheus(stated("{user: drill, password_file: wrong}"), guarded()).query("up")


def test_tls_is_asked_by_its_own_certificate_under_the_name_of_its_service(
    guarded: Callable[..., Guarded], stated: Stated, certificate: Path
) -> None:
    server, login = guarded(certificate), "user: drill, password_file: pw"
    own = f"ca_file: {certificate.parent / 'own.pem'}"
    assert prometheus(stated(f"{{{login}, {own}}}"), server).query("up").series == ()
    with pytest.raises(NotLetIn, match="certificate that is not trusted: Hostname mismatch"):
        prometheus(stated(f"{{{login}, {own}}}"), server, "metrics").query("up")
    assert (
        prometheus(stated(f"{{{login}, {own}, server_name: prometheus}}"), server, "metrics").query("up").series == ()
    )
    assert prometheus(stated(f"{{{login}, insecure_skip_verify: true}}"), server, "metrics").query("up").series == ()


def test_plain_http_to_one_that_speaks_tls_is_said_as_that(guarded: Callable[..., Guarded]) -> None:
    server = guarded()
    server.turns_away = (400, b"Client sent an HTTP request to an HTTPS server.\n")  # Go's net/http
    with pytest.raises(NotLetIn, match=r"^Prometheus asks for TLS; .*stack.observe.prometheus: \{ca_file: FILE\}$"):
        Prometheus(server.address, cast("Any", None)).query("up")


@pytest.mark.parametrize(
    ("monitor", "says"),
    [
        ("{user: drill}", "a user and password_env (or password_file) belong together"),
        ("{password_file: pw}", "belong together"),
        ("{user: a, password_file: pw, password_env: B}", "not in both"),
        ("{user: a, password: b}", "password"),
        ("{server_name: x}", "it takes the ca_file"),
        ("{ca_file: a, insecure_skip_verify: true}", "looks at no certificate"),
        ("prometheus", "write a service and its container port"),
    ],
)
def test_what_cannot_be_meant_is_refused(stated: Stated, monitor: str, says: str) -> None:
    with pytest.raises(Invalid) as told:
        stated(monitor)
    assert says in str(told.value)


@pytest.mark.parametrize(
    ("monitor", "says"),
    [
        ("{user: drill, password_file: none}", "none cannot be read: No such file"),
        ("{user: drill, password_env: NOT_SET_AT_ALL}", "the variable NOT_SET_AT_ALL is not set"),
        ("{ca_file: pw}", "pw holds no certificates"),
    ],
)
def test_what_is_not_there_is_told_before_anything_starts(stated: Stated, monitor: str, says: str) -> None:
    with pytest.raises(CannotRun, match=says):
        monitor_secrets(stated(monitor))


def test_where_the_password_is_stays_in_a_runs_folder_and_masks_it_after_a_hard_death(
    stated: Stated, tmp_path: Path
) -> None:
    drill = stated("{at: 'prometheus:9090', user: drill, password_file: pw}")
    assert {secret.value for secret in monitor_secrets(drill)} == {PASSWORD, SENT}
    run = RunFolder(tmp_path / "guarded" / "20260101T000000Z-0a0b0c0d")
    run.logs.mkdir(parents=True)
    run.facts.mkdir()
    run.drill_file.write_text(drill.masked())
    assert load_resolved(run.path).stack.observe == drill.stack.observe
    (run.logs / "api.log").write_text(f"{PASSWORD} {SENT}\n")
    assert {secret.value for secret in secrets_of(run.path) or ()} == {PASSWORD, SENT}
    said: list[str] = []
    _scrub(run, said.append)
    assert said == []
    assert "canary" not in (run.logs / "api.log").read_text()
    assert SENT not in (run.logs / "api.log").read_text()


def looked(drill: Drill, server: Guarded, said: list[str]) -> Observing:
    display = SimpleNamespace(say=said.append)
    session = cast("Any", SimpleNamespace(drill=drill, display=display, clock=None))
    stack = cast("Any", SimpleNamespace(address=lambda _: server.address, project=None))
    return Observing(session, stack, Monitoring("prometheus:9090", "alertmanager:9093"))


def test_a_run_says_at_once_that_it_is_turned_away_and_does_not_wait(
    guarded: Callable[..., Guarded], stated: Stated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "prometheus_probes", lambda *_: [])
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("it waits"))
    said: list[str] = []
    looked(stated("''"), guarded(), said).probes()
    assert [text.partition(" (401)")[0] for text in said] == [
        "warning: Prometheus asks for a password",
        "warning: Alertmanager asks for a password",
    ]


def test_a_run_does_not_begin_where_what_is_stated_is_not_taken(
    guarded: Callable[..., Guarded], stated: Stated
) -> None:
    with pytest.raises(CannotRun, match="it does not take the password of drill"):
        looked(stated("{user: drill, password_file: wrong}"), guarded(), []).probes()


@pytest.mark.parametrize("monitor", ["{insecure_skip_verify: true}", "{ca_file: own.pem}"])
def test_nor_where_tls_is_stated_and_it_speaks_plain_http(
    guarded: Callable[..., Guarded],
    stated: Stated,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    monitor: str,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("it waits"))
    drill = stated(monitor.replace("own.pem", str(certificate.parent / "own.pem")))
    with pytest.raises(CannotRun, match=r"^Prometheus \(stack.observe.prometheus\) does not speak TLS as it should$"):
        looked(drill, guarded(), []).probes()


def test_one_that_only_ends_the_connection_may_not_be_up_yet_and_is_waited_for_and_told(
    stated: Stated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "prometheus_probes", lambda *_: [])
    monkeypatch.setattr(looking, "READY_S", 0.0)
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=closed_at_once, args=(listening,), daemon=True).start()
        server = cast("Any", SimpleNamespace(address=listening.getsockname()))
        looked(stated("{insecure_skip_verify: true}"), server, said).probes()
        listening.shutdown(socket.SHUT_RDWR)
    assert [text.partition(" (stack")[0] for text in said] == ["warning: Prometheus", "warning: Alertmanager"]


def closed_at_once(listening: socket.socket) -> None:
    """Each connection, once the first of it has come, as what publishes the port of a container where nothing listens yet."""
    with contextlib.suppress(OSError):
        while True:
            with listening.accept()[0] as connection:
                connection.recv(65536)


def test_one_that_is_not_ready_in_time_is_told_and_looked_at_all_the_same(
    guarded: Callable[..., Guarded], stated: Stated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "prometheus_probes", lambda *_: [])
    monkeypatch.setattr(looking, "READY_S", 0.0)
    server, said = guarded(), list[str]()
    server.turns_away = (403, b"forbidden by a proxy")
    looked(stated("''"), server, said).probes()
    assert said[0] == "warning: Prometheus refused /-/ready: 403: forbidden by a proxy"


def test_an_alertmanager_that_is_let_in_to_is_held_against_what_was_read(
    guarded: Callable[..., Guarded], stated: Stated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.stack.web_config.guarded", lambda *_: "a password")
    asked: list[Any] = []
    monkeypatch.setattr(looking, "really_pages", lambda session, sender, alertmanager: asked.append(alertmanager))
    for monitor, times in (("''", 0), ("{user: drill, password_file: pw}", 1)):
        run = looked(stated(monitor), guarded(), [])
        run.monitoring = Monitoring("", "alertmanager:9093", alertmanagers={"alertmanager:9093": "", "other:9093": ""})
        run.senders = cast("Any", tuple(SimpleNamespace(service=name) for name in ("alertmanager", "other")))
        run._really_paged()
        assert len(asked) == times
    assert asked[0].alerts() == ()
