"""`drill init` on services that know the name they are reached by, that are still starting, or whose pages are in frames."""

from __future__ import annotations

import ast
import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.init import asking
from harness.init.locustfile import http_text
from harness.init.routes import Route

NAME = "blog.example:8080"
Answers = Callable[[BaseHTTPRequestHandler], tuple[int, str, str]]


@contextlib.contextmanager
def serving(answers: Answers) -> Iterator[str]:
    """A server whose answer to a request is a status, a location ('' for none) and a text."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, location, body = answers(self)
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def named(request: BaseHTTPRequestHandler) -> tuple[int, str, str]:
    """A blog: by any other name it sends its visitors to its own; its links bear the name, and some lead on by a redirect."""
    if request.headers["Host"] != NAME:
        return 301, f"http://{NAME}{request.path}", ""
    if request.path == "/":
        links = (f"http://{NAME}/?p=1&#038;x=2", f"http://{NAME}/old", "http://elsewhere.example/")
        return 200, "", "".join(f"<a href='{link}'>x</a>" for link in links)
    if request.path == "/old":
        return 302, f"http://{NAME}/new", ""
    return 200, "", "a page"


def behind_https(request: BaseHTTPRequestHandler) -> tuple[int, str, str]:
    """A service behind a proxy that speaks HTTPS for it."""
    if request.headers["X-Forwarded-Proto"] != "https":
        return 301, "https://shop.example/", ""
    return 200, "", "a page"


def for_localhost(request: BaseHTTPRequestHandler) -> tuple[int, str, str]:
    """A framework's list of hosts that it may be asked by."""
    return (200, "", "a page") if request.headers["Host"].startswith("localhost") else (400, "", "which host?")


@pytest.mark.parametrize(
    ("answers", "headers"),
    [
        (named, (("Host", NAME),)),
        (behind_https, (("Host", "shop.example"), ("X-Forwarded-Proto", "https"))),
        (for_localhost, (("Host", "localhost"),)),
        (lambda request: (200, "", "a page"), ()),
        (lambda request: (302, "http://elsewhere.example/", ""), ()),  # it goes away by any name
        (lambda request: (403, "", "no"), ()),
    ],
)
def test_a_service_is_asked_by_the_name_under_which_it_answers_itself(
    answers: Answers, headers: tuple[tuple[str, str], ...]
) -> None:
    with serving(answers) as base:
        assert asking.answers_to(base) == headers


def test_pages_under_a_name_are_found_and_each_has_a_path_that_needs_no_redirect_to_it() -> None:
    with serving(named) as base:
        found = asking.pages(base, headers={"Host": NAME})
        assert [(page.path, page.status) for page in found] == [("/", 200), ("/?p=1&x=2", 200), ("/new", 200)]
        assert [page.kind for page in asking.pages(base)] == ["elsewhere"]
        assert [(page.path, page.status) for page in asking.tried(base, ["/old"], {"Host": NAME})] == [("/old", 200)]


def test_a_link_to_the_machine_that_it_was_set_up_on_is_one_of_its_own() -> None:
    texts = {
        "/": "<a href='http://localhost:8080/?p=1'>1</a><a href='https://127.0.0.1/b'>2</a>",
        "/?p=1": "",
        "/b": "",
    }
    with serving(lambda request: (200, "", texts[request.path]) if request.path in texts else (404, "", "")) as base:
        assert [page.path for page in asking.pages(base)] == ["/", "/?p=1", "/b"]


def test_a_service_that_cannot_answer_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "AGAIN_S", 0.01)
    asked: list[str] = []

    def starting(request: BaseHTTPRequestHandler) -> tuple[int, str, str]:
        asked.append(request.path)
        return (503, "", "starting") if len(asked) < 4 else (200, "", "a page")

    with serving(starting) as base:
        assert asking.answers_to(base) == ()
    assert len(asked) == 4
    monkeypatch.setattr(asking, "WARM_S", 0.05)
    with serving(lambda request: (500, "", "always")) as base:
        assert asking.answers_to(base) == ()
        assert [page.status for page in asking.pages(base)] == [500]


def test_what_a_page_shows_in_frames_are_pages_of_it() -> None:
    texts = {"/": '<frameset><frame src="/head"/><iframe width=1 src=/body></frameset>', "/head": "", "/body": ""}
    with serving(lambda request: (200, "", texts[request.path]) if request.path in texts else (404, "", "")) as base:
        assert [page.path for page in asking.pages(base)] == ["/", "/head", "/body"]


def test_the_locustfile_asks_by_that_name() -> None:
    text = http_text(
        "drills/blog.py", "Readers.", [Route("GET", "/")], (("Host", NAME), ("X-Forwarded-Proto", "https"))
    )
    user = next(node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    (headers,) = [ast.literal_eval(node.value) for node in user.body if isinstance(node, ast.Assign)]
    assert headers == {"Host": NAME, "X-Forwarded-Proto": "https"}
    assert "default_headers" not in http_text("drills/blog.py", "Readers.", [Route("GET", "/")])
