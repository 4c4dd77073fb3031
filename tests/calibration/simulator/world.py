"""What is simulated, as frozen data: the honest service, its monitoring, its release. A defect replaces fields of it.

Numbers are those of a small checkout: two replicas, a database, a payment provider, a queue with a worker. Scrapes come
every second and evaluations every two, as in a rehearsal's Prometheus.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from calibration.simulator.dialects import PROMETHEUS, Dialect
from calibration.simulator.rules import Always, Quantile, Rate, Ratio, Rule, Select

CHECKOUT, PRODUCTS, ORDER = "POST /checkout", "GET /products", "GET /orders/{id}"
ROUTES: Mapping[str, tuple[str, str]] = {
    CHECKOUT: ("POST", "/checkout"),
    PRODUCTS: ("GET", "/products"),
    ORDER: ("GET", "/orders/{id}"),
}
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
GOOD, BAD = "v1", "v2"


@dataclass(frozen=True)
class Api:
    """
    read_ms, checkout_ms    what a request takes in the api itself (median)
    payments_attempts       how often the provider is asked before the shopper may pay later
    database_attempts       how often the database is asked before a request fails
    database_capacity       attempts a second above which the database answers none in time; 0: it bears any number
    charges_again           whether the provider books each attempt that reaches it, for want of a key that tells them apart
    acknowledges_first      whether a checkout is answered before it is written; what cannot be written then is lost
    pay_later               whether a checkout is accepted without the provider
    gc_every_s, gc_ms       pauses that stop a replica: mean gap, and least and greatest length
    crash_every_s           how often a replica dies during the faults; 0 never
    gives_up                the first replica ends when the fault comes, and nobody starts it again
    crash_exit_code         137 with `oom` is a kill for want of memory
    pool_lost               of a replica's workers, how many are never given back once its database failed or was slow
    backlog_s               for how long after a fault requests still wait behind what had piled up
    waves                   after a fault the database stalls again and again: every so many s, for so long, during so long
    aftermath               share of requests that fail right after a fault, and in how many s that falls to nothing
    leak_mib_s              growth of the resident memory of each replica from the beginning of the load
    memory_full             whether the memory is at its limit all the time
    hiccup_s                in a phase without faults the database stalls once for so long: no trouble, and nobody's page
    friendly                whether a failure is answered as a page of HTML, with 200
    redirects               whether a failure is answered by a redirect to a page of its own
    worker_stuck            whether the worker handles nothing any more once a fault was on
    """

    replicas: int = 2
    workers: int = 24
    read_ms: float = 6.0
    checkout_ms: float = 18.0
    database_ms: float = 3.0
    payments_ms: float = 25.0
    database_timeout_s: float = 2.0
    payments_timeout_s: float = 1.0
    payments_attempts: int = 2
    database_attempts: int = 1
    database_capacity: float = 0.0
    charges_again: bool = False
    acknowledges_first: bool = False
    pay_later: bool = True
    gc_every_s: float = 20.0
    gc_ms: tuple[float, float] = (15.0, 60.0)
    gives_up: bool = False
    crash_every_s: float = 0.0
    crash_exit_code: int = 1
    oom: bool = False
    pool_lost: int = 0
    backlog_s: float = 0.0
    waves: tuple[float, float, float] | None = None
    aftermath: tuple[float, float] | None = None
    leak_mib_s: float = 0.0
    memory_full: bool = False
    hiccup_s: float = 0.8
    friendly: bool = False
    redirects: bool = False
    worker_stuck: bool = False


@dataclass(frozen=True)
class Metrics:
    """
    scrape_s       between two scrapes of a target; miss_share of them fail, as on a busy machine
    lost_share     of the requests are never counted; twice_share are counted twice
    uncounted      statuses that are never counted; counts_abandoned: whether requests are whose asker had given up
    abandoned_told what those are counted as; '' is what they are
    errors_late_s  an error is counted so long after its answer
    restores       whether a process that dies and begins anew takes its counts up again, but for those of its last 10 s
    forgets_every_s    mean time after which a process of a replica dies unseen, and takes the counts of its last 10 s with it
    preregistered  whether series are there at 0 before they count
    stretched      what each duration is multiplied with before it is told
    code_told      what a status is counted as, where it is not itself
    timer          'accepted' or 'started': from when a request's duration is measured
    buckets        upper bounds of the histogram
    silent         metrics that are no longer exposed once a fault was on
    copied         whether what is scraped of the API is a copy from then on, which nobody makes anew
    """

    scrape_s: float = 1.0
    miss_share: float = 0.001
    lost_share: float = 0.0
    twice_share: float = 0.0
    uncounted: tuple[int, ...] = ()
    counts_abandoned: bool = True
    abandoned_told: str = ""
    errors_late_s: float = 0.0
    forgets_every_s: float = 0.0
    restores: bool = False
    preregistered: bool = True
    stretched: float = 1.0
    code_told: tuple[tuple[str, str], ...] = ()
    timer: str = "accepted"
    buckets: tuple[float, ...] = BUCKETS
    silent: tuple[str, ...] = ()
    copied: bool = False


@dataclass(frozen=True)
class Logging:
    """
    request_id     whether lines about a request bear its id
    specific       whether a failure's line says what failed, or only that something did
    failures       whether a failed request leaves more than its line in the access log
    blames         the dependencies that failure lines name, a line each; () is the one that failed
    names          whether a failure's line names any
    repeats        how often a failure's line is written
    grumbles       share of the well answered checkouts that leave a warning about the payment provider
    secret         whether a failure's line holds a password
    cries          share of the well answered requests that leave an error
    lost_share     of the lines is lost on its way; `mute` replicas are, of which none arrives
    recovery       whether a line says that a dependency is back
    traceback      share of the checkouts that leave a stack trace
    late_s         a line is written at most so long after what it tells
    ahead_s        the time that a line states is so far ahead of when it was written
    """

    request_id: bool = True
    specific: bool = True
    failures: bool = True
    blames: tuple[str, ...] = ()
    names: bool = True
    repeats: int = 1
    grumbles: float = 0.0
    secret: bool = False
    cries: float = 0.0
    lost_share: float = 0.0
    mute: int = 0
    recovery: bool = True
    traceback: float = 0.0
    late_s: float = 0.2
    ahead_s: float = 0.0


@dataclass(frozen=True)
class Tracing:
    """
    sampled             the share of requests that are traced, whatever the flag says that they bear
    roots, handlers     whether the api's outer and inner span of a request are sent
    calls_it            the address that spans of calls bear; '' is the one that is called
    through_the_queue   whether a message takes its context with it
    """

    sampled: float = 1.0
    roots: bool = True
    handlers: bool = True
    calls_it: str = ""
    through_the_queue: bool = True


@dataclass(frozen=True)
class Silence:
    """Alerts with these labels are held back all the time."""

    id: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Inhibition:
    """While the source fires, the target is held back where the labels in `equal` agree."""

    source: str
    target: str
    equal: tuple[str, ...]


@dataclass(frozen=True)
class Pager:
    """
    routes      receiver by severity; any other goes to 'tickets'
    deaf        receivers whose URL leads nowhere
    unsent      whether Prometheus tells Alertmanager nothing
    """

    routes: Mapping[str, str] = field(
        default_factory=lambda: {"page": "oncall", "ticket": "tickets", "none": "deadman"}
    )
    group_by: tuple[str, ...] = ("alertname", "service")
    group_wait_s: float = 1.0
    group_interval_s: float = 5.0
    send_resolved: bool = True
    silences: tuple[Silence, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()
    deaf: tuple[str, ...] = ()
    unsent: bool = False
    retry_share: float = 0.02


@dataclass(frozen=True)
class Release:
    """What the bad release does, and what becomes of it.

    error_share     of its checkouts that end in 500; heals_after_s: it stops by itself (a flag is turned off)
    poison_share    of checkouts that go on failing after it is gone, for what it left in the data
    slows           how many times as long the database takes from its deployment on, also once it is gone
    takes_back      'runbook' upon the page, 'system' by another hand, 'nobody'
    hesitates_s     from the page to the pulling of the lever
    takes_s         what the command takes; exit_code what it ends with
    leaves          replicas that go on with the bad release though the command ended with 0; does_nothing: all of them
    keeps           a variable of the release that stays when the rest of it was taken back; '' for none
    """

    error_share: float = 0.35
    heals_after_s: float | None = None
    poison_share: float = 0.0
    slows: float = 1.0
    takes_back: str = "runbook"
    hesitates_s: float = 0.3
    takes_s: float = 4.0
    exit_code: int = 0
    leaves: int = 0
    does_nothing: bool = False
    keeps: str = ""


@dataclass(frozen=True)
class Replay:
    """The step after the rollback, which mends the messages that the bad release's successor could not handle.

    parks_every_s  while the bad release serves, one message is parked each so many seconds
    rests_s        from the end of the rollback to the step, as the claim asks
    begins         whether anybody begins it
    takes_s        what its command takes; exit_code what it ends with
    does_nothing   the command ends, and nothing was mended
    """

    parks_every_s: float = 2.0
    rests_s: float = 8.0
    begins: bool = True
    takes_s: float = 3.0
    exit_code: int = 0
    does_nothing: bool = False


@dataclass(frozen=True)
class Person:
    """Whoever is called about the bad release: seconds from the page to each thing they say and do (None: never).

    believes   what they write down; runs: a command, and what it ends with
    """

    acknowledges_s: float | None = 3.0
    believes_s: float | None = 8.0
    believes: str = "the new version of api fails checkouts"
    runs_s: float | None = 12.0
    runs: str = "flag off checkout-v2"
    exit_code: int = 0


@dataclass(frozen=True)
class Machine:
    """The machine that the stack runs on, of two processors, which is full while requests wait behind a backlog.

    others   processors that somebody else uses then; the rest is the stack's
    """

    others: float = 0.1


@dataclass(frozen=True)
class World:
    api: Api = Api()
    machine: Machine = Machine()
    replay: Replay = Replay()
    metrics: Metrics = Metrics()
    runbooks: tuple[str, ...] = ("CheckoutLatencyHigh", "OrdersDatabaseDown", "PaymentsUnavailable", "BadRelease")
    logging: Logging = Logging()
    tracing: Tracing = Tracing()
    pager: Pager = Pager()
    release: Release = Release()
    person: Person = Person()
    rules: tuple[Rule, ...] = ()
    evaluation_s: float = 2.0
    panels: tuple[tuple[str, str], ...] = ()
    """Panels of the dashboard as (title, query)."""
    dialect: Dialect = PROMETHEUS


_CHECKOUTS = {"route": "/checkout"}


def page(dependency: str = "", **more: str) -> dict[str, str]:
    found = {"severity": "page", "service": "api", **more}
    return {**found, "dependency": dependency} if dependency else found


def honest_rules() -> tuple[Rule, ...]:
    requests = Select("http_requests_total", _CHECKOUTS)
    failed = Select("http_requests_total", {**_CHECKOUTS, "code": "5.."})
    calls = "dependency_calls_total"
    return (
        Rule("Watchdog", Always(), 0.0, {"severity": "none", "service": "prometheus"}),
        # Of 20 s a hiccup is 4 %: of 15 s, chance made it a tenth of the checkouts in one healthy run of 30, and a true page.
        Rule("CheckoutLatencyHigh", Quantile("http_request_duration_seconds", _CHECKOUTS, 0.9, 20.0, 0.5), 6.0, page()),
        Rule("CheckoutErrorsHigh", Ratio(failed, requests, 15.0, 0.05), 6.0, page()),
        Rule(
            "OrdersDatabaseDown",
            Ratio(
                Select(calls, {"dependency": "postgres", "outcome": "refused|timeout"}),
                Select(calls, {"dependency": "postgres"}),
                15.0,
                0.2,
            ),
            4.0,
            page("postgres"),
        ),
        Rule(
            "PaymentsUnavailable",
            Ratio(
                Select(calls, {"dependency": "payments", "outcome": "refused|timeout"}),
                Select(calls, {"dependency": "payments"}),
                15.0,
                0.2,
            ),
            6.0,
            page("payments"),
        ),
        Rule(
            "BadRelease",
            Ratio(
                Select("http_requests_total", {**_CHECKOUTS, "code": "500"}),
                requests,
                20.0,
                0.1,
                by=("version",),
            ),
            4.0,
            page(),
        ),
        Rule("OrderLost", Rate(Select("orders_lost_total", {}), 30.0, 0.0), 0.0, page()),
    )


HONEST = World(
    rules=honest_rules(),
    panels=(
        ("Requests", "sum(rate(http_requests_total[30s]))"),
        ("p90", "histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[30s])))"),
        ("Errors", "sum(rate(http_errors_total[30s]))"),
        ("Failed calls", "sum(rate(dependency_failures_total[30s]))"),
        ("Orders waiting", "orders_waiting"),
    ),
)
