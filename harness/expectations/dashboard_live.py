"""A dashboard shows something: no panel that people will look at is empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from harness.expectations import alerts
from harness.expectations.alert_panels import none_there
from harness.expectations.band import LAG_S, PROBE
from harness.expectations.base import Evidence, Expectation, Reach
from harness.expectations.panels import LEAST, Moves, moves
from harness.expectations.requests import cites, still_open
from harness.facts import AlertChanged, Looked, PanelFound, Sampled
from harness.journal import Window
from harness.quantities import numbered
from harness.verdict import Details, Finding, Measure, failed, inconclusive, passed

GAP_S = 20.0  # dashboards are asked rarely (harness/probes/samples.py); a test holds them together


class DashboardLive(Expectation):
    """Every panel of a Grafana dashboard gives samples at some time in the window, and one at least moves while users suffer.

        expect:
          - dashboard_live: {file: ../dashboards/checkout.json}

    Units:   file: a dashboard's JSON, relative to the drill file.
    Counts:  each query of each panel that asks Prometheus, asked every 5 s with $__rate_interval, $__interval and the
             dashboard's variables put in; hidden ones are none. Said and not counted: panels of other data sources, those with a
             variable that has no value in the file (but in a matcher, where it takes any), and those that show nothing but
             alerts (ALERTS), as long as none of those was there.
    Decides: when the window is over: failed with the panels that never gave a sample though they were asked all the time
             (no_samples), or where a steady condition broke in a fault's stretch and no panel left what it showed before, or the
             line along which it rose or fell before (flat). Which panels moved is told, for each fault's stretch that lies in
             the window. None moved, and some had fewer than 3 looks before or in the stretch: inconclusive (too_few); no
             steady condition tells whether users suffered: inconclusive (no_condition).
    Source:  Prometheus' /api/v1/query; no Grafana is needed. Whether users suffered: the ledger.
    """

    word: ClassVar[str] = "dashboard_live"

    file: str = Field(min_length=1, description="a dashboard's JSON, relative to the drill file")

    def about(self) -> str:
        return self.file.rsplit("/", 1)[-1].removesuffix(".json")

    def unseen(self, reach: Reach) -> str:
        return alerts.unseen(reach)

    def check(self, evidence: Evidence) -> Finding:  # noqa: PLR0911 (one return for each thing there is to say)
        journal, window = evidence.journal, alerts.begun(evidence)
        if isinstance(window, Finding):
            return window
        found = journal.of(PanelFound, dashboard=self.file)
        panels = [panel for panel in found if panel.query]
        if not panels:
            why = next((panel.why for panel in found if panel.why), "no panel of it asks Prometheus")
            return inconclusive(
                f"nothing of {self.file} could be asked: {why}",
                decide="a dashboard with panels on Prometheus",
                cites=cites(evidence, *found[:1]),
            )
        if not window.ended:
            return still_open(evidence, window)
        live = {
            sample.query
            for sample in journal.of(Sampled, since_s=window.start_s, until_s=window.end_s)
            if sample.count and sample.at_s < window.end_s
        }
        silent = [
            panel
            for panel in panels
            if panel.query not in live and _about_alerts_not_there(panel.query, evidence, window)
        ]
        panels = [panel for panel in panels if panel not in silent]
        if not panels:
            return inconclusive(
                f"every query of {self.file} is about alerts, and none of those was there",
                decide="an alert that fires, or a panel on something else",
                cites=cites(evidence, *silent[:3]),
            )
        empty = [panel for panel in panels if panel.query not in live]
        measure = Measure(len(panels) - len(empty), len(panels) - len(empty), f"of {len(panels)} queries")
        blind = [
            panel
            for panel in empty
            if not journal.watched(PROBE, panel.query, window.start_s, window.end_s, GAP_S, LAG_S)
        ]
        if blind:
            what = f"{len(empty)} of {len(panels)} queries of {self.file} gave nothing"
            return alerts.not_watched(evidence, what, probe=PROBE, target=blind[0].query)
        if empty:
            names = "; ".join(dict.fromkeys(f"{panel.panel} ({panel.query})" for panel in empty[:3]))
            more = f" and {len(empty) - 3} more" if len(empty) > 3 else ""
            return failed(
                f"{len(empty)} of {numbered(len(panels), 'query', 'queries')} of {self.file} never gave a sample: {names}{more}",
                reason="no_samples",
                measure=measure,
                cites=cites(evidence, *empty[:3]),
            )
        told = moves(evidence, window, panels)
        if any(not one.known for one in told):
            return alerts.time_not_up(evidence, "whether users suffered in a fault's stretch was not known")
        details = tuple(
            (
                f"moved in {one.trouble.name!r}",
                f"{', '.join(one.moved) or 'nothing'}; still: {', '.join(one.still) or 'none'}"
                f"; not to be told: {', '.join(one.untold) or 'none'}",
            )
            for one in told
        )
        flat = next((one for one in told if one.flat), None)
        if flat is not None and flat.suffered is not None:
            return failed(
                f"in {flat.trouble.name!r} users suffered (seen from {flat.suffered[0]:.1f} s to {flat.suffered[1]:.1f} s), and "
                f"{_none_of(len(flat.still), self.file)}",
                reason="flat",
                measure=Measure(0, 0, f"of {numbered(len(flat.still), 'panel')}"),
                cites=cites(evidence, *panels[:3]),
                details=details,
            )
        if (unknown := _not_told(evidence, told, details)) is not None:
            return unknown
        left = sum(1 for panel in found if not panel.query)
        more = f"; {left} not asked ({next(p.why for p in found if not p.query)})" if left else ""
        more += f"; {len(silent)} about alerts, of which none was there" if silent else ""
        moved = "".join(f"; {one.said}" for one in told)
        moved = moved or "; no fault came and went in the window, so that none had to move"
        gave = "the only query" if len(panels) == 1 else f"all {len(panels)} queries"
        return passed(
            f"{gave} of {self.file} gave samples{moved}{more}",
            measure=measure,
            cites=cites(evidence),
            details=details,
        )


def _about_alerts_not_there(query: str, evidence: Evidence, window: Window) -> bool:
    """Whether a query shows alerts alone, and none of those that it shows was there when it was last asked in the window."""
    asked_s = [
        look.seen_s
        for look in evidence.journal.of(Looked, probe=PROBE, until_s=window.end_s)
        if look.target in (query, "")
    ]
    there = evidence.journal.of(AlertChanged, until_s=max(asked_s, default=window.start_s))
    return none_there(query, there)


def _not_told(evidence: Evidence, told: Sequence[Moves], details: Details) -> Finding | None:
    """Nothing was seen to move where it should perhaps have."""
    unmoved = [one for one in told if not one.moved]
    if unmoved and not evidence.steady.conditions:
        return inconclusive(
            f"no panel moved in {unmoved[0].trouble.name!r}, and the drill has no steady condition that tells whether users suffered",
            reason="no_condition",
            decide="a condition on what users feel: steady: {all: [errors < 1%]}",
            cites=cites(evidence),
            details=details,
        )
    short = next((one for one in unmoved if one.suffered is not None), None)
    if short is None or short.suffered is None:
        return None
    least = f"fewer than {LEAST} looks before the fault or in it"
    return inconclusive(
        f"in {short.trouble.name!r} users suffered (seen from {short.suffered[0]:.1f} s to {short.suffered[1]:.1f} s), and no panel "
        f"was seen to move, but {numbered(len(short.untold), 'panel')} had {least}: {', '.join(short.untold[:3])}",
        reason="too_few",
        decide="a longer phase, and a longer time before it: a dashboard is looked at every 5 s",
        cites=cites(evidence),
        details=details,
    )


def _none_of(count: int, file: str) -> str:
    return f"the only panel of {file} did not move" if count == 1 else f"none of {count} panels of {file} moved"
