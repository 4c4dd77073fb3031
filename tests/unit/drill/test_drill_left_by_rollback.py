"""A drill that claims a rollback and does not ask what that leaves behind is told so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.left_by_rollback import unasked
from harness.drill.parse import parse

LATENCY = "latency: {edge: api->postgres, delay: 400ms, jitter: 100ms}"
CLAIM = "responds_within: {request: POST /checkout, p95: 1500ms}"
RELEASE = "bad_release: {service: api, image: api:bad}"
BACK = "rolled_back: {by: runbook, command: [./rollback.sh], trigger: page, within: 30s}"


@pytest.mark.parametrize(
    ("fault", "claim", "whole", "told"),
    [
        (RELEASE, BACK, "", True),
        (RELEASE, BACK, "  - state_restored: {}\n", False),
        (RELEASE, CLAIM, "", False),
        (LATENCY, CLAIM, "", False),
    ],
)
def test_only_a_rollback_without_a_look_at_the_state_is_told(
    checkout: Callable[..., Path], fault: str, claim: str, whole: str, told: bool
) -> None:
    path = checkout(LATENCY, fault)
    text = path.read_text().replace(CLAIM, claim)
    path.write_text(text.replace("\nexpect:\n", f"\nexpect:\n{whole}"))
    said = unasked(parse(path))
    assert bool(said) == told
    assert not told or ("rolled_back-runbook" in said and "`state_restored: {}`" in said)
