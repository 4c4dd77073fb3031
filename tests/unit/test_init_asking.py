"""`drill init` asks a service for its pages: a real server on this machine, and what it may answer."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from harness.init import asking
from harness.init.seen import Page


class Site(BaseHTTPRequestHandler):
    PAGES: ClassVar[dict[str, str]] = {
        "/": "<A HREF='/a'>a</A> <a class=x href=\"/b?x=1&amp;y=2\">b</a> <a href=/logout>out</a> <a href='/missing'>m</a>"
        "<a href='http://elsewhere.example/'>e</a> <a href='/away'>away</a> <a href='mailto:x@example'>m</a> <a href='http://['>z</a>",
        "/a": "A",
        "/b?x=1&y=2": "B",
        "/metrics": '# TYPE hits counter\nhits_total{status="200",path="/a b"} 3\nplain 1\n',
    }
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Site.asked.append(self.path)
        if self.path in ("/away", "/old"):
            self.send_response(302)
            self.send_header("Location", "http://elsewhere.example/" if self.path == "/away" else "/a")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path == "/events":
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):  # whoever listened has left
                for _ in range(400):
                    self.wfile.write(b"tick\n")
                    self.wfile.flush()
                    time.sleep(0.05)
            return
        body = self.PAGES.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body or "")))
        self.end_headers()
        self.wfile.write((body or "").encode())

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def base() -> Iterator[str]:
    Site.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_pages_are_the_first_and_what_it_links_to_here_that_is_there(base: str) -> None:
    found = asking.pages(base)
    assert [(page.path, page.status) for page in found] == [("/", 200), ("/a", 200), ("/b?x=1&y=2", 200)]
    assert "/logout" not in Site.asked


def test_where_the_first_is_no_page_the_health_check_s_path_will_do(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Site, "PAGES", {"/ready": "yes"})
    assert [(page.path, page.status) for page in asking.pages(base, "/ready")] == [("/", 404), ("/ready", 200)]


def test_what_speaks_no_http_is_none_and_does_not_hold_it_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer() -> None:
            one, _ = server.accept()
            with one:
                one.recv(1000)
                one.sendall(b"-ERR unknown command\r\n")

        threading.Thread(target=answer, daemon=True).start()
        assert asking.pages(f"http://127.0.0.1:{port}") == ()
    assert asking.pages(f"http://127.0.0.1:{port}") == ()


def test_a_stream_that_does_not_end_is_no_page(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "WITHIN_S", 0.2)
    began_s = time.monotonic()
    assert asking.ask(base, "/events") is None
    assert time.monotonic() - began_s < 15, "it waited for the whole stream"


def test_paths_are_tried_with_redirects_followed_on_the_same_host_alone(base: str) -> None:
    told = asking.tried(base, ["/old", "/away", "/missing"])
    assert [(page.path, page.status) for page in told] == [("/old", 200), ("/away", 302), ("/missing", 404)]


def test_series_and_their_labels_are_read_and_other_texts_are_none(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asking.metrics(base) == (("hits_total", ("status", "path")), ("plain", ()))
    monkeypatch.setattr(Site, "PAGES", {"/metrics": "<html>all is well</html>"})
    assert asking.metrics(base) == ()


def test_a_baseline_counts_what_is_answered_otherwise_than_before(base: str) -> None:
    looked: list[int] = []
    wanted = [Page("/a", 200), Page("/missing", 200)]
    found = asking.baseline(base, wanted, 4.0, lambda: looked.append(1))
    assert found.requests == len(looked) >= 2
    assert found.errors == found.requests // 2
    assert 0 < found.p50_s <= found.p95_s
