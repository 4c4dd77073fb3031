"""Values of variables that a bad release gets, as Compose takes them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from harness.faults.bad_release import BadRelease

AS_COMPOSE_DOES = [(1, "1"), (-1, "-1"), (0, "0"), (0.5, "0.5"), (1.1, "1.1"), (2.0, "2"), (True, "true"), ("", ""), ("1.10", "1.10")]  # fmt: skip
"""As `docker compose config` 2.26 prints them."""


@pytest.mark.parametrize(("value", "text"), AS_COMPOSE_DOES)
def test_a_number_of_the_environment_is_the_text_that_compose_makes_of_it(value: Any, text: str) -> None:
    made = BadRelease.model_validate_json(_release(environment={"WORKER_DROPS": value}))
    assert made.release.environment == {"WORKER_DROPS": text}


@pytest.mark.parametrize("value", [None, 1e22, 1000000.5, 0.00001, [1], {"a": 1}])
def test_what_compose_would_not_take_or_would_write_otherwise_must_be_in_quotes(value: Any) -> None:
    with pytest.raises(ValidationError, match="valid string"):
        BadRelease.model_validate_json(_release(environment={"WORKER_DROPS": value}))


def test_a_variable_of_the_compose_file_is_put_in_as_it_is_written() -> None:
    made = BadRelease.model_validate_json(_release(variables={"PRICE_FACTOR": 2, "DROPS": False}))
    assert made.release.variables == {"PRICE_FACTOR": "2", "DROPS": "false"}
    with pytest.raises(ValidationError, match="valid string"):
        BadRelease.model_validate_json(_release(variables={"PYTHON": 3.1}))  # 3.10, perhaps


def _release(**changes: Any) -> str:
    return json.dumps({"service": "worker", **changes})
