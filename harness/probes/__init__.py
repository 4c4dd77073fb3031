"""Probes look at the world on an interval and report facts; they never judge. One small file each."""

from __future__ import annotations

from collections.abc import Sequence

from harness.edges import Edge
from harness.facts import Holding
from harness.probes.base import Probe
from harness.probes.clock import ClockProbe
from harness.probes.containers import ContainersProbe
from harness.probes.held import HeldProbe
from harness.probes.logs import LogKeeper, LogsProbe
from harness.probes.memory import MemoryProbe
from harness.probes.pressure import PressureProbe
from harness.probes.processors import ProcessorsProbe
from harness.probes.releases import ReleasesProbe
from harness.probes.survey import SurveyProbe
from harness.probes.witness import WitnessProbe

PROBES = (
    ClockProbe,
    ContainersProbe,
    LogsProbe,
    SurveyProbe,
    WitnessProbe,
    ReleasesProbe,
    PressureProbe,
    ProcessorsProbe,
    MemoryProbe,
    HeldProbe,
)

NAMES = frozenset(
    [
        "alerts",
        "clock",
        "containers",
        "delivery",
        "docker",
        "held",
        "host",
        "keeper",
        "logs",
        "memory",
        "pages",
        "pressure",
        "processors",
        "queues",
        "releases",
        "samples",
        "series",
        "silences",
        "survey",
        "targets",
        "toxiproxy",
        "traces",
        "versions",
        "witness",
    ]
)
"""What facts call those who look at the world; nobody else may be called so."""


def probes_for(
    edges: Sequence[Edge], logs: LogKeeper, leaking: Sequence[str] = (), holding: Sequence[Holding] = ()
) -> tuple[Probe, ...]:
    """The probes of a run: one witness for each edge that is mediated, one of each other kind.

    leaking   services of whose memory something is claimed: one probe each
    holding   what is counted of services, as claims have it: one probe each
    """
    placed = [edge for edge in edges if edge.address and not edge.refused]
    witnesses = (WitnessProbe(edge=edge.id) for edge in placed)
    memory = (MemoryProbe(service) for service in leaking)
    machine = (ClockProbe(), PressureProbe(), ProcessorsProbe())
    always = (*machine, ContainersProbe(), LogsProbe(logs), SurveyProbe(), ReleasesProbe())
    held = (HeldProbe(one) for one in holding)
    return (*always, *witnesses, *memory, *held)
