"""Who asks the DNS as it runs goes past its hosts file, and so past an edge: such an edge is refused before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.edges import Edge
from harness.stack.past_hosts import asked_past_hosts
from harness.stack.refuse import refused
from harness.stack.texts import Text, texts

HAPROXY = """
defaults
    default-server inter 2s
resolvers docker
    nameserver dns 127.0.0.11:53
backend api
    default-server inter 2s fall 3 resolvers docker init-addr none
    server-template api 2 api:3000 check
backend web
    server web1 web:80 check     # resolvers docker
    server web2 ipv4@shop.:80 check resolvers docker
"""


def haproxy(body: str, inside: str = "/usr/local/etc/haproxy/haproxy.cfg") -> Text:
    return Text("file", "file ./proxy.cfg", body, inside=inside)


def nginx(body: str, name: str = "nginx.conf") -> Text:
    return Text("file", f"file ./{name}", body, inside=f"/etc/nginx/{name}")


def set_to(name: str, value: str) -> Text:
    return Text("environment", f"environment {name}", value, name)


def names(*read: Text) -> dict[str, str]:
    return {name: asked.where for name, asked in asked_past_hosts(read).items()}


def test_haproxy_asks_for_its_servers_with_resolvers_alone() -> None:
    assert {*names(haproxy(HAPROXY))} == {"api", "shop"}
    assert {*names(haproxy("defaults\n  default-server resolvers d\nlisten x\n  server a api:80\n"))} == {"api"}
    again = "defaults\n  default-server resolvers d\ndefaults\n  mode http\nlisten x\n  server a api:80\n"
    assert not names(haproxy(again)), "the second defaults begin anew"


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ("resolver 127.0.0.11;\nlocation / { set $up http://api:80; proxy_pass $up; }", {"api"}),
        ("resolver 127.0.0.11;\nlocation / { set $up api; proxy_pass http://$up:80$request_uri; }", {"api"}),
        ("resolver 127.0.0.11;\nlocation / { grpc_pass grpc://api:80$is_args; }", {"api"}),
        ("resolver 127.0.0.11;\nlocation / { proxy_pass http://api$request_uri; }", {"api"}),
        (
            "resolver 127.0.0.11;\nmap $uri $up { default http://api:80; ~^/x 'shop:80'; }\nserver { proxy_pass $up; }",
            {"api", "shop"},
        ),
        (
            "resolver 127.0.0.11;\nsplit_clients $request_id $up { 10% shop:80; * api:80; }\nserver { proxy_pass http://$up; }",
            {"api", "shop"},
        ),
        (
            "resolver 127.0.0.11;\ngeo $up { default api; 10.0.0.0/8 shop; }\nserver { proxy_pass $scheme://$up:80; }",
            {"api", "shop"},
        ),
        ("resolver 127.0.0.11;\nserver { set $h api; set $up http://$h:80; proxy_pass $up; }", {"api"}),
        (
            "resolver 127.0.0.11;\nmap $uri $h { default api; /x $other; }\nset $other shop;\nset $up $h:80;\nproxy_pass http://$up;",
            {"api", "shop"},
        ),
        ("resolver 127.0.0.11;\nserver { set $a $b; set $b $a; proxy_pass http://$a; }", set()),
        ("resolver 127.0.0.11;\nlocation / { proxy_pass http://api:80; }", set()),
        ("resolver 127.0.0.11;\nlocation / { proxy_pass http://api.$domain:80; }", set()),
        ("# resolver 127.0.0.11;\nlocation / { set $up http://api; proxy_pass $up; }", set()),
        ("resolver 127.0.0.11;\nupstream api { server shop:80; }\nlocation / { proxy_pass http://api$uri; }", set()),
        (
            "resolver 127.0.0.11;\nupstream api { server shop:80; }\nlocation / { proxy_pass http://api:80$uri; }",
            {"api"},
        ),
        ("resolver 127.0.0.11;\nupstream u { zone u 1m; server api:80 max_fails=1 resolve; server web:80; }", {"api"}),
    ],
)
def test_nginx_asks_for_what_it_only_knows_as_it_runs(body: str, asked: set[str]) -> None:
    assert names(nginx(body)) == dict.fromkeys(asked, "file ./nginx.conf")


@pytest.mark.parametrize(
    ("written", "passed", "asked"),
    [
        ("http://api:8080", "http://api:8080/$1", False),
        ("http://api", "http://api:80$request_uri", False),
        ("https://api/", "https://api$request_uri", False),
        ("http://api:8080", "http://api:$port", False),
        ("http://api:8080", "http://api:9090/$1", True),
        ("http://web:8080", "http://api:8080/$1", True),
    ],
)
def test_a_server_that_is_written_out_elsewhere_with_its_port_is_known_to_nginx(
    written: str, passed: str, asked: bool
) -> None:
    body = f"resolver 127.0.0.11;\nlocation / {{ proxy_pass {passed}; }}\nlocation /b {{ proxy_pass {written}; }}"
    assert ("api" in names(nginx(body))) is asked


def test_all_files_of_an_nginx_are_read_as_one() -> None:
    upstream = nginx("upstream api { server api:8080; }", "conf.d/00-upstreams.conf")
    passing = nginx("server { location / { proxy_pass http://api$request_uri; } }", "conf.d/default.conf")
    resolver = nginx("http { resolver 127.0.0.11; include conf.d/*.conf; }")
    assert names(upstream, passing, resolver) == {}
    assert names(passing, resolver) == {"api": "file ./conf.d/default.conf"}
    assert names(passing) == {}


def test_what_is_put_in_before_nginx_starts_is_no_variable() -> None:
    template = nginx(
        "resolver 127.0.0.11;\nserver { proxy_pass http://api:${API_PORT}; }", "templates/default.conf.template"
    )
    assert names(template, set_to("API_PORT", "8080")) == {}
    assert names(template) == {}, "an image's own environment is not always known"
    whole = nginx("resolver 127.0.0.11;\nserver { set $up $backend; proxy_pass $up; }", "templates/a.conf.template")
    assert names(whole, set_to("backend", "http://api:8080")) == {"api": "file ./templates/a.conf.template"}
    mapped = nginx("resolver 127.0.0.11;\nmap $uri $PORT { default 1; }\nserver { proxy_pass http://api:$PORT; }")
    assert {*names(mapped, set_to("PORT", "8080"))} == {"api"}


DEFAULT_CONF = "server { resolver 127.0.0.11; set $backend http://api:8000; location / { proxy_pass $backend; } }"


def test_a_repository_that_is_mounted_whole_says_nothing_of_who_reads_its_files(tmp_path: Path) -> None:
    (tmp_path / "default.conf").write_text(DEFAULT_CONF)
    (tmp_path / "haproxy.cfg").write_text(HAPROXY)
    (tmp_path / "prometheus.yml").write_text(
        "scrape_configs: [{job_name: a, dns_sd_configs: [{names: [api], type: A, port: 8080}]}]"
    )

    def asked(target: str, source: Path = tmp_path, **more: object) -> set[str]:
        body = {"volumes": [{"type": "bind", "source": str(source), "target": target}], **more}
        return {*names(*texts({"services": {"x": body}}, "x", tmp_path))}

    assert asked("/app", command=["python", "worker.py"]) == set()
    assert asked("/etc/nginx/conf.d") == {"api"}
    assert asked("/etc/nginx/nginx.conf", tmp_path / "default.conf") == {"api"}
    assert asked("/usr/local/etc/haproxy") == {"api", "shop"}
    assert asked("/etc/prometheus") == {"api"}
    assert asked("/app", command=["haproxy", "-f", "/app/haproxy.cfg"]) == {"api", "shop"}
    assert asked("/app", command=["haproxy", "-f", "/app/haproxy.cfg.old"]) == set()
    assert asked("/cfg", command=["haproxy", "-W", "-f", "/cfg/"]) == {"api", "shop"}
    assert asked("/cfg/more", command=["haproxy", "-f", "/cfg"]) == set(), "HAProxy reads no folder's folders"
    assert asked("/app", command=["haproxy", "-f", "haproxy.cfg"], working_dir="/app") == {"api", "shop"}
    assert asked("/prometheus", command=["--config.file=./prometheus.yml"]) == {"api"}
    assert asked("/app", command=["sh", "-c", "cd /cfg && haproxy -f old-haproxy.cfg"]) == set()
    assert asked("/etc/nginx/sites-available") == set()
    (tmp_path / "default.conf").rename(tmp_path / "default.conf.bak")
    assert asked("/etc/nginx/conf.d") == set()


def test_a_path_that_several_files_end_with_says_not_which_of_them_is_read(tmp_path: Path) -> None:
    for folder in ("staging", "production"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "haproxy.cfg").write_text(HAPROXY)
    mount = {"type": "bind", "source": str(tmp_path), "target": "/app"}
    for command, asked in (("haproxy.cfg", set[str]()), ("staging/haproxy.cfg", {"api", "shop"})):
        body = {"volumes": [mount], "command": ["haproxy", "-f", command]}
        assert {*names(*texts({"services": {"x": body}}, "x", tmp_path))} == asked


def test_a_config_of_the_compose_file_is_read_where_the_container_has_it() -> None:
    def asked(use: object) -> set[str]:
        config = {"services": {"x": {"configs": [use]}}, "configs": {"site": {"content": DEFAULT_CONF}}}
        return {*names(*texts(config, "x", Path("/nowhere")))}

    assert asked({"source": "site", "target": "/etc/nginx/conf.d/default.conf"}) == {"api"}
    assert asked("site") == set()


def test_the_edge_is_refused_with_the_ways_out_unless_its_ports_are_declared() -> None:
    services = {"lb": {"networks": {"default": None}}, "api": {"networks": {"default": None}}}
    config = {"services": services, "networks": {"default": {}}}
    edge, read = Edge("lb", "api", names=("api",), ports=(3000,)), {"lb": (haproxy(HAPROXY),)}
    assert refused(config, edge, read, {}) == (
        "lb asks the DNS for api and goes by the answer, past its hosts file (resolvers, file ./proxy.cfg); a server without "
        "`resolvers` it looks up by its hosts file, once, as it starts. If lb goes by its hosts file all the same, declare the "
        "edge with its ports"
    )
    assert refused(config, edge, read, {}, declared_ports=(3000,)) == ""
    assert refused(config, edge, {"lb": (haproxy(HAPROXY, "/app/haproxy.cfg"),)}, {}) == ""
