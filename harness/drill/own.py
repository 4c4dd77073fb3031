"""The model of a drill with the words of the user's own faults and expectations."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

from pydantic import create_model

from harness.drill.model import Drill, Phase
from harness.drill.tagged import one_of
from harness.expectations import EXPECTATIONS
from harness.expectations.base import Expectation
from harness.faults import FAULTS
from harness.faults.base import Fault
from harness.parts import in_use


def faults() -> tuple[type[Fault], ...]:
    """Every fault that a drill may name."""
    return (*FAULTS, *in_use.of_kind("fault"))


def expectations() -> tuple[type[Expectation], ...]:
    """Every expectation that a drill may name."""
    return (*EXPECTATIONS, *in_use.of_kind("expectation"))


def drill_model() -> type[Drill]:
    """Drill itself where there are no words but ours."""
    mine = (in_use.of_kind("fault"), in_use.of_kind("expectation"))
    return _with(*mine) if any(mine) else Drill


@cache
def _with(own_faults: tuple[type[Fault], ...], own_claims: tuple[type[Expectation], ...]) -> type[Drill]:
    any_fault: Any = one_of((*FAULTS, *own_faults))
    any_claim: Any = one_of((*EXPECTATIONS, *own_claims))

    def field(model: type[Any], name: str, kind: Any) -> Any:
        return (tuple[kind, ...], copy.copy(model.model_fields[name]))

    phase: Any = create_model(
        "Phase",
        __base__=Phase,
        __doc__=Phase.__doc__,
        faults=field(Phase, "faults", any_fault),
        expect=field(Phase, "expect", any_claim),
        then=field(Phase, "then", any_claim),
    )
    made: type[Drill] = create_model(
        "Drill",
        __base__=Drill,
        __doc__=Drill.__doc__,
        phases=field(Drill, "phases", phase),
        expect=field(Drill, "expect", any_claim),
    )
    return made
