"""Facts: what happened or was seen, in the past tense, never a conclusion. A run's journal is a list of them.

Each fact carries the stamp of its writer: `writer` and `number` (together its citation), `seen_s` (seconds since the run was
opened, monotonic) and, where the source gives one, `happened_s` on the same axis. `at_s` prefers the latter.
The format is public: fields are only added, with defaults; `Opened.format` counts incompatible changes.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Fact:
    """The stamp. Writers set it; a fact made by hand has the defaults."""

    writer: str = ""
    number: int = 0
    seen_s: float = 0.0
    happened_s: float | None = None

    @property
    def at_s(self) -> float:
        return self.seen_s if self.happened_s is None else self.happened_s

    @property
    def cite(self) -> str:
        return f"{self.writer}:{self.number}"


# --- the run -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Opened(Fact):
    """The run began; `monotonic_ns` (CLOCK_MONOTONIC) and `wall_unix_s` were read together at second 0."""

    drill: str
    run: str
    wall_unix_s: float
    monotonic_ns: int
    version: str = ""
    format: int = 1


@dataclass(frozen=True, kw_only=True)
class ClockRead(Fact):
    """Monotonic (`seen_s`) and wall clock read together, every second; a step of the wall clock shows here."""

    wall_unix_s: float


@dataclass(frozen=True, kw_only=True)
class Closed(Fact):
    """The run ended and everything was taken down; `left` lists what could not be removed."""

    left: tuple[str, ...] = ()


# --- steps: asked, then done or not -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Asked(Fact):
    """Something is about to be done, written before the deed. `what`: stack_up, load, stack_down, restart, …"""

    step: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Done(Fact):
    step: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Failed(Fact):
    step: str
    error: str


# --- edges and services of the stack ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class EdgeFound(Fact):
    """An edge as it was placed for this run (see harness.edges.Edge); `names`: those that the caller knows its dependency by."""

    edge: str
    address: str
    ports: tuple[int, ...] = ()
    speaks: str = ""
    known: tuple[str, ...] = ()
    refused: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ListenersChanged(Fact):
    """The keeper saw a dependency's TCP listeners change; the edges to it are open on exactly these ports."""

    service: str
    ports: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Surveyed(Fact):
    """A survey of a caller's connections: how many went over the edge's address, how many straight to the dependency."""

    edge: str
    mediated: int
    direct: int
    examples: tuple[str, ...] = ()


# --- phases ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class GateHeld(Fact):
    """The steady state held for as long as the drill asks; the first phase may begin."""

    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class GateMissed(Fact):
    """The steady state did not hold within its limit; nothing is injected."""

    detail: str


@dataclass(frozen=True, kw_only=True)
class PhaseBegan(Fact):
    phase: str


@dataclass(frozen=True, kw_only=True)
class PhaseEnded(Fact):
    """The phase's own length is over and its faults are mended; its `then` claims begin to count here."""

    phase: str


@dataclass(frozen=True, kw_only=True)
class PhaseSettled(Fact):
    """Every `then` of the phase is decided or late, and the stack held (`steady`) or did not hold its steady state again."""

    phase: str
    steady: bool
    detail: str = ""


# --- faults ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Injecting(Fact):
    """A fault is about to be injected (written, and on disk, before the deed). `target` is an edge or a service."""

    fault: str
    kind: str
    target: str
    planned_s: float
    stated: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Injected(Fact):
    """The fault was asked for in [begun_s, seen_s] and read back as on."""

    fault: str
    begun_s: float
    readback: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NotInjected(Fact):
    fault: str
    begun_s: float
    error: str


@dataclass(frozen=True, kw_only=True)
class Mended(Fact):
    """The fault was taken away in [begun_s, seen_s] and read back as gone. `why`: plan, halt, guard, signal, error, sweep."""

    fault: str
    begun_s: float
    why: str = "plan"
    ladder: str = ""


@dataclass(frozen=True, kw_only=True)
class NotMended(Fact):
    """The fault is still on; `commands` are what a person can type."""

    fault: str
    error: str
    commands: tuple[str, ...] = ()


# --- looks: not looking is a fact too ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Looked(Fact):
    """A probe looked at its target and could see, also when there was nothing to see."""

    probe: str
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class Blinded(Fact):
    """A probe wanted to look and could not."""

    probe: str
    target: str
    error: str


@dataclass(frozen=True, kw_only=True)
class Witnessed(Fact):
    """One complete exchange of the dependency's protocol through the edge, from inside the caller's network.

    outcome     answered, refused, reset, closed, hung (no answer within `limit_ms`), unreachable, blinded (caller does not run)
    connect_ms  the connect alone; answer_ms the exchange after it (None when not reached)
    chunks      reads that the answer came in; size its bytes
    turns       how often the exchange waited for the other side: a latency on the edge is felt once a turn
    speaks      '' when only connecting was tried
    """

    edge: str
    port: int
    outcome: str
    speaks: str = ""
    connect_ms: float | None = None
    answer_ms: float | None = None
    close_ms: float | None = None
    size: int = 0
    chunks: int = 0
    limit_ms: float = 0.0
    error: str = ""
    turns: int = 0


@dataclass(frozen=True, kw_only=True)
class ContainerSeen(Fact):
    """A container of the stack as Docker describes it; `image` as its Compose file names it, `image_id` its digest."""

    service: str
    container: str
    status: str
    health: str = ""
    exit_code: int = 0
    oom_killed: bool = False
    restarts: int = 0
    started_at: str = ""
    image: str = ""
    image_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ContainerChanged(Fact):
    """An event of Docker's: start, die, oom, kill, stop, pause, unpause, restart, destroy, health_status."""

    service: str
    container: str
    event: str
    exit_code: int | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class MemorySeen(Fact):
    """What a container's memory cgroup holds, without file pages that the kernel may drop at once (as `docker stats` counts).

    limit_bytes   the container's own limit; None when it has none, and so shares the machine's memory
    """

    service: str
    container: str
    used_bytes: int
    limit_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class PressureSeen(Fact):
    """The kernel's pressure stall information of this machine's processors: for how many µs since its boot some task that
    could run had to wait for one.
    """

    cpu_some_us: int


# --- load -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class LoadReady(Fact):
    """All users are started and wait at the gate; no arrival has been due yet."""

    users: int
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class LoadBegan(Fact):
    """Arrivals are due from `begins_s` on."""

    begins_s: float


@dataclass(frozen=True, kw_only=True)
class LoadSaid(Fact):
    """The load process reported something: kind is warning, replaced, ungated, refused, broken, …

    own_ids: the locustfile sets an id's header itself; answer_ids: answers bear ids that are not the load's. Each once.
    """

    kind: str
    text: str
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class LoadSampled(Fact):
    """Once a second: the load process's own CPU share of one core and how late its arrivals begin (greatest, this second)."""

    cpu_ratio: float
    late_ms: float
    due: int
    dropped: int


@dataclass(frozen=True, kw_only=True)
class LoadEnded(Fact):
    """The load stopped; ended_s is when the last arrival was due. `clean` when it ended as told."""

    clean: bool
    ended_s: float
    detail: str = ""


# --- observability: what Prometheus and Alertmanager said, and what was delivered to a pager --------------------------------


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
    """

    rule: str
    group: str = ""
    kind: str = "alerting"
    expr: str = ""
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    for_s: float = 0.0
    keep_firing_s: float = 0.0
    interval_s: float = 0.0
    evaluated_s: float | None = None
    health: str = ""
    error: str = ""
    gone: bool = False


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
    """

    alert: str
    state: str
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    active_s: float | None = None
    before_s: float | None = None
    value: float | None = None


@dataclass(frozen=True, kw_only=True)
class AlertRouted(Fact):
    """An alert as Alertmanager holds it, at first sight and whenever that changed. state: active, suppressed, unprocessed, gone.

    receivers      who is meant to hear of it
    silenced_by    ids of silences, and inhibited_by fingerprints of alerts, that keep it quiet
    """

    alert: str
    state: str
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    fingerprint: str = ""
    receivers: tuple[str, ...] = ()
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Paged(Fact):
    """One alert in one notification as it was delivered; `happened_s` is its receipt. A delivery of three alerts is three facts.

    status       firing or resolved: this alert's own
    starts_s     when it began to fire, ends_s when it cleared (None while it fires), on the run's axis; start is as written
    delivery     number of the delivery; `count` alerts came in it, and `truncated` more were left out
    Deliveries come at least once: those that agree in receiver, group_key, fingerprint, start and status are one notification.
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
    generator: str = ""


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
    """

    folder: str
    file: str = ""
    sections: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class ReplaySeen(Fact):
    """An alert's rule, tried by promtool on the series that this run recorded, when its phases were over; all times in s.

    rehearsed_after_s   from the fault to its firing, with the history that this Prometheus had; None: it does not fire
    after_s             the same when history_s of clean history at the baseline's rate come before the fault, as in production
    recorded_s          how long the fault was recorded; beyond it, by extended_s, it is taken to go on as in its last seconds
    grain_s             what a scrape and an evaluation leave open
    why                 why it was not tried; '' when it was. `tool` is what tried it
    """

    alert: str
    phase: str
    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    rehearsed_after_s: float | None = None
    after_s: float | None = None
    history_s: float = 0.0
    recorded_s: float = 0.0
    extended_s: float = 0.0
    grain_s: float = 0.0
    tool: str = ""
    why: str = ""


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
    """

    receiver: str
    kind: str = ""
    url: str = ""
    observable: bool = False
    why: str = ""
    group_wait_s: float = 30.0
    group_interval_s: float = 300.0


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


# --- releases, and who takes one back --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Deployed(Fact):
    """A service got another release, on all of its containers, by seen_s. `by`: harness, rollback (another hand than ours), mend.

    begun_s   when ours began; of a rollback, the last look that found it all as before
    """

    service: str
    image: str
    by: str
    replicas: int = 1
    begun_s: float | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class ReleaseSeen(Fact):
    """Which release a container runs, read from Docker at first sight and whenever that changed.

    release   good (as before ours), bad (ours), other, gone (the container is no longer there)
    """

    service: str
    container: str
    release: str
    image: str = ""


@dataclass(frozen=True, kw_only=True)
class LeverPulled(Fact):
    """A rollback was decided: its command was started (or a person said so). `trigger` cites the fact that it waited for."""

    lever: str
    by: str
    command: str = ""
    trigger: str = ""


@dataclass(frozen=True, kw_only=True)
class LeverEnded(Fact):
    """The command ended in [begun_s, seen_s]; `exit_code` None when we killed it, and `detail` says why. `output` is its tail."""

    lever: str
    begun_s: float
    exit_code: int | None = None
    detail: str = ""
    output: str = ""


@dataclass(frozen=True, kw_only=True)
class LeverAsked(Fact):
    """A person was asked on the terminal; `there` is False when there was no terminal to ask on."""

    lever: str
    question: str
    there: bool = True
    trigger: str = ""


@dataclass(frozen=True, kw_only=True)
class LeverAnswered(Fact):
    """What the person typed. Silence is no fact."""

    lever: str
    text: str


# --- the order book: sources of truth read, and the stack waited for before that ------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SourceRead(Fact):
    """One source of an order book was read, or could not be (`error`, one line, secrets masked).

    op       the order book's name in the drill; `source` that of the source in it, and `role` what it is
    reading  start (before the first phase), first and second (after the stack has settled, some seconds apart)
    begun_s  when the reading began; it ended at seen_s
    rows     how many rows were read; they stand in `file`, relative to the run's folder, whose bytes have this `sha256`
    """

    op: str
    source: str
    role: str
    reading: str
    rows: int = 0
    file: str = ""
    sha256: str = ""
    error: str = ""
    begun_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class OrdersSettled(Fact):
    """The load's work was waited for after its end: `quiet` when queues were empty and nothing changed, else the wait's limit was met."""

    op: str
    quiet: bool
    waited_s: float
    detail: str = ""


# --- ends -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class GuardTripped(Fact):
    guard: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class HaltAsked(Fact):
    by: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Interrupted(Fact):
    signal: str


@dataclass(frozen=True, kw_only=True)
class Refused(Fact):
    """The run ended before its first injection, because something that it needs is not so; exit 4."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Broke(Fact):
    """An error of the harness itself."""

    error: str


def kind_of(fact: Fact | type[Fact]) -> str:
    """`PhaseBegan` is written as 'phase_began'."""
    name = fact.__name__ if isinstance(fact, type) else type(fact).__name__
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class _Kinds:
    by_name: ClassVar[dict[str, type[Fact]]] = {}


def to_dict(fact: Fact) -> dict[str, Any]:
    """A fact as JSON-ready data; `fact` holds its kind, empty optional fields are left out."""
    data = {f.name: getattr(fact, f.name) for f in dataclasses.fields(fact)}
    if data["happened_s"] is None:
        del data["happened_s"]
    return {"fact": kind_of(fact), **data}


def from_dict(data: dict[str, Any]) -> Fact | None:
    """The inverse. None for a kind that this version does not know (a later version's journal stays readable)."""
    if not _Kinds.by_name:
        _Kinds.by_name.update({kind_of(c): c for c in Fact.__subclasses__()})
    cls = _Kinds.by_name.get(str(data.get("fact")))
    if cls is None:
        return None
    known = cls.__dataclass_fields__
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known}
    return cls(**values)
