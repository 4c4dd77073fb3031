"""`drill init`: routes from access logs and OpenAPI descriptions, and the locustfile that is written of them."""

from __future__ import annotations

import ast
import gzip
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.drill.endpoints import endpoints
from harness.drill.locustfile import problems
from harness.errors import UsageError
from harness.init import access_log, openapi
from harness.init.given import given_routes
from harness.init.locustfile import http_text, tcp_text
from harness.init.routes import Route, answered, kind_of, scaled, template
from harness.init.wishes import Wishes
from harness.init.yaml_words import commented, scalar

UUID = "0b5d1d3e-7f0c-4f7b-9a55-0d6f6ad0c1aa"


def line(request: str, status: int = 200) -> str:
    return f'10.0.0.7 - - [12/Nov/2026:10:00:00 +0000] "{request} HTTP/1.1" {status} 512 "-" "curl/8"'


@pytest.mark.parametrize(
    ("segment", "kind"),
    [
        ("17", "number"),
        (UUID, "uuid"),
        ("2026-11-12", "date"),
        ("deadbeef01", "hex"),
        ("eyJhbGciOiJIUzI1NiJ9abc", "token"),
        ("v2", ""),
        ("orders", ""),
        ("internationalization", ""),
    ],
)
def test_a_segment_that_names_one_of_many_is_told_from_a_word(segment: str, kind: str) -> None:
    assert kind_of(segment) == kind


def test_two_ids_of_one_path_get_names_of_their_own() -> None:
    assert template(["users", "7", "orders", "9"]) == ("/users/{id}/orders/{id2}", {"id": "7", "id2": "9"})


@pytest.mark.parametrize(
    "text",
    [
        line("GET /orders/17?token=secret"),
        '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /orders/17 HTTP/1.0" 200 2326',
        'shop.example:80 10.0.0.7 - - [12/Nov/2026:10:00:00 +0000] "GET /orders/17 HTTP/1.1" 200 512',
        json.dumps({"request": "GET /orders/17?q=shoes HTTP/1.1", "status": "200"}),  # nginx, $request
        json.dumps({"request_method": "GET", "request_uri": "/orders/17?a=b", "status": 200}),  # nginx
        json.dumps({"request": {"method": "GET", "uri": "/orders/17", "host": "shop"}, "status": 200}),  # Caddy
        json.dumps({"RequestMethod": "GET", "RequestPath": "/orders/17", "DownstreamStatus": 200}),  # Traefik
        '2026-11-12T10:00:00+00:00|10.0.0.7|r1|"GET /orders/17 HTTP/1.1"|200|rt=0.512',
        '10.0.0.7\t"GET /orders/17 HTTP/1.1"\t200\t512',
        'time=2026-11-12T10:00:00Z method=x req="GET /orders/17 HTTP/1.1" st=200 rt=0.005',
        "level=info msg=request method=GET path=/orders/17?a=b status=200 ms=5",
        json.dumps({"verb": "GET", "uri": "/orders/17", "code": 200}),
        json.dumps(
            {"http": {"request": {"method": "GET"}, "response": {"status_code": 200}}, "url": {"path": "/orders/17"}}
        ),
        json.dumps({"req": {"method": "GET", "url": "/orders/17"}, "res": {"statusCode": 200}, "level": 30}),  # pino
    ],
)
def test_each_format_tells_the_same_route_and_no_word_of_a_query_is_kept(text: str) -> None:
    (route,) = access_log.routes_of([text], "access.log").routes
    assert (route.method, route.path, dict(route.values)) == ("GET", "/orders/{id}", {"id": ("17",)})


def test_numbers_of_a_query_are_kept_for_they_may_be_the_page_and_words_are_told_to_be_left_out() -> None:
    lines = [
        line("GET /?p=12"),
        line("GET /?p=7&s=my+name"),
        line("GET /?p=12"),
        line("GET /shop/3/?id=4&page=2"),
        line("GET /"),
    ]
    logged = access_log.routes_of(lines, "access.log")
    assert [(one.name, one.weight) for one in logged.routes] == [
        ("GET /?p={p}", 3), ("GET /", 1), ("GET /shop/{id}/?id={id_asked}&page={page}", 1),
    ]  # fmt: skip
    assert dict(logged.routes[0].values) == {"p": ("12", "7")}
    assert logged.routes[2].example == "/shop/3/?id=4&page=2"
    (note,) = logged.notes
    assert note.startswith("of the queries of 1 of 5 requests only numbers were kept")
    text = http_text("drills/shop.py", "about", logged.routes)
    assert 'self.client.get("/?p=" + random.choice(GET_P_P_P), name="/?p={p}"' in text
    assert "my+name" not in text


@pytest.mark.parametrize(
    "query", ["otp=123456", "cardNo=4111", "user_pin=1234", "t=1700000000", "n=-1", "n=%31", "[0]=1", "=1"]
)
def test_a_number_that_may_be_private_or_is_a_time_is_not_kept(query: str) -> None:
    logged = access_log.routes_of([line(f"GET /a?{query}")], "access.log")
    assert [one.path for one in logged.routes] == ["/a"]
    assert "1 of 1 requests" in logged.notes[0]


def test_weights_follow_the_log_and_what_changes_something_is_commented_out() -> None:
    lines = (
        [line("GET /catalog")] * 300 + [line(f"GET /orders/{n}") for n in range(100)] + [line("POST /checkout")] * 50
    )
    logged = access_log.routes_of([*lines, line("GET /nowhere", 404), "rubbish"], "access.log")
    assert [(r.name, r.weight) for r in logged.routes] == [
        ("GET /catalog", 100),
        ("GET /orders/{id}", 33),
        ("POST /checkout", 17),
    ]
    assert [bool(r.off) for r in logged.routes] == [False, False, True]
    assert logged.notes == (
        "1 of its lines could not be read as a request",
        "1 of 451 requests were answered with 400 or above, and make no task",
    )


def test_words_that_vary_as_much_as_names_do_become_a_parameter() -> None:
    logged = access_log.routes_of([line(f"GET /products/shoe-{chr(97 + n)}x/reviews") for n in range(26)], "access.log")
    (route,) = logged.routes
    assert route.path == "/products/{name}/reviews"
    assert len(route.values["name"]) == 26


def test_a_part_of_a_path_that_looks_like_a_secret_is_copied_nowhere() -> None:
    token = "aGVsbG8td29ybGQtMTIzNDU2Nzg5"
    logged = access_log.routes_of([line(f"GET /reset/{token}"), line("GET /")], "access.log")
    assert token not in http_text("drills/x.py", "x", logged.routes)
    assert [r.path for r in logged.routes if r.off] == ["/reset/{id}"]


def test_a_log_without_a_request_or_without_a_safe_one_is_refused() -> None:
    with pytest.raises(UsageError, match=r"a\.log: no line of it is a request"):
        access_log.routes_of(["hello", '{"a": 1}', "{"], "a.log")
    with pytest.raises(UsageError, match="nothing safe to ask for"):
        access_log.routes_of([line("POST /checkout")], "a.log")


@given(st.lists(st.text(max_size=80), max_size=5))
def test_no_line_makes_it_fail_otherwise_than_by_saying_so(lines: list[str]) -> None:
    try:
        logged = access_log.routes_of(lines, "a.log")
    except UsageError:
        return
    ast.parse(http_text("drills/x.py", "x", logged.routes))


@given(st.text(min_size=1, max_size=40), st.text(max_size=20), st.integers(100, 599))
def test_whatever_a_path_holds_the_locustfile_is_python(path: str, value: str, status: int) -> None:
    routes = [
        Route("GET", "/" + path, {"id": (value,)}, off=""),
        Route("POST", "/" + path, off="why", wanted=(status,)),
    ]
    ast.parse(http_text("drills/x.py", 'of a project """ named \\', routes))


@given(st.text(max_size=60))
def test_no_text_of_others_leaves_its_comment(text: str) -> None:
    routes = [Route("GET", "/a"), Route("POST", "/b", off=f"It needs {text}\n    import os  # {text}")]
    plain = [Route("GET", "/a"), Route("POST", "/b", off="why")]
    written = http_text("drills/x.py", f"about {text}", routes)
    written.encode()
    tree, usual = ast.parse(written), ast.parse(http_text("drills/x.py", "about", plain))
    assert ast.dump(ast.Module(tree.body[1:], [])) == ast.dump(ast.Module(usual.body[1:], []))


@pytest.mark.parametrize("about", ["x\ny: 1", "\x00 \x07", "\u2028import: os\x85z: 1"])
def test_a_comment_of_the_drill_stays_one(about: str) -> None:
    assert commented(about)[0].startswith("  # ")
    text = "\n".join([*commented(about), f"a: [{scalar(about)}]"])
    assert yaml.safe_load(text) == {"a": [about]}


@pytest.mark.parametrize("given", [5, "200", [200]])
def test_responses_that_are_no_mapping_are_refused_with_their_place(given: Any) -> None:
    text = json.dumps({"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": given}}}})
    with pytest.raises(UsageError, match=r"spec: paths\./a\.get\.responses: it is no mapping"):
        openapi.routes_of(text, "spec")


def test_half_a_character_in_an_example_is_no_traceback() -> None:
    text = '{"openapi": "3.1.0", "paths": {"/a/{x}": {"get": {"parameters": [{"name": "x", "in": "path", "example": "\\ud800"}]}}}}'
    (route,) = openapi.routes_of(text, "spec")
    assert route.example == "/a/%3F"


class Cut(BaseHTTPRequestHandler):
    """Answers with the headers and the body of its server."""

    def do_GET(self) -> None:
        self.send_response(200)
        for name, value in self.server.answer[0].items():  # type: ignore[attr-defined]
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.answer[1])  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.mark.parametrize(
    "headers", [{"Content-Encoding": "gzip"}, {"Content-Encoding": "deflate"}, {"Content-Length": "900"}]
)
def test_a_description_that_comes_broken_is_one_line(headers: dict[str, str]) -> None:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Cut)
    server.answer = (headers, b"\x1f\x8bnothing of the kind")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(UsageError) as refused:
            given_routes(Wishes(openapi=f"http://127.0.0.1:{server.server_port}/spec"))
    finally:
        server.shutdown()
        server.server_close()
    assert len(str(refused.value).splitlines()) == 1


def test_a_log_whose_compression_is_broken_is_one_line(tmp_path: Path) -> None:
    log = tmp_path / "access.log.gz"
    whole = gzip.compress(line("GET /a").encode() * 900)
    log.write_bytes(whole[:12] + b"\xff" * 40 + whole[52:])
    with pytest.raises(UsageError, match="it cannot be read"):
        given_routes(Wishes(access_log=log))


SPEC = {
    "openapi": "3.0.3",
    "servers": [{"url": "https://shop.example/{stage}", "variables": {"stage": {"default": "api"}}}],
    "components": {"parameters": {"Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}}},
    "paths": {
        "/orders/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": {"responses": {"200": {}, "404": {}}},
            "delete": {"responses": {"204": {}}},
        },
        "/search": {"get": {"parameters": [{"name": "q", "in": "query", "required": True, "example": "a b"}]}},
        "/by-name/{name}": {"get": {"parameters": [{"name": "name", "in": "path", "schema": {"type": "string"}}]}},
        "/me": {"get": {"security": [{"bearer": []}]}},
    },
}


def test_values_whose_names_differ_in_what_python_forbids_are_two_each_asked_with_its_own() -> None:
    """Across routes too: /a/{b_c} and /a/b/{c}."""

    def path(*names: str) -> dict[str, object]:
        given = [{"name": name, "in": "path", "example": f"value-of-{name}"} for name in names]
        return {"get": {"parameters": given}}

    paths = {"/u/{user-id}/{user_id}": path("user-id", "user_id"), "/a/{b_c}": path("b_c"), "/a/b/{c}": path("c")}
    routes = openapi.routes_of(json.dumps({"openapi": "3.0.3", "paths": paths}), "spec")
    text = http_text("x.py", "About it.", routes)
    tree = ast.parse(text)
    constants = {
        one.targets[0].id: ast.literal_eval(one.value)[0]
        for one in tree.body
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
    }
    assert sorted(constants.values()) == ["value-of-b_c", "value-of-c", "value-of-user-id", "value-of-user_id"]
    asked = re.findall(r"random.choice\((\w+)\)", text)
    assert [constants[name] for name in asked] == [f"value-of-{name}" for name in ("user-id", "user_id", "b_c", "c")]


def test_an_openapi_description_becomes_safe_tasks_and_says_what_the_others_need() -> None:
    routes = {route.name: route for route in openapi.routes_of(json.dumps(SPEC), "spec")}
    on = {name for name, route in routes.items() if not route.off}
    assert on == {"GET /api/orders/{id}", "GET /api/search?q=a+b"}
    assert routes["GET /api/orders/{id}"].wanted == (200,)
    assert routes["GET /api/orders/{id}"].example == "/api/orders/1"
    assert "needs name" in routes["GET /api/by-name/{name}"].off
    assert "login" in routes["GET /api/me"].off
    assert "may change" in routes["DELETE /api/orders/{id}"].off


def test_an_older_description_in_yaml_is_read_too() -> None:
    text = "swagger: '2.0'\nbasePath: /v1\npaths:\n  /items:\n    get: {responses: {200: {description: ok}}}\n"
    assert [route.name for route in openapi.routes_of(text, "spec")] == ["GET /v1/items"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "cannot be read"),
        ("[]", "no OpenAPI description"),
        ("openapi: 3.1.0", "describes no path"),
        ("openapi: 3.1.0\npaths: [1]", "no mapping"),
        ("openapi: 3.1.0\npaths: {/a: {post: {}}}", "no operation of it can be called"),
    ],
)
def test_what_is_no_description_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        openapi.routes_of(text, "spec.yaml")


def test_a_reference_that_goes_around_ends() -> None:
    text = json.dumps({"openapi": "3.1.0", "paths": {"/a": {"$ref": "#/paths/~1a"}, "/b": {"get": {}}}})
    assert [route.path for route in openapi.routes_of(text, "spec")] == ["/b"]


def test_routes_that_did_not_answer_when_tried_are_commented_out_with_what_they_said() -> None:
    routes = (Route("GET", "/a"), Route("GET", "/b"), Route("GET", "/c"), Route("GET", "/d", wanted=(200,)))
    found = answered(routes, {"/a": 404, "/b": 0, "/c": 200, "/d": 204})
    assert {route.path: route.off.partition(" when")[0] for route in found if route.off} == {
        "/a": "/a was answered with 404",
        "/b": "/b was not answered",
    }
    assert [route.wanted for route in found if route.path == "/d"] == [(200, 204)]


def test_routes_whose_names_are_written_alike_are_tasks_of_their_own() -> None:
    paths = ["/a", "/a/", "/a/2", "/a-2", "/a_2/", "/a/3"]
    tree = ast.parse(http_text("drills/x.py", "x", [Route("GET", path) for path in paths]))
    (visitor,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    tasks = [node.name for node in visitor.body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    assert len(tasks) == len(set(tasks)) == len(paths)


def test_weights_keep_their_proportion_and_none_is_lost() -> None:
    assert scaled([10000, 500, 1]) == [100, 5, 1]
    assert scaled([3, 1]) == [3, 1]


@pytest.mark.parametrize("kind", ["http", "tcp"])
def test_the_locustfile_is_one_that_a_drill_takes(kind: str, tmp_path: Path) -> None:
    routes = (Route("GET", "/orders/{id}", {"id": ("1", "2")}, weight=3), Route("POST", "/orders", off="no"))
    file = tmp_path / "shop.py"
    file.write_text(
        http_text("drills/shop.py", "Users.", routes) if kind == "http" else tcp_text("drills/shop.py", "Users.")
    )
    assert problems(file) == []
    assert endpoints(file) == (("GET /orders/{id}",) if kind == "http" else None)
