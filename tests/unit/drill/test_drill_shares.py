"""A percentile beside a fault on a share of the connections is warned of where a pool would hide it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.parse import parse_text

TEXT = """
drill: tale
stack: {{compose: [compose.yaml]}}
load: {{locustfile: locustfile.py, against: "api:80", arrivals: [{{for: 1m, rate: 20/s}}]}}
steady: {{for: 5s, within: 20s, all: [errors < 1%]}}
phases:
  - name: hurt
    for: 20s
    faults: [{fault}]
    expect: [{claim}]
"""


@pytest.fixture
def warned(tmp_path: Path) -> Callable[[str, str], list[str]]:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "locustfile.py").write_text("from locust import HttpUser\n")

    def told(fault: str, claim: str) -> list[str]:
        drill = parse_text(TEXT.format(fault=fault, claim=claim), file=tmp_path / "tale.yaml")
        return [one.what for one in drill.origin.warnings]

    return told


@pytest.mark.parametrize("word", ["hang", "reset", "limit_data"])
def test_a_percentile_beside_connections_that_are_given_up_is_warned_of(
    warned: Callable[[str, str], list[str]], word: str
) -> None:
    more = ", bytes: 1KB" if word == "limit_data" else ""
    fault = f"{word}: {{edge: api->db, share: 50%{more}}}"
    (what,) = warned(f"{{{fault}}}", "{responds_within: {p95: 4s, p99: 6s}}")
    assert what.startswith(f"{word} hits 50% of the connections, not of the requests")
    assert "p95, p99 may show nothing of it; hit them all (without `share`), or claim a `max`" in what


@pytest.mark.parametrize(
    ("fault", "claim"),
    [
        ("{hang: {edge: api->db}}", "{responds_within: {p95: 4s}}"),
        ("{hang: {edge: api->db, share: 50%}}", "{responds_within: {p95: 4s, max: 9s}}"),
        ("{hang: {edge: api->db, share: 50%}}", "{errors_below: {ratio: 5%}}"),
        ("{latency: {edge: api->db, share: 50%, delay: 2s}}", "{responds_within: {p95: 4s}}"),
        ("{stop: {service: db}}", "{responds_within: {p95: 4s}}"),
    ],
    ids=["all of them", "a max", "no percentile", "slow ones are used on", "no connections"],
)
def test_what_tests_it_is_not(warned: Callable[[str, str], list[str]], fault: str, claim: str) -> None:
    assert warned(fault, claim) == []
