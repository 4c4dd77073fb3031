"""Names that several services bear: whom a caller reaches by them, over the networks that it shares with each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.stack import names as topology
from harness.stack.changes.hosts import hosts
from harness.stack.find import Found, found
from harness.stack.place import place
from harness.stack.project import Project
from harness.stack.subnets import choose

WEB = {"expose": ["8000"]}
CANARY = {"expose": ["8000"], "networks": {"default": {"aliases": ["web"]}}}
PROXY = {"environment": {"UPSTREAM": "http://web:8000"}}
BOUNCED = {
    "api": {"environment": {"DATABASE_URL": "postgres://u:p@db:5432/x"}, "networks": {"front": None}},
    "bouncer": {"environment": {"DB_HOST": "db"}, "networks": {"front": {"aliases": ["db"]}, "back": None}},
    "db": {"image": "postgres:16", "networks": {"back": None}},
}


def look(services: dict[str, Any], *declared: Any) -> Found:
    networks: dict[str, Any] = {"default": {}, "front": {}, "back": {}}
    config = {"name": "shop", "services": services, "networks": networks}
    return found(Project("shop", (), Path("/shop"), config), declared)


def pointed(services: dict[str, Any]) -> dict[str, list[str]]:
    """By caller, the names that its hosts file then leads to an edge."""
    config = {"name": "shop", "services": services, "networks": {"default": {}, "front": {}, "back": {}}}
    edges = place(config, look(services).edges, choose(config, [], (), 1))
    changed, _ = hosts(config, edges)
    return {
        name: sorted(topology.pinned_hosts(body))
        for name, body in changed["services"].items()
        if body.get("extra_hosts")
    }


def test_a_canary_under_its_services_name_leaves_that_name_alone() -> None:
    services = {"proxy": PROXY, "web": WEB, "web-canary": CANARY}
    seen = look(services)
    assert {edge.id: edge.names for edge in seen.edges} == {"proxy->web": ()}
    assert seen.edges[0].refused == (
        "proxy calls web (environment UPSTREAM), a name of web and web-canary: Docker spreads its connections over them"
    )
    assert "web is a name of web and web-canary" in seen.notes[0]
    assert pointed(services) == {}
    both = {**PROXY, "depends_on": {"web": {}, "web-canary": {}}}
    refused = {edge.id: bool(edge.refused) for edge in look({**services, "proxy": both}).edges}
    assert refused == {"proxy->web": True, "proxy->web-canary": True}, "by depends_on it is known, by web it is called"
    assert look(services, {"edge": "proxy->web", "ports": [8000]}).edges[0].refused, "declared, it is no other"


def test_a_canary_that_is_called_by_its_own_name_has_its_edge() -> None:
    services = {"proxy": {"environment": {"CANARY": "http://web-canary:8000"}}, "web": WEB, "web-canary": CANARY}
    assert pointed(services) == {"proxy": ["web-canary"]}


def test_a_pooler_that_bears_its_databases_name_is_whom_callers_on_its_network_reach() -> None:
    assert {edge.id: (edge.names, edge.refused) for edge in look(BOUNCED).edges} == {
        "api->bouncer": (("bouncer", "db"), ""),
        "bouncer->db": (("db",), ""),
    }
    assert pointed(BOUNCED) == {"api": ["bouncer", "db"], "bouncer": ["db"]}
    assert look(BOUNCED).notes == ()


def test_nodes_that_bear_one_name_among_themselves_stay_as_they_were() -> None:
    node = {"environment": {"JOIN": "cluster:7000"}, "networks": {"default": {"aliases": ["cluster"]}}}
    seen = look({"one": node, "two": node})
    assert seen.edges == ()
    assert seen.notes == (
        "cluster is a name of one and two: Docker spreads connections over them, so it stays as it was",
    )


def test_one_alias_on_two_networks_is_two_names() -> None:
    services = {
        "left": {"environment": {"X": "http://store:1"}, "networks": {"front": None}},
        "right": {"environment": {"X": "http://store:1"}, "networks": {"back": None}},
        "both": {"environment": {"X": "http://store:1"}, "networks": {"front": None, "back": None}},
        "one": {"networks": {"front": {"aliases": ["store"]}}},
        "two": {"networks": {"back": {"aliases": ["store"]}}},
    }
    seen = look(services)
    assert [edge.id for edge in seen.edges] == ["left->one", "right->two"]
    assert [note.partition(":")[0] for note in seen.notes] == ["store is a name of one and two"]


def test_a_hostname_of_two_services_leads_to_neither() -> None:
    named = {"hostname": "cache", "expose": ["80"]}
    services = {"api": {"environment": {"B": "http://cache:80"}}, "c1": named, "c2": named}
    assert pointed(services) == {}


def test_a_link_goes_before_what_others_answer_to() -> None:
    services = {"proxy": {**PROXY, "links": ["web"]}, "web": WEB, "web-canary": CANARY}
    assert pointed(services) == {"proxy": ["web"]}
    other = {"proxy": {**PROXY, "links": ["web-canary:web"]}, "web": WEB, "web-canary": {"expose": ["8000"]}}
    assert pointed(other) == {"proxy": ["web", "web-canary"]}
