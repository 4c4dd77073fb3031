"""Why a fault was not felt, told at the fault: a finding that is open for it points there. verdict.json has it whole in each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SEE = "see the fault"
SHORT = 40
"""A reason of no more characters is as soon read as looked for."""


def because(finding: Mapping[str, Any], faults: Sequence[Mapping[str, Any]]) -> str:
    """A finding's sentence beside faults that are told with their reasons."""
    text: str = finding["because"]
    for fault in faults:
        if at_the_fault(fault):
            text = text.replace(f"{fault['id']}: {fault['landing']['because']}", f"{fault['id']}: {SEE}", 1)
    return text


def at_the_fault(fault: Mapping[str, Any]) -> bool:
    """Whether its reason is left to the place where the fault is told."""
    return len(fault["landing"]["because"]) > SHORT
