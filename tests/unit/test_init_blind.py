"""Which rules a first drill claims nothing of, as their labels name another part than what is hurt, or what nobody asks for."""

from __future__ import annotations

import pytest

from harness.edges import Edge
from harness.facts import RuleSeen
from harness.init import alerts
from harness.init.blind import sight
from harness.init.choose import Hurt
from harness.init.routes import Route, of_pages
from harness.init.seen import Page, Spoken
from harness.urls import of_health

SERVICES = {"front": {}, "api": {}, "worker": {}, "db": {}, "redis": {"image": "redis:7"}}
FRONT = Edge("front", "api", speaks="http")
STORE = Edge("api", "db", speaks="postgres")
EDGES = (FRONT, STORE, Edge("api", "redis", speaks="redis"), Edge("worker", "db", speaks="postgres"))
ROUTES = (Route("GET", "/shows/{id}", {"id": ("7",)}), Route("GET", "/api/bookings"), Route("POST", "/pay", off="no"))


def picked(edge: Edge, *exprs: str) -> alerts.Picked:
    rules = [
        RuleSeen(rule=f"R{n}", group="a;b", kind="alerting", expr=expr, interval_s=2.0) for n, expr in enumerate(exprs)
    ]
    return alerts.pick(rules, (), sight(SERVICES, Hurt(edge, edge.dependency), EDGES, ROUTES))


def errors(labels: str) -> str:
    return f"sum(rate(dependency_errors_total{{{labels}}}[15s])) > 0.5"


def slow(labels: str) -> str:
    return f"histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{{{labels}}}[20s]))) > 0.5"


@pytest.mark.parametrize(
    ("edge", "expr", "why"),
    [
        (FRONT, errors('dependency="postgres"'), "another part"),
        (STORE, errors('dependency="redis"'), "another part"),
        (STORE, errors('dependency=~"redis|rabbitmq"'), "another part"),
        (FRONT, slow('job="api"'), "reads what api counts, which is not in front of the fault"),
        (STORE, errors('job="worker"'), "reads what worker counts, which is not in front of the fault"),
        (STORE, slow('job="api",route="/bookings/{id}"'), "a route that the load does not ask for"),
        (STORE, slow('route=~"/pay.*"'), "a route that the load does not ask for"),
    ],
)
def test_a_rule_that_is_blind_to_the_fault_is_left_with_its_reason(edge: Edge, expr: str, why: str) -> None:
    found = picked(edge, expr)
    assert (found.slow, found.gone) == (None, None)
    assert why in found.left[0]


@pytest.mark.parametrize(
    ("edge", "expr"),
    [
        (STORE, errors('dependency="postgresql",job="api"')),
        (STORE, errors('dependency="primary"')),
        (STORE, errors('dependency!="redis"')),
        (STORE, errors('dependency=~".+"')),
        (STORE, errors('job="front"')),
        (STORE, errors('job="boxoffice"')),
        (STORE, slow('route="/shows/:show"')),
        (STORE, slow('route="/bookings"')),
        (STORE, slow('handler="GET /shows/<int:id>"')),
        (STORE, slow('handler="show_page"')),
        (STORE, slow('route=~"/(bookings|pay)"')),
        (Edge("api", "db"), errors('dependency="mysql"')),
    ],
)
def test_a_rule_that_may_see_it_is_claimed(edge: Edge, expr: str) -> None:
    edges = tuple(edge if one.id == edge.id else one for one in EDGES if one.caller != "worker")
    rule = RuleSeen(rule="R", group="a;b", kind="alerting", expr=expr, interval_s=2.0)
    found = alerts.pick([rule], (), sight(SERVICES, Hurt(edge, edge.dependency), edges, ROUTES))
    assert found.slow or found.gone, found.left


def test_a_rule_that_names_what_is_hurt_is_claimed_before_a_quicker_one() -> None:
    quick = 'sum(rate(http_requests_total{code=~"5.."}[5s])) > 0.1'
    assert picked(STORE, quick, errors('dependency="postgres"')).gone == alerts.Watch("R1", 45)
    assert picked(FRONT, quick, errors('dependency="postgres"')).gone == alerts.Watch("R0", 40)


def test_a_load_that_only_asks_whether_it_lives_is_not_known_to_reach_what_is_hurt() -> None:
    rule = RuleSeen(rule="R", group="a;b", kind="alerting", expr=errors('dependency="postgres"'), interval_s=2.0)
    for routes, claimed in ((("/front-health",), False), (("/front-health", "/"), True)):
        asked = [Route("GET", path) for path in routes]
        found = alerts.pick([rule], (), sight(SERVICES, Hurt(STORE, "db"), EDGES, asked))
        assert (found.gone is not None) is claimed
        assert claimed or "asks only for a page that tells whether it lives" in found.left[0]


def test_pages_that_only_tell_whether_it_lives_are_asked_for_least() -> None:
    pages = tuple(Page(path, 200) for path in ("/front-health", "/", "/shows"))
    found = of_pages(Spoken("front", 80, pages))
    assert [(route.path, route.weight) for route in found] == [("/", 6), ("/shows", 2), ("/front-health", 1)]
    assert [route.weight for route in of_pages(Spoken("front", 80, pages[:1]))] == [1]
    assert not of_health("/healthy-food")
    assert not of_health("/already")
