"""What looks at a Prometheus while a run goes: its alerts, its targets, what it delivers, and whatever claims and guards ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.dashboards import PanelQuery, panel_queries
from harness.drill.guards import PromGuard
from harness.errors import NotApplied
from harness.expectations.dashboard_live import GAP_S as DASHBOARD_GAP_S
from harness.expectations.dashboard_live import DashboardLive
from harness.facts import Blinded, PanelFound
from harness.probes.alerts import AlertsProbe
from harness.probes.delivery import DeliveryProbe
from harness.probes.samples import SamplesProbe
from harness.probes.series import TARGETS, SeriesProbe
from harness.probes.targets import TargetsProbe
from harness.run.version_probes import by_metric

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.probes.base import Probe
    from harness.run.session import Session
    from harness.world.metrics import Prometheus

SCRAPE_S = 15.0
"""Grafana's own idea of a scrape interval, where Prometheus tells none."""
DASHBOARD_EVERY_S = 5.0


def prometheus_probes(session: Session, prometheus: Prometheus) -> list[Probe]:
    """All of them, once it answers."""
    asked = [(query,) for query in asked_always(session.drill)]
    found: list[Probe] = [
        AlertsProbe(prometheus),
        TargetsProbe(prometheus),
        DeliveryProbe("prometheus", prometheus),
    ]
    found += [SamplesProbe(prometheus, queries) for queries in asked]
    found += by_metric(session.drill, prometheus)
    found += _series(session, prometheus)
    panels = _panels(session, prometheus)
    if panels:
        found.append(SamplesProbe(prometheus, tuple(panels), every_s=DASHBOARD_EVERY_S, gap_s=DASHBOARD_GAP_S, most=2))
    return found


def _series(session: Session, prometheus: Prometheus) -> list[Probe]:
    """What keeps the raw samples that claims need; nothing where none does."""
    from harness.series import SeriesWriter

    wanted = series_of(session.drill)
    if not wanted:
        return []
    try:
        writer = SeriesWriter(session.folder.series, wanted)
    except OSError as error:
        session.record(Blinded(probe="series", target="", error=f"cannot be kept: {error}"))
        return []
    return [SeriesProbe(prometheus, writer, wanted)]


def _panels(session: Session, prometheus: Prometheus) -> list[str]:
    """The queries of every dashboard that a claim is about, each once, written down as they will be asked."""
    files = dict.fromkeys(claim.file for _, _, claim in session.drill.claims() if isinstance(claim, DashboardLive))
    queries: dict[str, None] = {}
    for file in files:
        for panel in read_dashboard(session.drill, file, _scrape_s(prometheus)):
            session.record(PanelFound(dashboard=file, panel=panel.panel, query=panel.query, why=panel.why))
            if panel.query:
                queries[panel.query] = None
    return list(queries)


def asked_always(drill: Drill) -> tuple[str, ...]:
    """PromQL that claims and guards need asked every second, each once."""
    queries = [query for _, _, claim in drill.claims() for query in claim.queries()]
    queries += [guard.query for guard in drill.abort.any if isinstance(guard, PromGuard)]
    return tuple(dict.fromkeys(queries))


def series_of(drill: Drill) -> tuple[str, ...]:
    """Selectors whose raw samples claims need, each once, with those of the targets themselves; () where none does."""
    wanted = dict.fromkeys(selector for _, _, claim in drill.claims() for selector in claim.series())
    return tuple(dict.fromkeys((*wanted, *TARGETS))) if wanted else ()


def read_dashboard(drill: Drill, file: str, scrape_s: float) -> Sequence[PanelQuery]:
    """A dashboard's queries; one entry with the reason where it cannot be read."""
    try:
        return panel_queries(drill.path(file).read_text(), scrape_s)
    except (OSError, ValueError) as error:
        return (PanelQuery("", why=f"{file} cannot be read: {error}"),)


def _scrape_s(prometheus: Prometheus) -> float:
    try:
        intervals = [target.interval_s for target in prometheus.targets() if target.interval_s]
    except NotApplied:
        intervals = []
    return max(intervals, default=SCRAPE_S)
