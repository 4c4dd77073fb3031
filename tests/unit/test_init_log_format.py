"""log_format: lines as a proxy's own configuration says that they are made."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.init import command
from harness.errors import UsageError
from harness.init import access_log, log_format
from harness.init.given import given_routes
from harness.init.wishes import Wishes

WRITTEN = [
    ('$remote_addr - $remote_user [$time_local] "$request" $status', '10.0.0.7 - - [12/Nov/2026:10:00:00 +0000] "GET /a/7 HTTP/1.1" 200'),
    ("$time_local $bytes_sent $request_method $request_uri $status", "12/Nov/2026:10:00:00 +0000 512 GET /a/7?q=x 200"),
    ('"$request" $bytes_sent $status', '"GET /a/7 HTTP/1.1" 512 200'),  # which looks like the common format, and is not
    ("$upstream_addr ${request_method}:$uri=$status", "10.0.0.1:80, 10.0.0.2:80 GET:/a/7=200"),
    ("<$status> $http_user_agent| $request", "<200> curl/8 (x y)| GET /a/7 HTTP/1.1"),
    (r"%h %l %u %t \"%r\" %>s %b", '10.0.0.7 - - [12/Nov/2026:10:00:00 +0000] "GET /a/7 HTTP/1.1" 200 512'),
    (r"$remote_addr\t$request\t$status", "10.0.0.7\tGET /a/7 HTTP/1.1\t200"),
    (r"$request_method\d$uri $status", r"GET\d/a/7 200"),
    ('%{%d/%b/%Y %T}t %a "%r" %>s %{ms}T', '12/Nov/2026 10:00:00 10.0.0.7 "GET /a/7 HTTP/1.1" 200 4'),
    ("%v %{X-Id}i %m %U%q %s", "shop r7 GET /a/7?q=x 200"),
    ("$remote_addr $request_method $scheme://$host$request_uri $status", "10.0.0.7 GET https://shop.example/a/7 200"),
    ('"$request_method $http_host$request_uri" $status', '"GET shop.example:8080/a/7?to=/b/c" 200'),
    ("$status $request_method $host$uri$is_args$args $request_time", "200 GET shop.example/a/7?q=x 0.01"),
    ("$status $request_method $http_origin$uri", "200 GET https://shop.example/a/7"),
    ("$status $request_method $http_origin$uri", "200 GET -/a/7"),
    ("$status $request_method $server_name$server_port$uri", "200 GET shop.example80/a/7"),
    ("%h %m %{Host}i%U%q %>s", "10.0.0.7 GET shop.example/a/7?q=x 200"),
    ("%>s %v%r", "200 shop.exampleGET /a/7 HTTP/1.1"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "line"), WRITTEN, ids=[written for written, _ in WRITTEN])
def test_a_request_is_read_as_the_format_says(written: str, line: str) -> None:
    (route,) = access_log.routes_of([line], "a.log", log_format.layouts(written, "it")).routes
    assert (route.name, dict(route.values)) == ("GET /a/{id}", {"id": ("7",)})


def test_a_method_right_behind_a_value_is_whole() -> None:
    lines, layouts = ["200 shop.exampleDELETE /a/7", "200 -GET /a/7"], log_format.layouts("$status $host$request", "it")
    found = [route.name for route in access_log.routes_of(lines, "a.log", layouts).routes]
    assert sorted(found) == ["DELETE /a/{id}", "GET /a/{id}"]


NGINX = """
log_format up '$upstream_addr $upstream_status';
log_format shop escape=json '{"verb":"$request_method",'
                            '"where":"$request_uri","sc":"$status"}';
log_format plain "$status \\"$request\\"";
server { access_log /dev/stdout shop; }
"""
LOOSE = """
log_format bare $remote_addr|${request_method}|$request_uri|$status;
log_format told "$status "  # the status; then
                # 'the rest'
                '$http_host\\'s $request';
"""
APACHE = """
# LogFormat "%r is commented out"
LogFormat "%>s|%m|%U" short
LogFormat '%h\\t"%r" %>s' single
LogFormat %>s;%m;%U bare
CustomLog /dev/stdout short
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (NGINX, '{"verb":"GET","where":"/a/7","sc":"200"}'),
        (NGINX, '200 "GET /a/7 HTTP/1.1"'),
        (LOOSE, "10.0.0.7|GET|/a/7|200"),
        (LOOSE, "200 shop's GET /a/7 HTTP/1.1"),
        (APACHE, "200|GET|/a/7"),
        (APACHE, '10.0.0.7\t"GET /a/7 HTTP/1.1" 200'),
        (APACHE, "200;GET;/a/7"),
    ],
)
def test_every_format_that_stands_in_a_configuration_is_tried(text: str, line: str) -> None:
    logged = access_log.routes_of([line, "rubbish"], "a.log", log_format.layouts(text, "it"))
    assert [route.name for route in logged.routes] == ["GET /a/{id}"]
    assert logged.notes == ("1 of its lines could not be read as a request",)


def test_what_docker_writes_before_a_line_is_none_of_it() -> None:
    layouts = log_format.layouts("$remote_addr $request $status", "it")
    lines = [
        f"{before}10.0.0.7 GET /a/7 HTTP/1.1 200" for before in ("edge-1  | ", "edge-1  | 2026-11-12T10:00:00.1Z ", "")
    ]
    assert access_log.routes_of(lines, "a.log", layouts).notes == ()


@pytest.mark.parametrize("text", ["$remote_addr $status", "%h %r", "server { listen 80; }", ""])
def test_a_format_that_does_not_tell_a_request_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"has no format with a request's method, path and status"):
        log_format.layouts(text, "it")


def test_a_log_that_cannot_be_read_says_how_to_tell_its_format() -> None:
    with pytest.raises(UsageError, match="--log-format"):
        access_log.routes_of(["200 /a GET"], "a.log")
    with pytest.raises(UsageError, match="no line of it is a request as --log-format has it"):
        access_log.routes_of(["200 /a GET"], "a.log", log_format.layouts("$request $status", "it"))


def test_a_format_may_be_a_file(tmp_path: Path) -> None:
    log, conf = tmp_path / "a.log", tmp_path / "default.conf"
    log.write_text('200 "GET /a/7 HTTP/1.1"\n')
    conf.write_text(NGINX)
    for told in (str(conf), '$status "$request"'):
        (route,), _ = given_routes(Wishes(access_log=log, log_format=told))
        assert route.name == "GET /a/{id}"
    with pytest.raises(UsageError, match=r"gone\.conf: it cannot be read"):
        given_routes(Wishes(access_log=log, log_format="gone.conf"))


def test_a_file_may_have_any_name_and_a_format_be_longer_than_a_name_may(tmp_path: Path) -> None:
    log, conf = tmp_path / "a.log", tmp_path / "100% my conf.d" / "$host.conf"
    conf.parent.mkdir()
    conf.write_text("log_format short '$status $request';")
    log.write_text("200 GET /a/7 HTTP/1.1" + " -" * 100 + "\n")
    for told in (str(conf), "$status $request" + " $http_x" * 100):
        (route,), _ = given_routes(Wishes(access_log=log, log_format=told))
        assert route.name == "GET /a/{id}"


@pytest.mark.parametrize("told", ["common", "combined"])
def test_what_is_known_anyway_may_be_told_by_its_name(tmp_path: Path, told: str) -> None:
    log = tmp_path / "a.log"
    log.write_text('10.0.0.7 - bob smith [12/Nov/2026:10:00:00 +0000] "GET /a/7 HTTP/1.1" 200 512\n')
    (route,), _ = given_routes(Wishes(access_log=log, log_format=told))
    assert route.name == "GET /a/{id}"


def test_a_file_goes_before_a_name_that_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("combined").write_text("log_format combined '$status $request';")
    Path("a.log").write_text("200 GET /a/7 HTTP/1.1\n")
    (route,), _ = given_routes(Wishes(access_log=Path("a.log"), log_format="combined"))
    assert route.name == "GET /a/{id}"


def test_a_format_without_a_log_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="--from-access-log"):
        CliRunner().invoke(command, ["--log-format", "$status"], catch_exceptions=False)
