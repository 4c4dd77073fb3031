"""Who asks the DNS as it runs goes past its hosts file, and so past an edge: such an edge is refused before anything starts."""

from __future__ import annotations

import pytest

from harness.edges import Edge
from harness.stack.past_hosts import asked_past_hosts
from harness.stack.refuse import refused
from harness.stack.texts import Text

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


def file(body: str, where: str = "file ./proxy.cfg") -> Text:
    return Text("file", where, body)


def test_haproxy_asks_for_its_servers_with_resolvers_alone() -> None:
    assert asked_past_hosts(file(HAPROXY)) == {"api": "resolvers", "shop": "resolvers"}
    assert asked_past_hosts(file("defaults\n  default-server resolvers d\nlisten x\n  server a api:80\n")) == {
        "api": "resolvers"
    }
    again = "defaults\n  default-server resolvers d\ndefaults\n  mode http\nlisten x\n  server a api:80\n"
    assert asked_past_hosts(file(again)) == {}, "the second defaults begin anew"


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ("resolver 127.0.0.11;\nlocation / { set $up http://api:80; proxy_pass $up; }", {"api"}),
        ("resolver 127.0.0.11;\nlocation / { set $up api; proxy_pass http://$up:80$request_uri; }", {"api"}),
        ("resolver 127.0.0.11;\nlocation / { grpc_pass grpc://api:80$is_args; }", {"api"}),
        ("resolver 127.0.0.11;\nlocation / { proxy_pass http://api:80; }", set()),
        ("# resolver 127.0.0.11;\nlocation / { set $up http://api; proxy_pass $up; }", set()),
        ("resolver 127.0.0.11;\nupstream api { server shop:80; }\nlocation / { proxy_pass http://api$uri; }", set()),
        ("resolver 127.0.0.11;\nupstream u { zone u 1m; server api:80 max_fails=1 resolve; server web:80; }", {"api"}),
    ],
)
def test_nginx_asks_for_what_it_only_knows_as_it_runs(body: str, asked: set[str]) -> None:
    assert asked_past_hosts(file(body)) == dict.fromkeys(asked, "resolver")


def test_the_edge_is_refused_with_the_way_out_unless_its_ports_are_declared() -> None:
    services = {"lb": {"networks": {"default": None}}, "api": {"networks": {"default": None}}}
    config = {"services": services, "networks": {"default": {}}}
    edge, read = Edge("lb", "api", names=("api",), ports=(3000,)), {"lb": (file(HAPROXY),)}
    assert refused(config, edge, read, {}) == (
        "lb asks the DNS for api and goes by the answer, past its hosts file (resolvers, file ./proxy.cfg); a server without "
        "`resolvers` it looks up by its hosts file, once, as it starts"
    )
    assert refused(config, edge, read, {}, declared_ports=(3000,)) == ""
    assert refused(config, edge, {"lb": (Text("file", "file ./README.md", HAPROXY),)}, {}) == ""
