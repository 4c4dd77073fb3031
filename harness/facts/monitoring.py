"""Observability: what Prometheus and Alertmanager said, and what was delivered to a pager."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from harness.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class MonitoringFound(Fact):
    """Where the stack's own monitoring is, as 'service:port'; '' for what it does not have, `why` says how that was told."""

    prometheus: str = ""
    alertmanager: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class RuleSeen(Fact):
    """A rule as Prometheus has it loaded, at its first sight and whenever it changed; `gone` when it is no longer there.

    for_s, keep_firing_s   the rule's own waits before an alert fires, and before it clears
    interval_s             between two evaluations of its group; evaluated_s is one of them, on the run's axis: the grid
    annotations            as they are written, templates; none where they were not looked at
    """

    rule: str
    group: str = ""
    kind: str = "alerting"
    expr: str = ""
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    annotations: dict[str, str] = dataclasses.field(default_factory=dict)
    for_s: float = 0.0
    keep_firing_s: float = 0.0
    interval_s: float = 0.0
    evaluated_s: float | None = None
    health: str = ""
    error: str = ""
    gone: bool = False

    @property
    def unevaluated(self) -> bool:
        """Whether Prometheus has it loaded, but has not evaluated it since it started."""
        return self.evaluated_s is None and self.health == "unknown"


@dataclass(frozen=True, kw_only=True)
class SelectorSeen(Fact):
    """What a claimed alert's rule reads, as Prometheus knows it of the whole run when the phases are over.

    spans      the stretches in which some series matched it, known to step_s
    last       of each phase, when it had ended: the time of what it gave last until then, and the greatest value of that
    last_le    of a histogram's buckets: the greatest bound that one of its series had, +Inf left out
    Of one that no series matched in the run:
    of_metric  whether any series has the metric's name; described: none has, but a target exposes its help or its type
    like       a metric whose name is nearly the same, or another of its family that is described, where there is none of this name
    before     Prometheus has no such metric in the run, nor any target's help of it, but had one earlier
    plain      whether series match it but for labels that tell an outcome (a status, an error)
    strange    by label what the metric's series have there instead, where none has what is asked for; under one that tells an outcome,
               what those have that match the others
    unknown    those of the labels for which no series of any metric has that
    why        why it could not be asked; where a rule cannot be read, `selector` is the whole of its expression
    """

    selector: str
    metric: str = ""
    step_s: float = 1.0
    spans: tuple[tuple[float, float], ...] = ()
    last: tuple[tuple[float, float | None], ...] = ()
    last_le: float | None = None
    of_metric: bool = False
    described: bool = False
    like: str = ""
    before: bool = False
    plain: bool = False
    strange: dict[str, str] = dataclasses.field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class PartSeen(Fact):
    """A part of a claimed alert's rule that may give nothing though all that it reads does: a rate, or two sides together.

    spans   the stretches in which it gave something, known to step_s
    why     why it could not be asked
    """

    part: str
    step_s: float = 1.0
    spans: tuple[tuple[float, float], ...] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class SeriesSeen(Fact):
    """Of what the rule of a claimed alert reads, where that fired: when the series of one target gave samples.

    labels   `job` and `instance` of the target, and those of the alert's own labels that the series have
    spans    the stretches in which one of them gave samples, known to step_s
    why      why it could not be asked
    """

    selector: str
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    step_s: float = 1.0
    spans: tuple[tuple[float, float], ...] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class TargetSeen(Fact):
    """A scrape target of Prometheus, at first sight and whenever its health changed. `health`: up, down, unknown, gone."""

    job: str
    instance: str
    health: str
    interval_s: float = 0.0
    took_s: float = 0.0
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertChanged(Fact):
    """One alert (a rule's name and its labels) changed its state in Prometheus; `happened_s` is the evaluation's own time.

    state      inactive, pending, firing; an alert never written about is inactive
    active_s   since when its expression holds, on the run's axis (None when inactive)
    before_s   the evaluation before, where it is known: the change came about between the two
    group      the group of its rule, as RuleSeen has it; '' where that is not known. Rules of several groups may make one alert
    """

    alert: str
    state: str
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    active_s: float | None = None
    before_s: float | None = None
    value: float | None = None
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class AlertRouted(Fact):
    """An alert as Alertmanager holds it, at first sight and whenever that changed. state: active, suppressed, unprocessed, gone.

    receivers      who is meant to hear of it
    silenced_by    ids of silences, and inhibited_by fingerprints of alerts, that keep it quiet
    muted          by receiver the time intervals that keep it from there, where no route goes there now; they leave `state` as it is
    mutes_told     whether this Alertmanager tells what is muted (its API does since 0.28)
    expr           the expression that its maker's page shows (`urls.expression`), or ''
    """

    alert: str
    state: str
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    fingerprint: str = ""
    receivers: tuple[str, ...] = ()
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    muted: dict[str, str] = dataclasses.field(default_factory=dict)
    mutes_told: bool = False
    expr: str = ""


@dataclass(frozen=True, kw_only=True)
class Paged(Fact):
    """One alert in one notification as it was delivered; `happened_s` is its receipt. A delivery of three alerts is three facts.

    status       firing or resolved: this alert's own
    starts_s     when it began to fire, ends_s when it cleared (None while it fires), on the run's axis; start is as written
    url, path    host and port at which it came, and what tells its path (`urls.path_hash`; '' where that is not known)
    delivery     number of the delivery; `count` alerts came in it, and `truncated` more were left out
    expr         the expression that its maker's page shows (`urls.expression` of `generator`), or '': a rule's, with what is masked of that
    sender       whose address it came from; '' where that is not known
    before_s     of a list of pages that is polled: the beginning of the last look at which it was not there yet
    standing     it stood in such a list when that was first looked at: nobody was called by it in this run
    Deliveries come at least once: those that agree in receiver, group_key, fingerprint, start and status say the same.
    """

    receiver: str
    alert: str
    status: str
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    annotations: dict[str, str] = dataclasses.field(default_factory=dict)
    fingerprint: str = ""
    group_key: str = ""
    start: str = ""
    starts_s: float | None = None
    ends_s: float | None = None
    delivery: int = 0
    count: int = 1
    truncated: int = 0
    url: str = ""
    path: str = ""
    generator: str = ""
    expr: str = ""
    sender: str = ""
    before_s: float | None = None
    standing: bool = False


@dataclass(frozen=True, kw_only=True)
class DeliveryCounted(Fact):
    """A counter of Prometheus' or Alertmanager's own about alerts on their way, at first sight and whenever it changed.

    server     prometheus, alertmanager
    counter    its name, as the server exposes it; `labels` are those of the series
    """

    server: str
    counter: str
    value: float
    labels: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunbookFound(Fact):
    """A file of the folder of runbooks that a claim is about, read when the run began; `why` when the folder cannot be read.

    sections   its headings, in order
    address    what its front matter states of where a site shows it, such as `slug: /high-errors`
    """

    folder: str
    file: str = ""
    sections: tuple[str, ...] = ()
    address: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class ReplaySeen(Fact):
    """An alert's rule, tried by promtool on the series that this run recorded, when its phases were over; all times in s.

    rehearsed_after_s   from the fault to its firing, with the history that this Prometheus had; None: it does not fire
    after_s             the same when history_s of clean history at the baseline's rate come before the fault, as in production
    held_before         with that history it fires, or is pending, before the fault already, and no other does upon the fault
    recorded_s          how long the fault was recorded; beyond it, by extended_s, it is taken to go on as in its last seconds
    grain_s             what a scrape and an evaluation of each group leave open
    why                 why it was not tried; '' when it was. `tool` is what tried it
    files               where in the run's folder lies what it was given: rules.yml, rehearsal.yml, production.yml; '' where they do not
    """

    alert: str
    phase: str
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    rehearsed_after_s: float | None = None
    after_s: float | None = None
    held_before: bool = False
    history_s: float = 0.0
    recorded_s: float = 0.0
    extended_s: float = 0.0
    grain_s: float = 0.0
    tool: str = ""
    why: str = ""
    files: str = ""


@dataclass(frozen=True, kw_only=True)
class SilenceSeen(Fact):
    """A silence in Alertmanager, at first sight and whenever its state changed: pending, active, expired."""

    silence: str
    state: str
    matchers: tuple[str, ...] = ()
    by: str = ""
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class ReceiverSeen(Fact):
    """A receiver of Alertmanager's configuration, and whether what is sent to it can be seen; otherwise why not.

    kind           webhook, slack, email, …; '' for a receiver that sends nothing
    group_wait_s   the least that a new group waits before its first notification, over the routes that lead to it
    time_intervals names of the mute and active time intervals of those routes
    send_resolved  whether it is told that an alert has cleared
    asks           what each of those routes asks of an alert's labels, as 'severity=page, team=shop'; '' for the default one
    routed         whether any route leads to it; where none does its waits are Alertmanager's defaults, and nobody waits for them
    """

    receiver: str
    kind: str = ""
    url: str = ""
    observable: bool = False
    why: str = ""
    group_wait_s: float = 30.0
    group_interval_s: float = 300.0
    time_intervals: tuple[str, ...] = ()
    send_resolved: bool = True
    asks: tuple[str, ...] = ()
    routed: bool = True


@dataclass(frozen=True, kw_only=True)
class InhibitSeen(Fact):
    """A rule of Alertmanager's configuration by which alerts (sources) hold back others (targets) that have the same labels `equal`.

    sources, targets   what either side asks of the labels, `alertname` among them: name, how (=, !=, =~, !~), value
    """

    sources: tuple[tuple[str, str, str], ...]
    targets: tuple[tuple[str, str, str], ...]
    equal: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ExporterSeen(Fact):
    """A service that sends traces (OTLP), and whether the run's collector can read them; otherwise why not.

    called  its name in its traces (`service.name`) as its environment gives it; '' where that says nothing
    """

    service: str
    url: str = ""
    observable: bool = False
    why: str = ""
    called: str = ""


@dataclass(frozen=True, kw_only=True)
class Sampled(Fact):
    """One series of a query's answer; `happened_s` is the time that the answer gives for it.

    value   None for what is not a number, and, with count 0, for an answer without any series
    count   how many series the answer had; only the first few are written
    """

    query: str
    value: float | None = None
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    count: int = 1
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PanelFound(Fact):
    """One query of a panel of a dashboard that a claim is about, as it will be asked; `why` when it will not be."""

    dashboard: str
    panel: str
    query: str = ""
    why: str = ""
