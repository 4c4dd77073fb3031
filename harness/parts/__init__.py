"""Parts of the user's own: what a Python file named in `[tool.drill] parts`, or a package's entry point `drill.parts`, brings along.

    from harness.parts import Parts
    PARTS = Parts(faults=(Satellite,), expectations=(Served,), probes=(LoadAverage,), checks=(TokenSet(),), reports=(Csv(),))

docs/parts.md has a complete file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # `harness.parts` itself is imported by every command that reads a drill
    from harness.doctor.seen import Check
    from harness.expectations.base import Expectation
    from harness.faults.base import Fault
    from harness.probes.base import Probe


class Report(Protocol):
    """A form of a run's report: `drill report --format NAME` writes report.NAME, or prints it with `-o -`."""

    @property
    def name(self) -> str: ...

    def text(self, document: Mapping[str, Any]) -> str:
        """The report; `document` is what verdict.json holds. Raises nothing."""
        ...


@dataclass(frozen=True)
class Parts:
    """
    faults        classes, on ToxicFault, ServiceFault, Command or a fault that is one of them: those are taken out whatever dies
    expectations  classes, on Expectation
    probes        what makes one for each run: a class whose instances are Probes, without an argument
    checks        what `drill doctor` looks at, and each run before it begins
    reports       what `drill report --format` knows
    """

    faults: tuple[type[Fault], ...] = ()
    expectations: tuple[type[Expectation], ...] = ()
    probes: tuple[Callable[[], Probe], ...] = ()
    checks: tuple[Check, ...] = ()
    reports: tuple[Report, ...] = ()
