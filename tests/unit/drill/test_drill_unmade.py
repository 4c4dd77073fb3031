"""Requests that a drill names and its locustfile never makes: told before a run is spent on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.parse import parse
from harness.drill.problem import Invalid

Write = Callable[..., Path]
CLAIM = "responds_within: {request: POST /checkout, p95: 1500ms}"


def told(path: Path) -> list[str]:
    return [str(problem).partition("\n")[0].partition("warning: ")[2] for problem in parse(path, env={}).warnings]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("POST /chekout", " (did you mean 'POST /checkout'?)"),
        ("post /checkout", " (did you mean 'POST /checkout'?)"),
        ("/checkout", " (did you mean 'POST /checkout'?)"),
        ("GET /stock/{sku}", "; it has POST /checkout"),
    ],
)
def test_a_claim_on_a_request_that_is_never_made_is_a_warning_at_its_word(
    checkout: Write, name: str, near: str
) -> None:
    path = checkout(CLAIM, f'errors_below: {{ratio: 2%, request: "{name}"}}')
    (warning,) = parse(path, env={}).warnings
    assert f'request: "{name}"' in warning.source
    assert warning.source[warning.column - 1 :].startswith(f'"{name}"')
    assert told(path) == [
        f"orders-slow/errors_below-{name}: the locustfile makes no request {name!r}{near}, so there could be nothing to judge"
    ]


def test_of_patterns_one_that_no_request_has_is_told(checkout: Write) -> None:
    claim = 'canary_judged: {errors: +20pp, requests: ["POST /check*", "GET /*"], within: 20s, expect: withdrawn}'
    assert [text for text in told(checkout(CLAIM, claim)) if "makes no request" in text] == [
        "orders-slow/canary_judged-release: the locustfile makes no request 'GET /*'; it has POST /checkout, so there could be"
        " nothing to judge"
    ]


def test_a_gate_on_a_request_that_is_never_made_is_refused(checkout: Write) -> None:
    path = checkout("p95 < 300ms", "p95 of POST /chekout < 300ms, errors of POST /checkout < 1%")
    with pytest.raises(Invalid) as refused:
        parse(path, env={})
    (problem,) = refused.value.found
    assert problem.what == (
        "p95 of POST /chekout < 300ms: the locustfile makes no request 'POST /chekout' (did you mean 'POST /checkout'?), so the gate"
        " could never hold"
    )


@pytest.mark.parametrize("call", ["self.client.get(url)", "self.shop.buy()\n        helper(self.client)"])
def test_where_the_locustfile_does_not_tell_all_its_requests_nothing_is_said(checkout: Write, call: str) -> None:
    path = checkout("responds_within: {request: POST /checkout", "responds_within: {request: POST /chekout")
    (path.parent / "users.py").write_text(
        f"from locust import HttpUser, task\n\nclass Shopper(HttpUser):\n    @task\n    def buy(self):\n        {call}\n"
    )
    assert told(path) == []
