"""The probes that ask which version serves, where the drill's releases declare a source of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.faults.bad_release import BadRelease
from harness.faults.release_version import VersionSource
from harness.probes.versions import CommandSource, MetricSource, VersionsProbe

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.probes.samples import Querier


def by_metric(drill: Drill, prometheus: Querier) -> tuple[VersionsProbe, ...]:
    """Those that ask the stack's own Prometheus."""
    return tuple(
        VersionsProbe(id_, MetricSource(prometheus, source.metric, source.label))
        for id_, source in _declared(drill)
        if source.metric
    )


def by_command(drill: Drill) -> tuple[VersionsProbe, ...]:
    """Those that run a command of the user's."""
    return tuple(
        VersionsProbe(id_, CommandSource(f"versions-{id_}", source.command))
        for id_, source in _declared(drill)
        if source.command
    )


def _declared(drill: Drill) -> Iterator[tuple[str, VersionSource]]:
    for _, fault in drill.faults():
        if isinstance(fault, BadRelease) and fault.version is not None:
            yield fault.id, fault.version
