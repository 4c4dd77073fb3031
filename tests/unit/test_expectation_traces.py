"""traces: a service with switches. Each defect of its tracing has its own reason, and an honest service passes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from trace_stories import Node, call, process, send, server, spans

from harness import facts as f
from harness.expectations.base import Evidence, Reach, Steady
from harness.expectations.traces import Traces
from harness.faults.latency import Latency
from harness.ledger.layout import trace_prefix
from harness.spans import CLIENT, CONSUMER, PRODUCER, SERVER, GivenSpans, Span
from harness.testing import WrittenLogs, journal_of, rows_of
from harness.verdict import Finding, Outcome

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
RUN = "0123abcd"
FAULT = Latency(edge="api->payments", delay="400ms", id="hurt/latency")
RATE = 10  # a second; the fault begins at 10 s and ends at 20 s
EDGES = {
    "api->payments": "10.0.0.1",
    "api->postgres": "10.0.0.2",
    "worker->postgres": "10.0.0.3",
    "client->api": "10.0.0.4",
    "api->worker": "10.0.0.5",
    "worker->payments": "10.0.0.6",
}
Change = Callable[[list[Span]], list[Span]]


def checkout(*, pays: bool = True, slow_ms: float = 0, blames: str = "payments") -> Node:
    """An order: the database, then payments (slow, or not to be had), then a message that the worker takes."""
    paid = call("api", blames, 40 + slow_ms, at_ms=10, error=not pays)
    sent = send("api", 3, process("worker", 20), at_ms=55 + slow_ms)
    return server("api", 60 + slow_ms, call("api", "postgres", 4), paid, sent)


@dataclass
class Run:
    """Requests before (0–10 s) and in the phase (10–20 s); evidence until 80 s. `change` is made to the spans of the phase, or
    always."""

    healthy: Callable[[], Node] = checkout
    hurt: Callable[[], Node] = lambda: checkout(pays=False)
    change: Change = list
    always: bool = False
    took_ms: tuple[float, float] = (60.0, 60.0)
    fault: bool = True
    observable: bool = True
    blinded: bool = False
    until_s: int = 80
    silent: int = 0
    facts: list[f.Fact] = field(default_factory=list)
    status: int = 201
    against: str = "api"
    target: str = "api->payments"

    def check(self, **options: Any) -> Finding:
        rows, found = [], []
        for number in range(20 * RATE):
            at_s = number / RATE
            rows.append(
                {
                    "at_s": at_s,
                    "took_ms": self.took_ms[at_s >= 10],
                    "status": self.status,
                    "endpoint": "POST /checkout",
                }
            )
            asked = f"{number + 1:016x}"
            one = spans((self.healthy if at_s < 10 else self.hurt)(), trace_prefix(RUN, 0) + asked, asked, at_s)
            found += (
                []
                if number < self.silent + 10 * RATE and at_s >= 10
                else self.change(one)
                if at_s >= 10 or self.always
                else one
            )
        return Traces.model_validate(options).check(
            Evidence(
                journal_of(*self.written()),
                rows_of(rows),
                WrittenLogs(),
                Steady(10.0, ()),
                phase="hurt",
                faults={FAULT.id: FAULT} if self.fault else {},
                over=True,
                against=self.against,
                spans=GivenSpans.of(found),
            )
        )

    def written(self) -> list[f.Fact]:
        hurt: list[f.Fact] = [
            f.Injecting(seen_s=10.0, fault=FAULT.id, kind="latency", target=self.target, planned_s=10.0),
            f.Injected(seen_s=10.05, fault=FAULT.id, begun_s=10.0),
            f.Mended(seen_s=20.1, fault=FAULT.id, begun_s=20.05),
        ]
        looks: list[f.Fact] = [f.Looked(seen_s=float(s), probe="traces") for s in range(1, self.until_s)]
        if self.blinded:
            looks.append(f.Blinded(seen_s=15.5, probe="traces", target="", error="it ended"))
        return [
            f.Opened(seen_s=0.0, drill="d", run=RUN, wall_unix_s=1000.0, monotonic_ns=0, version="1"),
            f.ExporterSeen(seen_s=0.1, service="api", observable=self.observable, why="" if self.observable else "TLS"),
            *(f.EdgeFound(seen_s=0.1, edge=edge, address=address, ports=(80,)) for edge, address in EDGES.items()),
            f.LoadBegan(seen_s=0.2, begins_s=0.0),
            *(f.LoadSampled(seen_s=float(s), cpu_ratio=0.1, late_ms=0.1, due=RATE, dropped=0) for s in range(1, 31)),
            f.GateHeld(seen_s=0.2),
            f.PhaseBegan(seen_s=10.0, phase="hurt"),
            *(hurt if self.fault else []),
            f.PhaseEnded(seen_s=20.2, phase="hurt"),
            f.LoadEnded(seen_s=31.0, clean=True, ended_s=30.0),
            *looks,
            *self.facts,
            f.Closed(seen_s=float(self.until_s)),
        ]


def without(kind: int) -> Change:
    return lambda found: [span for span in found if span.kind != kind]


def new_context(found: list[Span]) -> list[Span]:
    """The consumer begins a trace of its own: the message came without its context."""
    return [
        dataclasses.replace(span, trace=span.trace[::-1], parent="") if span.kind == CONSUMER else span
        for span in found
    ]


def linked(found: list[Span]) -> list[Span]:
    """The consumer begins a trace of its own, and says by a link what caused it."""
    sent = next(span for span in found if span.kind == PRODUCER)
    return [
        dataclasses.replace(span, trace="f" * 16 + span.trace[16:], parent="", links=((sent.trace, sent.number),))
        if span.kind == CONSUMER
        else span
        for span in found
    ]


def test_whole_traces_that_accuse_who_was_hurt_pass() -> None:
    finding = Run().check(request="POST /checkout")
    assert finding.outcome is PASSED, finding.because
    assert "all 100 traces of 100 answered requests are whole" in finding.because
    assert "100 of 100 messages went on with their context" in finding.because
    assert finding.measure is not None
    assert (finding.measure.low, finding.measure.high) == (100, 100)


def test_slowness_without_an_error_is_laid_at_the_door_of_who_was_hurt() -> None:
    finding = Run(hurt=lambda: checkout(slow_ms=400), took_ms=(60.0, 460.0)).check()
    assert finding.outcome is PASSED, finding.because
    assert "failed or slow traces accuse who was hurt, 100%" in finding.because


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without(SERVER), "missing_root"),
        (lambda found: [span for span in found if span.kind != PRODUCER], "missing_parent"),
        (new_context, "broken_context"),
        (without(CONSUMER), "broken_context"),
    ],
)
def test_each_defect_has_its_reason(change: Change, reason: str) -> None:
    finding = Run(change=change).check()
    assert (finding.outcome, finding.reason) == (FAILED, reason), finding.because


def test_a_failure_names_three_requests_by_the_ids_they_were_sent_with() -> None:
    finding = Run(change=without(SERVER)).check()
    shown = [text for what, text in finding.details if what == "example"]
    assert len(shown) == 3
    number = shown[0].partition(",")[0].rpartition("-")[2]
    assert f"drill-{RUN}-0-{number}" in shown[0]
    assert f"{trace_prefix(RUN, 0)}{int(number) + 1:016x}" in shown[0]
    assert f"row 0:{number}" in finding.cites


@pytest.mark.parametrize(
    "run",
    [
        Run(hurt=lambda: checkout(pays=False, blames="postgres")),
        Run(hurt=lambda: checkout(slow_ms=400, blames="postgres"), took_ms=(60.0, 460.0)),
    ],
    ids=["failed", "slow"],
)
def test_a_span_that_accuses_another_is_wrong_attribution(run: Run) -> None:
    finding = run.check()
    assert (finding.outcome, finding.reason) == (FAILED, "wrong_attribution"), finding.because
    assert "postgres" in finding.because


def test_a_consumer_may_name_its_cause_by_a_link() -> None:
    assert Run(change=linked).check().outcome is PASSED


def pushed(found: list[Span]) -> list[Span]:
    """A list in redis is the queue: who pushes makes a CLIENT span, and its context is dropped."""
    return [
        dataclasses.replace(span, kind=CLIENT, address="redis", name="LPUSH") if span.kind == PRODUCER else span
        for span in new_context(found)
    ]


def unsent(found: list[Span]) -> list[Span]:
    """Nothing tells that a message was sent, and its context is dropped."""
    return [span for span in new_context(found) if span.kind != PRODUCER]


@pytest.mark.parametrize("change", [pushed, unsent])
@pytest.mark.parametrize("before", [True, False], ids=["always", "in the phase"])
def test_consumers_without_a_cause_do_not_pass_because_no_message_was_seen_to_be_sent(
    change: Change, *, before: bool
) -> None:
    finding = Run(change=change, hurt=checkout, always=before).check(attributed="0%")
    assert (finding.outcome, finding.reason) == (UNKNOWN, "queue_half_seen"), finding.because
    assert "consumers name no message as their cause: process of worker (" in finding.because
    assert "the queue was not tried" in finding.because
    assert "PRODUCER" in finding.decide
    accusing = Run(change=change, hurt=lambda: checkout(pays=False, blames="postgres"), always=before).check()
    assert (accusing.outcome, accusing.reason) == (FAILED, "wrong_attribution"), "what surely is wrong comes first"


def test_consumers_that_begin_of_themselves_are_named() -> None:
    assert Run(change=unsent).check(uncaused=["process"]).outcome is PASSED


def test_a_trace_without_messages_passes_and_says_that_the_queue_was_not_tried() -> None:
    calls = lambda: server("api", 60, call("api", "payments", 40, error=True))  # noqa: E731
    finding = Run(healthy=calls, hurt=calls).check()
    assert finding.outcome is PASSED, finding.because
    assert "no message was seen to be sent: the queue was not tried" in finding.because


def test_a_consumer_below_a_call_goes_on_in_the_trace() -> None:
    called = lambda found: [  # noqa: E731
        dataclasses.replace(span, kind=CLIENT, address="redis") if span.kind == PRODUCER else span for span in found
    ]
    finding = Run(change=called).check()
    assert finding.outcome is PASSED, finding.because
    assert "100 consumers went on in them" in finding.because


def test_messages_that_nobody_in_sight_takes_prove_nothing() -> None:
    """A topic whose readers stand elsewhere, or send no spans."""
    finding = Run(change=without(CONSUMER), always=True).check()
    assert (finding.outcome, finding.reason) == (UNKNOWN, "queue_half_seen"), finding.because
    assert Run(change=new_context, always=True).check().reason == "broken_context", (
        "they are taken, without their context"
    )


def test_a_timer_beside_messages_that_wait_is_no_broken_context() -> None:
    """The worker is stopped, and something else of the kind CONSUMER goes on."""

    def timer(found: list[Span]) -> list[Span]:
        return [
            dataclasses.replace(span, name="timer") if span.kind == CONSUMER else span for span in new_context(found)
        ]

    finding = Run(change=timer, until_s=45).check(queue_within="40s")
    assert (finding.outcome, finding.reason) == (UNKNOWN, "window_open"), finding.because


def through_the_worker(*, pays: bool = True) -> Node:
    """api -> worker -> payments, each with a span of its own at both ends."""
    paid = call("worker", "payments", 40, server("payments", 30, error=not pays), error=not pays)
    return server("api", 60, call("api", "worker", 50, server("worker", 45, paid, error=not pays), error=not pays))


def of_others(*services: str) -> Change:
    return lambda found: [span for span in found if span.service not in services]


GRPC = f.ExporterSeen(
    seen_s=0.6, service="worker", why="it sends gRPC; with OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf it would be seen"
)


@pytest.mark.parametrize("dropped", [("worker",), ("worker", "payments")], ids=["in the middle", "and all below"])
@pytest.mark.parametrize("told", [[GRPC], []], ids=["gRPC", "sent elsewhere"])
def test_a_service_whose_spans_cannot_be_seen_is_not_held_against_the_stack(
    dropped: tuple[str, ...], told: list[f.Fact]
) -> None:
    run = Run(
        healthy=through_the_worker,
        hurt=lambda: through_the_worker(pays=False),
        change=of_others(*dropped),
        always=True,
        facts=told,
        target="worker->payments",
    )
    finding = run.check()
    assert (finding.outcome, finding.reason) == (UNKNOWN, "no_exporter"), finding.because
    assert "worker" in finding.because
    assert ("http/protobuf" in finding.because) == bool(told)


def test_a_service_that_sends_spans_and_leaves_some_out_is_held_to_them() -> None:
    run = Run(
        healthy=through_the_worker, hurt=lambda: through_the_worker(pays=False), change=of_others("worker"), against=""
    )
    finding = run.check()
    assert (finding.outcome, finding.reason) == (FAILED, "missing_parent"), finding.because


def test_who_takes_requests_up_and_sends_nothing_at_all_may_send_it_elsewhere() -> None:
    finding = Run(change=of_others("api"), always=True).check()
    assert (finding.outcome, finding.reason) == (UNKNOWN, "no_exporter"), finding.because


def renamed(old: str, new: str) -> Change:
    return lambda found: [dataclasses.replace(span, service=new) if span.service == old else span for span in found]


def both_ends(*, pays: bool = True) -> Node:
    return server("api", 60, call("api", "payments", 40, server("payments", 30, error=not pays), error=not pays))


OWN = Run(
    healthy=both_ends,
    hurt=lambda: both_ends(pays=False),
    change=renamed("payments", "payments-svc"),
    always=True,
)


def test_a_name_that_no_part_bears_accuses_nobody_until_it_is_told_whose_it_is() -> None:
    finding = OWN.check()
    assert (finding.outcome, finding.reason) == (UNKNOWN, "unknown_names"), finding.because
    assert "no part of the stack is known as payments-svc (99)" in finding.because
    assert "aliases" in finding.decide
    assert OWN.check(aliases={"payments": ["payments-svc"]}).outcome is PASSED
    assert OWN.check(aliases={"postgres": ["payments-svc"]}).reason == "wrong_attribution"


def test_the_name_that_a_service_gives_itself_is_known_by_its_environment() -> None:
    told = [f.ExporterSeen(seen_s=0.3, service="payments", observable=True, called="payments-svc")]
    assert dataclasses.replace(OWN, facts=told).check().outcome is PASSED
    twice = [*told, f.ExporterSeen(seen_s=0.3, service="postgres", observable=True, called="payments-svc")]
    assert dataclasses.replace(OWN, facts=twice).check().reason == "unknown_names", "it may be either"


def test_the_address_that_an_edge_was_given_is_a_name_of_its_dependency() -> None:
    def numbers(found: list[Span]) -> list[Span]:
        return [dataclasses.replace(one, address=EDGES.get(f"api->{one.address}", one.address)) for one in found]

    assert Run(change=numbers).check().outcome is PASSED
    wrong = Run(hurt=lambda: checkout(pays=False, blames="postgres"), change=numbers).check()
    assert (wrong.outcome, wrong.reason) == (FAILED, "wrong_attribution"), wrong.because


def test_who_could_not_send_a_message_accuses_whom_it_is_sent_to() -> None:
    def queued(*, sends: bool = True) -> Node:
        sent = dataclasses.replace(send("api", 30, at_ms=10), error=not sends, address="payments")
        return server("api", 60, sent, error=not sends)

    assert Run(healthy=checkout, hurt=lambda: queued(sends=False)).check().outcome is PASSED


def test_a_message_that_still_waits_is_not_lost_yet() -> None:
    waiting = Run(change=without(CONSUMER), until_s=45)
    finding = waiting.check(queue_within="40s")
    assert (finding.outcome, finding.reason) == (UNKNOWN, "window_open"), "it may be lost yet"
    assert "100 still waited" in waiting.check(queue_within="40s").because
    assert waiting.check(queue_within="20s").reason == "broken_context"


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (Run(observable=False), "no_exporter"),
        (Run(blinded=True), "not_watched"),
        (Run(silent=6), "untraced"),
        (Run(status=0), "no_evidence"),
        (Run(hurt=checkout), "no_evidence"),
    ],
)
def test_what_was_not_seen_is_inconclusive_and_says_what_would_decide_it(run: Run, reason: str) -> None:
    finding = run.check()
    assert (finding.outcome, finding.reason) == (UNKNOWN, reason), finding.because
    assert finding.decide


def test_a_twentieth_without_a_trace_is_borne_and_said() -> None:
    finding = Run(silent=5).check()
    assert finding.outcome is PASSED, finding.because
    assert ("without any", "5") in finding.details


def test_without_a_fault_nobody_need_be_accused() -> None:
    assert Run(hurt=checkout, fault=False).check().outcome is PASSED
    assert Run(hurt=checkout).check(attributed="0%").outcome is PASSED


def test_a_run_from_before_traces_is_inconclusive() -> None:
    run = Run()
    evidence = Evidence(
        journal_of(*(fact for fact in run.written() if not isinstance(fact, f.ExporterSeen))),
        rows_of([{"at_s": 11.0, "endpoint": "POST /checkout"}]),
        WrittenLogs(),
        Steady(10.0, ()),
        phase="hurt",
    )
    assert Traces().check(evidence).reason == "no_exporter"


def test_it_is_no_claim_about_what_comes_then() -> None:
    assert Traces().undecidable(Reach(10, 100, 10, then=True))
    assert not Traces().undecidable(Reach(10, 100, 10))


# --- killed -----------------------------------------------------------------------------------------------------------


def killed(service: str, at_s: float = 15.0, exit_code: int = 137) -> list[f.Fact]:
    return [
        f.ContainerSeen(service=service, container=f"{service}-1", status="running", seen_s=0.3),
        f.ContainerChanged(service=service, container=f"{service}-1", event="die", exit_code=exit_code, seen_s=at_s),
        f.ContainerChanged(service=service, container=f"{service}-1", event="start", seen_s=at_s + 0.8),
    ]


def unsent_of(service: str, begin_s: float = 14.5, end_s: float = 15.0) -> Change:
    """Its exporter had not sent these yet."""
    return lambda found: [one for one in found if one.service != service or not begin_s <= one.begin_s < end_s]


@pytest.mark.parametrize(("service", "what"), [("api", "5 traces"), ("worker", "5 messages")])
def test_what_a_killed_process_had_not_sent_is_left_out_and_told(service: str, what: str) -> None:
    finding = Run(facts=killed(service), change=unsent_of(service)).check()
    assert finding.outcome is PASSED, finding.because
    assert f"less {what} that miss what a killed process may not have sent ({service} at 15.0 s)" in finding.because
    assert "95 of 95 messages" in finding.because
    assert any(row == "left out, a process was killed" for row, _ in finding.details)


@pytest.mark.parametrize(("service", "reason"), [("api", "missing_root"), ("worker", "broken_context")])
@pytest.mark.parametrize(
    "facts",
    [
        [],
        killed("postgres"),
        killed("payments"),
        killed("api", 12.0) + killed("worker", 12.0),
        killed("api", exit_code=143),
        killed("worker", exit_code=0),
    ],
    ids=["nobody", "postgres", "payments", "before", "asked to end", "ended well"],
)
def test_spans_that_no_killed_process_can_have_had_are_missing(service: str, reason: str, facts: list[f.Fact]) -> None:
    finding = Run(facts=facts, change=unsent_of(service)).check()
    assert (finding.outcome, finding.reason) == (FAILED, reason), finding.because


@pytest.mark.parametrize(("service", "reason"), [("api", "missing_root"), ("worker", "broken_context")])
def test_who_leaves_spans_out_all_the_time_is_not_excused_by_its_death(service: str, reason: str) -> None:
    finding = Run(facts=killed(service), change=unsent_of(service, 0.0, 99.0)).check()
    assert (finding.outcome, finding.reason) == (FAILED, reason), finding.because
    assert finding.because.startswith("50 of 50 "), "those in the last batch are not held against it"


def test_a_call_whose_process_was_killed_may_be_missing_above_what_it_called() -> None:
    run = Run(
        healthy=through_the_worker,
        hurt=lambda: through_the_worker(pays=False),
        change=unsent_of("worker"),
        facts=killed("worker"),
        target="worker->payments",
    )
    finding = run.check()
    assert finding.outcome is PASSED, finding.because
    assert "less 5 traces" in finding.because
    called = dataclasses.replace(run, facts=killed("payments")).check()
    assert (called.outcome, called.reason) == (FAILED, "missing_parent"), "who was called has no span of its caller's"


def test_a_killed_part_whose_spans_bear_a_name_that_nobody_knows() -> None:
    def change(found: list[Span]) -> list[Span]:
        return renamed("worker", "orders-worker")(unsent_of("worker")(found))

    sends = f.ExporterSeen(seen_s=0.3, service="worker", observable=True)
    run = Run(facts=[*killed("worker"), sends], change=change, always=True, hurt=checkout, fault=False)
    assert run.check().outcome is PASSED
    quiet = dataclasses.replace(run, facts=killed("postgres")).check()
    assert (quiet.outcome, quiet.reason) == (FAILED, "broken_context"), "postgres sends none"


def test_where_most_was_lost_with_a_process_nothing_is_passed() -> None:
    for service in ("api", "worker"):
        every = [*killed(service, 15.5), *killed(service, 20.1)]
        finding = Run(facts=every, change=unsent_of(service, 10.0, 20.0)).check()
        assert (finding.outcome, finding.reason) == (UNKNOWN, "no_evidence"), finding.because
