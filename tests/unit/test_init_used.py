"""A first drill hurts what its own load comes to, as far as anything tells; where nothing does, it says so at the fault."""

from __future__ import annotations

import pytest
import yaml
from test_init_drill import written

from harness.edges import Edge, Known
from harness.init import choose
from harness.init.routes import Route
from harness.init.used import rose, use
from harness.stack.observe import Seen, add
from harness.world.lookout import Peers

STORES = tuple(Edge(f"{name}s", f"{name}s-db", speaks="postgres") for name in ("order", "cart", "user"))
EDGES = (*(Edge("front", edge.caller) for edge in STORES), *STORES)
CONFIG: dict[str, dict[str, object]] = {
    "services": {name: {} for edge in EDGES for name in (edge.caller, edge.dependency)}
}


def chosen(*routes: Route, risen: tuple[str, ...] = (), edges: tuple[Edge, ...] = EDGES) -> choose.Hurt:
    return choose.hurt(CONFIG, "front", edges, edges, (), routes, risen)


@pytest.mark.parametrize(
    ("routes", "risen", "edge"),
    [
        ((), (), "orders->orders-db"),
        ((Route("GET", "/"),), (), "orders->orders-db"),
        ((Route("GET", "/cart"),), (), "carts->carts-db"),
        ((Route("GET", "/api/users/{id}"),), (), "users->users-db"),
        ((Route("GET", "/cart"), Route("GET", "/users", weight=5)), (), "users->users-db"),
        ((Route("GET", "/cart"), Route("POST", "/users", weight=5, off="it writes")), (), "carts->carts-db"),
        ((Route("GET", "/{cart}?user=1"),), (), "orders->orders-db"),
        ((Route("GET", "/cart"),), ("users->users-db",), "users->users-db"),
    ],
)
def test_of_stores_that_are_alike_the_one_that_the_load_comes_to_is_hurt(
    routes: tuple[Route, ...], risen: tuple[str, ...], edge: str
) -> None:
    hurt = chosen(*routes, risen=risen)
    assert hurt.edge is not None
    assert hurt.edge.id == edge


def test_a_proven_store_goes_before_one_that_only_a_route_names() -> None:
    hurt = choose.hurt(CONFIG, "front", EDGES, STORES[:1], (), (Route("GET", "/cart"),))
    assert hurt.edge == STORES[0]


def test_why_it_was_chosen_is_said() -> None:
    assert "the load's GET /cart is named like it" in chosen(Route("GET", "/cart")).why
    assert "its connections rose while the load was asked for" in chosen(risen=("carts->carts-db",)).why


@pytest.mark.parametrize(
    ("path", "caller", "dependency", "named"),
    [
        ("/catalogue/3", "front", "catalog-db", True),
        ("/cart", "front", "cartservice", True),
        ("/front/page", "front", "front-cache", True),
        ("/front", "front", "redis", False),  # its own name tells nothing of whom it calls
        ("/api/v1/web", "web-api", "webapi-db", False),
        ("/car", "front", "cartservice", False),
    ],
)
def test_a_route_names_a_dependency_by_a_whole_word_or_the_beginning_of_a_longer_one(
    path: str, caller: str, dependency: str, named: bool
) -> None:
    assert bool(use(Edge(caller, dependency), "front", (Route("GET", path),), ()).why) == named


def counted(**ports: int) -> Seen:
    seen = Seen()
    add(seen, {"web": Peers((), ("10.0.0.2",), {name: {5432: count} for name, count in ports.items()}, {})})
    return seen


def opened(before: Seen, asked: Seen, *idle: Seen, each_page: float = 10.0) -> tuple[str, ...]:
    early, late = idle or (before, before)
    ends = early.named(), late.named()
    return rose(ends, before.named(), asked.named(), times_longer=4.0, each_page=each_page)


def test_connections_that_the_load_opens_tell_that_it_comes_there() -> None:
    quiet = counted(db=4, cache=8, queue=2)
    asked = counted(db=40, cache=8, queue=4, mail=10)
    assert opened(quiet, asked) == ("web->db", "web->mail"), "the queue's two may be a pool's"
    assert opened(Seen(), asked) == (), "nobody looked before"


def test_connections_that_a_health_check_opens_by_itself_tell_nothing() -> None:
    """One a second to the cache, whatever is asked; each request opens one to the database."""
    idle = counted(db=5, cache=17), counted(db=5, cache=20)
    assert opened(counted(db=5, cache=20), counted(db=5, cache=32), *idle) == ()
    assert opened(counted(db=5, cache=20), counted(db=65, cache=32), *idle) == ("web->db",)
    assert opened(counted(db=5, cache=20), counted(db=65, cache=92), *idle) == ("web->db", "web->cache")


def test_few_connections_for_the_requests_that_were_asked_tell_nothing() -> None:
    assert opened(counted(db=5), counted(db=17), each_page=60.0) == ()
    assert opened(counted(db=5), counted(db=17), each_page=20.0) == ("web->db",)


@pytest.mark.parametrize(
    ("hurt", "fault"),
    [
        (chosen(Route("GET", "/cart")), "latency: {edge: carts->carts-db"),
        (chosen(risen=("carts->carts-db",)), "latency: {edge: carts->carts-db"),
        (chosen(edges=(Edge("front", "x", known=(Known("seen", "3 connections"),)),)), "down: {edge: front->x"),
        (chosen(edges=(Edge("front", "orders", refused="UDP"),)), "pause: {service: orders"),
    ],
)
def test_where_a_dependency_is_hurt_the_first_fault_says_that_the_load_may_not_come_there(
    hurt: choose.Hurt, fault: str
) -> None:
    drill = written(hurt, against="front:8080")
    before, _, after = drill.partition(f"      - {fault}")
    told = [line.strip("# ") for line in before.partition("    faults:\n")[2].splitlines()]
    assert f"Not known: whether a request of first.py comes to {hurt.service}." in " ".join(told)
    assert "Not known: whether a request" not in after
    assert yaml.safe_load(drill)["phases"][0]["faults"]


def test_where_the_loaded_service_itself_is_hurt_nothing_is_in_doubt() -> None:
    assert "Not known: whether a request" not in written(chosen(edges=()), against="front:8080")
