"""What every expectation is: a claim about the run, judged from evidence alone.

It never touches a clock, a socket or a process.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from pydantic import Field

from harness.journal import Journal, Window
from harness.quantities import Model
from harness.verdict import Finding

if TYPE_CHECKING:
    from harness.alerting import Quiet
    from harness.facts import ReceiverSeen, RuleSeen
    from harness.faults.base import Fault
    from harness.ledger import Rows
    from harness.masking import Secret
    from harness.orders.review import Reviews
    from harness.series import Book
    from harness.spans import Spans
    from harness.stats import Condition


@dataclass(frozen=True)
class Line:
    """One line of a container's log; at_s on the run's axis, from Docker's time stamp."""

    service: str
    container: str
    at_s: float
    text: str

    @property
    def cite(self) -> str:
        """How a finding cites this line, `log container@second`."""
        return f"log {self.container}@{self.at_s:.6f}"


class Finder(Protocol):
    """What finds places in bytes: a compiled pattern, or something that knows how to be faster."""

    def finditer(self, string: Any, pos: int = ..., endpos: int = ..., /) -> Iterator[re.Match[bytes]]: ...


class Logs(Protocol):
    """`secrets` are the stack's own, whose values must not be in a log; None where they are not known."""

    @property
    def secrets(self) -> Sequence[Secret] | None: ...

    def lines(self, service: str, start_s: float, end_s: float) -> Iterable[Line]:
        """Lines of the services that the name or pattern means ("*": all), in [start_s, end_s)."""
        ...

    def matching(
        self,
        pattern: Finder,
        service: str,
        start_s: float,
        end_s: float,
        wanted: Callable[[re.Match[bytes]], bool] | None = None,
    ) -> Iterable[Line]:
        """Of those lines the ones that the pattern is found in (by a match that is wanted), each with the lines that continue
        it (a stack trace) after an end of line, in no order. Much faster than to look at each line."""
        ...

    def count(self, service: str, start_s: float, end_s: float) -> int:
        """How many lines there are, each with those that continue it as so many."""
        ...


def job_of(selector: str) -> str:
    """The job that its matchers name, with or without braces around them; '' for none."""
    wanted = re.search(r'(?:^|[{,])\s*job\s*=\s*"([^"\\]*)"', selector)
    return wanted.group(1) if wanted else ""


def serves(service: str, pattern: str) -> bool:
    """Whether a claim's `service` means this service: its name, or a pattern such as "*" or "api-*"."""
    return fnmatchcase(service, pattern)


@dataclass(frozen=True)
class Steady:
    """The drill's steady state: every condition holds over a window of for_s.

    quiet   no alert fires either: asked of the gate and of what is settled after a phase, not of `recovers`, which is about
            requests (an alert clears later, and has a claim of its own)
    """

    for_s: float
    conditions: tuple[Condition, ...]
    quiet: Quiet | None = None


@dataclass(frozen=True)
class Evidence:
    """All that a claim may look at.

    phase    the phase that the claim stands in, '' for the whole run; `then` is True for claims about after its end
    faults   the faults of that phase (of all phases, for the whole run), by id
    claims   what else is claimed of that phase
    over     whether the run has ended: nothing more will come (a cut or running journal: False)
    timeout_s  the load's time-out: an older request without an answer, after the load's end, never had one
    against  the service that the load goes to; '' when not known
    spans    the traces that the stack's services sent; None where they were not kept
    orders   the drill's order books, judged; None where the run kept none
    series   by the selectors of `Expectation.series`, the raw samples; a selector that is not in it was never asked for
    """

    journal: Journal
    rows: Rows
    logs: Logs
    steady: Steady
    phase: str = ""
    then: bool = False
    faults: Mapping[str, Fault] = field(default_factory=dict)
    claims: Sequence[Expectation] = ()
    over: bool = False
    timeout_s: float = 10.0
    against: str = ""
    series: Book = field(default_factory=dict)
    spans: Spans | None = None
    orders: Reviews | None = None

    @property
    def window(self) -> Window | None:
        """The stretch that the claim is about; None when it has not begun."""
        return self.journal.window(self.phase, self.then)


@dataclass(frozen=True)
class Stretch:
    """A stretch of a plan that a claim may compare with: its length, the requests due in it at most, whether it has a fault."""

    length_s: float
    arrivals: float
    faulted: bool = False


@dataclass(frozen=True)
class Reach:
    """What a plan tells of the place where a claim stands, to find claims that this run could never decide.

    window_s    length of the window the claim is about, as planned, at the most; least_s at the least (0: not known)
    arrivals    requests expected in it at the most, all endpoints together; infinite where the locustfile does not tell
    timeout_s   the load's time-out
    services    the services of the stack, when known
    faulted     whether a fault is injected in it
    releases    services that a bad release is deployed of in it
    renewed     services whose processes end in it by a bad release, each as often as it goes out or is taken back
    hurt_s      how long its longest fault is on
    closed      the load's users wait for their answers before they ask again
    follows     some of the load's requests follow redirects
    stretches   by phase what may be compared with; '' is the steady state before the first fault
    settle_least, settle_most  its phase's settling after it, as planned
    before      from the gate's hold to the first injection, phases without a fault between them; None: not known
    steady      the drill's steady state; None: not known
    monitoring  where the stack's own monitoring is ('prometheus', 'alertmanager'; '' for none, 'why'); None: not known
    alerts      the rules that its Prometheus will load; None: not known. alerts_unread: why there may be others, or ''
    receivers   those of its Alertmanager's configuration; None: not known
    scrapes     seconds between two of its Prometheus' scrapes, by job; None: not known
    history_s   how long its Prometheus has scraped when the window begins, at the least
    after_s     how long the stack is looked at after the window's end, at the least
    """

    window_s: float
    arrivals: float
    timeout_s: float
    services: tuple[str, ...] = ()
    faulted: bool = True
    then: bool = False
    monitoring: Mapping[str, str] | None = None
    releases: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    alerts: tuple[RuleSeen, ...] | None = None
    alerts_unread: str = ""
    receivers: tuple[ReceiverSeen, ...] | None = None
    scrapes: Mapping[str, float] | None = None
    history_s: float = 0.0
    hurt_s: float = 0.0
    after_s: float = math.inf
    closed: bool = False
    follows: bool = False
    stretches: Mapping[str, Stretch] = field(default_factory=dict)
    settle_least: Stretch = Stretch(0.0, 0.0)
    settle_most: Stretch = Stretch(0.0, 0.0)
    before: Stretch | None = None
    steady: Steady | None = None
    least_s: float = 0.0

    def scraped_every_s(self, selector: str) -> float | None:
        """How far two scrapes of its job lie apart, the shortest of all where it names none; None: not known."""
        every = (self.scrapes or {}).values()
        return (self.scrapes or {}).get(job_of(selector)) or min(every, default=None)

    def no_service(self, name: str) -> str:
        """The sentence about a service that the stack does not have, or ''. "*" and "api-*" are patterns."""
        if not self.services or any(serves(service, name) for service in self.services):
            return ""
        return f"the stack has no service {name!r}; it has {', '.join(sorted(self.services))}"


class Expectation(Model):
    """The common part of all expectations."""

    word: ClassVar[str] = ""
    faultless: ClassVar[bool] = False  # what it finds holds just as well where the faults of its phase were not felt
    whenever_sent: ClassVar[bool] = False  # what it finds holds just as well where requests were sent late
    reads_traces: ClassVar[bool] = False  # the run looks on at its end until spans that come late have come
    sampling: ClassVar[bool] = False  # decided by a statistical interval, so that chance alone may fail it
    check_limit_s: ClassVar[float] = 60.0  # of the user's own: so long may one check take; then it is inconclusive
    timed: ClassVar[tuple[str, ...]] = ()  # reasons of its failures that a want of processors alone can bring about
    by_errors: ClassVar[bool] = (
        False  # those may be of errors, too: they are excused only where it holds without late requests
    )

    id: str = Field(default="", description="a name of your own; else <phase>/<claim>-<about>")

    def by_time(self, finding: Finding) -> bool:
        """Whether a want of processors alone can have brought this failure about."""
        return finding.reason in self.timed

    def patient(self, evidence: Evidence) -> Expectation:
        """The claim that must fail without late requests, too, where a want of processors is to be no excuse."""
        return self

    def asked_in(self, evidence: Evidence) -> Window | None:
        """The stretch in which the requests are due that such a failure is decided by."""
        window = evidence.window
        return Window(window.start_s, math.inf) if window is not None and evidence.then else window

    def stands(self, evidence: Evidence, finding: Finding) -> bool:
        """Whether what it fails by with patience, where no request came late, is no want of processors."""
        return self.by_time(finding)

    def tolerates(self, finding: Finding) -> float:
        """The share of the requests that may be slow or in error without this failure: a p99 tolerates 0.01. 1: no such limit."""
        return 1.0

    def about(self) -> str:
        """What makes this claim's id different from its neighbours' (an alert's name, a request's name)."""
        return ""

    def undecidable(self, reach: Reach) -> str:
        """Why this run could never decide the claim, or ''. Asked at plan time; such a drill is refused."""
        return ""

    def unseen(self, reach: Reach) -> str:
        """What this stack does not have, so that the claim will be inconclusive, or ''. Said at plan time; nothing is refused."""
        return ""

    def needs(self, reach: Reach) -> str:
        """How much this claim needs to be decided, such as '299 requests', or ''. Shown by `drill plan` beside what is due."""
        return ""

    def doubtful(self, reach: Reach) -> str:
        """Why so small a run, which decides it, shows little of the service, or ''. Said at plan time; nothing is refused."""
        return ""

    def queries(self) -> tuple[str, ...]:
        """PromQL that must be asked all the time for the claim to be judged."""
        return ()

    def series(self) -> tuple[str, ...]:
        """Selectors (`http_requests_total{job="api"}`) whose raw samples must be kept for the claim to be judged."""
        return ()

    def pages(self) -> str:
        """The alert (a name, or a pattern) whose pages it is decided by; '' for none."""
        return ""

    def late_s(self) -> float | None:
        """For a claim with a limit: late so many seconds after its window's beginning. None: at its window's end."""
        return None

    def hold_s(self, steady: Steady, per_s: float | None) -> float:
        """How long the stack must be left alone after `late_s` at the most, with so many requests a second (None: not known)."""
        return steady.for_s

    def decided_in(self, evidence: Evidence) -> Window | None:
        """The part of its window in which what it measures happened; a steady state must be held after a limit."""
        window, late_s = evidence.window, self.late_s()
        if window is None or late_s is None:
            return window
        return Window(window.start_s, min(window.end_s, window.start_s + late_s + evidence.steady.for_s))

    def check(self, evidence: Evidence) -> Finding:
        raise NotImplementedError
