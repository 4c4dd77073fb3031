"""A target reached by another name than its certificate's: the name is stated, and certificates are not looked at only where that is said."""

from __future__ import annotations

import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.errors import NotLetIn
from harness.target.place import Place
from harness.target.reach import PlaceApi, PlaceWire, answers

NAME = "shop.staging.example"


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None: ...


class Shop(ThreadingHTTPServer):
    """Its certificate bears NAME, and it is reached by an address. `asked_for`: the names that callers sent."""

    daemon_threads = True

    def __init__(self, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked_for: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda _, name, __: self.asked_for.append(name)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """A handshake that the other side gave up."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of NAME that signed itself; its key is in the file too."""
    folder = tmp_path_factory.mktemp("tls")
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    words += ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", "key.pem", "-out", "own.pem"]
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "own.pem").read_text() + (folder / "key.pem").read_text())
    return folder / "own.pem"


@pytest.fixture
def shops(own: Path) -> Iterator[tuple[Shop, Shop]]:
    """The target's, and another of the same address that nothing was stated of."""
    both = Shop(own.with_name("both.pem")), Shop(own.with_name("both.pem"))
    yield both
    for one in both:
        one.shutdown()
        one.server_close()


def test_a_place_is_asked_for_by_its_name_and_its_certificate_is_checked_against_that(
    shops: tuple[Shop, Shop], own: Path
) -> None:
    shop, _ = shops
    with pytest.raises(NotLetIn, match=r"IP address mismatch.*; state the name that is in it: server_name$"):
        PlaceApi("Prometheus", Place(url=shop.url, ca_file=str(own))).get("/")
    named = Place(url=shop.url, ca_file=str(own), server_name=NAME)
    assert PlaceApi("Prometheus", named).get("/") == {}
    assert PlaceWire(named).get("/version").status == 200
    assert answers(named) == ""
    assert shop.asked_for == [None, NAME, NAME, NAME]
    assert "not valid for 'another.example'" in answers(named.model_copy(update={"server_name": "another.example"}))


def test_a_certificate_is_not_looked_at_only_where_that_is_stated(shops: tuple[Shop, Shop]) -> None:
    shop, _ = shops
    assert "certificate that is not trusted" in answers(Place(url=shop.url))
    assert answers(Place(url=shop.url, insecure_skip_verify=True)) == ""
    assert answers(Place(url=shop.url, insecure_skip_verify=True, server_name=NAME)) == ""
    assert shop.asked_for[-1] == NAME


LOAD = """\
import sys
import gevent.monkey
gevent.monkey.patch_all()
from harness.load import access
from locust import FastHttpUser, HttpUser, task
from locust.env import Environment
home, other, ca_file, server_name, insecure = sys.argv[1:]
access.install(access.Access(ca_file=ca_file, server_name=server_name, insecure_skip_verify=insecure == "yes"), home)
class Plain(HttpUser):
    host = home
    @task
    def ask(self): pass
class Fast(FastHttpUser):
    host = home
    @task
    def ask(self): pass
said = []
for kind in (Plain, Fast):
    client = kind(Environment(user_classes=[kind])).client
    said += [str(client.get(url).status_code) for url in (home + "/", other + "/")]
print(*said)
"""


@pytest.mark.parametrize(
    ("trusted", "name", "insecure"), [(True, NAME, "no"), (False, "", "yes"), (False, NAME, "yes")]
)
def test_the_loads_clients_do_so_too_and_with_no_other_server(
    shops: tuple[Shop, Shop], own: Path, trusted: bool, name: str, insecure: str
) -> None:
    shop, other = shops
    words = [shop.url, other.url, str(own) if trusted else "", name, insecure]
    said = subprocess.run([sys.executable, "-c", LOAD, *words], check=True, capture_output=True, text=True)
    assert said.stdout.split() == ["200", "0", "200", "0"], said.stderr
    assert set(shop.asked_for) == {name or None}
    assert set(other.asked_for) == {None}


FAST_TRUSTS = """\
import gevent.monkey
gevent.monkey.patch_all()
import sys
from harness.load import access
from locust import FastHttpUser
from locust.env import Environment
access.install(access.Access(ca_file=sys.argv[1]), "https://shop.example")
class Fast(FastHttpUser):
    host = "https://shop.example"
agent = Fast(Environment(user_classes=[Fast])).client.client
pool = agent.clientpool.get_client("https://shop.example/")._connection_pool
print(*[dict(one[0] for one in each["subject"]).get("commonName") for each in pool.ssl_context.get_ca_certs()])
"""


def test_certificates_are_trusted_in_place_of_the_machines_own_by_every_client(own: Path) -> None:
    said = subprocess.run([sys.executable, "-c", FAST_TRUSTS, str(own)], check=True, capture_output=True, text=True)
    assert said.stdout.split() == [NAME], said.stderr
