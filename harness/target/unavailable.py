"""What a target cannot offer: exactly which faults and claims of a drill are not available there, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from harness.drill.guards import DeathGuard
from harness.drill.model import Drill
from harness.drill.problem import Problem
from harness.drill.readers import CommandReader, Reader
from harness.endstate import CONTAINERS
from harness.expectations.alert_panels import reads_alerts
from harness.expectations.base import Expectation
from harness.expectations.blame import Blame
from harness.expectations.leak import Leak
from harness.expectations.orders_kept import OrdersKept
from harness.expectations.page_sent import PageSent
from harness.expectations.state_restored import StateRestored
from harness.faults.bad_release import BadRelease
from harness.faults.base import Fault
from harness.faults.command import Command
from harness.faults.toxic import ToxicFault
from harness.plan import Plan
from harness.quantities import spell
from harness.target.model import Target
from harness.target.secrets import access_of, asked, has_secret

NOTHING: tuple[str, ...] = ()
SPARES = ("reset",)  # faults that connections opened before them are spared by (Toxiproxy link.go, Start)
NEEDS: Mapping[str, tuple[str, ...]] = {
    "responds_within": NOTHING,
    "errors_below": NOTHING,
    "outage_below": NOTHING,
    "recovers": NOTHING,
    "impact": NOTHING,
    "no_regression": NOTHING,
    "not_metastable": NOTHING,
    "retries_bounded": NOTHING,
    "answers_as_usual": NOTHING,
    "canary_judged": NOTHING,
    "rolled_back": NOTHING,
    "healed": NOTHING,
    "on_call": NOTHING,
    "leak": ("containers",),
    "stays_up": ("containers",),
    "state_restored": NOTHING,  # what it needs, its parts tell: `unread_parts`
    "log_quiet": ("logs",),
    "log_seen": ("logs",),
    "log_coverage": ("logs",),
    "blame": ("pages", "logs", "traces"),
    "alert_fires": ("prometheus",),
    "alert_clears": ("prometheus",),
    "alert_quiet": ("prometheus",),
    "page_sent": ("pages",),
    "page_quality": ("pages",),
    "metric_stays": ("prometheus",),
    "dashboard_live": ("prometheus",),
    "metric_count_truth": ("prometheus",),
    "metric_error_truth": ("prometheus",),
    "metric_latency_truth": ("prometheus",),
    "metric_fresh": ("prometheus",),
    "traces": ("traces",),
    "orders_kept": NOTHING,  # what it needs, its order book tells: `unread_books`
}
"""By word of an expectation, what must be there beside the load for it to be decided."""


def told(plan: Plan, place: str, absent: Mapping[str, str]) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """The plan's problems but those that what is absent makes idle, and a warning for each that is absent, at its place in the file."""
    others = tuple(
        one for one in plan.problems if not any(one.what.startswith(f"{id_} will be inconclusive") for id_ in absent)
    )
    said = tuple(
        replace(plan.drill.problem(id_, f"{id_}: not available on {place}: {why}"), severity="warning")
        for id_, why in absent.items()
    )
    return others, said


def on_target(plan: Plan, target: Target) -> Plan:
    """The plan as it can be played there: what is absent said at its place, and what must not be, as an error."""
    absent = dict(_faults(plan, target))
    absent |= dict(_claims(plan, target))
    others, said = told(plan, target.name, absent)
    limit_s = target.max_duration_s
    longest_s = min(plan.max_duration_s, limit_s) if limit_s else plan.max_duration_s
    idle = (*_unread(plan), *_ended_by_its_own_alerts(plan, target), *_believed(target))
    problems = (*others, *_beyond(plan, target, limit_s), *said, *idle, *people_paged(plan, target.name, absent))
    return replace(plan, absent=absent, max_duration_s=longest_s, problems=problems)


def people_paged(plan: Plan, where: str, absent: Mapping[str, str]) -> Iterator[Problem]:
    """A warning where faults may page real people: before what runs already no mailbox of ours stands."""
    if plan.drill.silence or not any(one.id not in absent for one in plan.injections):
        return
    what = (
        f"alerts upon these faults page people as they always do, for no mailbox stands before what {where} pages: `silence` keeps "
        "those that are named from them while it runs (drill explain silence)"
    )
    yield plan.drill.origin.document.warning(("phases",), what)


def offered(plan: Plan) -> Plan:
    """The plan without the injections that are not available."""
    phases = tuple(
        replace(phase, injections=tuple(one for one in phase.injections if one.id not in plan.absent))
        for phase in plan.phases
    )
    return replace(plan, phases=phases)


def lacks(target: Target) -> dict[str, str]:
    """By kind of evidence that claims need, why this target does not offer it; what it offers is not in it."""
    words = ("prometheus", "pages", "logs")
    return {
        **{word: f"{target.where} states no {word}" for word in words if getattr(target, word) is None},
        "containers": "drill sees only the containers of a stack that it starts itself",
        "traces": "drill's collector of traces stands only in a stack that it starts itself",
    }


def unread_books(drill: Drill) -> dict[str, str]:
    """By order book that cannot be read beside a target, why: each of its sources must be. No container is there to read one in."""
    return {
        name: f"orders.{name}: {source} {why}"
        for name, orders in drill.orders.items()
        for source, read in reversed(orders.sources.items())
        if (why := _inside(read.reader))
    }


def unread_parts(drill: Drill) -> dict[str, str]:
    """By part of the state that cannot be read beside a target, why."""
    return {name: f"state.{name} {why}" for name, kept in drill.state.items() if (why := _inside(kept.reader))}


def _inside(reader: Reader) -> str:
    """Why this reader finds nothing beside a target, or ''."""
    if isinstance(reader, CommandReader) and not reader.service:
        return ""
    return (
        f"is read by {reader.word} in the stack ({reader.what}); beside a target it is read by a `command` on this machine "
        "alone, without `service`"
    )


def _unread(plan: Plan) -> Iterator[Problem]:
    """A warning for each order book that is not read, and of which no claim tells that already; and for each part of the state."""
    document = plan.drill.origin.document
    claimed = {one.expectation.orders for one in plan.all_claims if isinstance(one.expectation, OrdersKept)}
    for name, why in unread_books(plan.drill).items():
        if name not in claimed:
            yield document.warning(("orders", name), f"not read there: {why}")
    for name, why in unread_parts(plan.drill).items():
        yield document.warning(("state", name), f"not read there: {why}")


def _ended_by_its_own_alerts(plan: Plan, target: Target) -> Iterator[Problem]:
    """A warning for each `clear_to_start` that reads alerts all the time, where the drill is to cause some."""
    if any(one.id not in plan.absent for one in plan.injections):
        for clear in target.clear_to_start:
            if clear.throughout and reads_alerts(clear.promql):
                what = f"clear_to_start: {clear.promql} reads alerts all the time, so one that this drill causes ends it; throughout = false"
                yield Problem(target.where, 0, 0, f"{what} asks it before the start alone", severity="warning")


def _believed(target: Target) -> Iterator[Problem]:
    """A warning for each place whose certificate is not looked at."""
    for name, place in asked(target):
        if place.insecure_skip_verify:
            secret = " and is sent its secret" if has_secret(access_of(place)) else ""
            what = f"{name}: insecure_skip_verify: whoever answers at {place.url} is believed{secret}; server_name and ca_file check who it is"
            yield Problem(target.where, 0, 0, what, severity="warning")


def _faults(plan: Plan, target: Target) -> Iterator[tuple[str, str]]:
    for injection in plan.injections:
        if why := _fault(injection.fault, target):
            yield injection.id, why


def _fault(fault: Fault, target: Target) -> str:
    """Why this fault is not available, or ''."""
    permitted = target.faults_permitted
    if permitted is not None and fault.word not in permitted:
        return f"{target.where} has faults_permitted: {', '.join(permitted) or 'none'}"
    if isinstance(fault, Command):
        return "" if permitted else f"a command may do anything: permit it with faults_permitted in {target.where}"
    if isinstance(fault, BadRelease):
        return _release(fault, target)
    if not fault.on_edge:
        return "drill stops and kills only containers of a stack that it starts itself"
    if isinstance(fault, ToxicFault) and (fault.share < 1 or (fault.word in SPARES and not fault.cut)):
        return "how many connections its caller has cannot be seen there, nor so whether a share of them, or of new ones, hit any"
    return _edge(fault.target, target)


def _release(fault: BadRelease, target: Target) -> str:
    if fault.commands or (fault.image and target.deploy and fault.replicas == "one_by_one" and not fault.drain_s):
        return ""
    if target.deploy:
        return (
            "the deploy command of a target is told an image alone; what else a release is, its own `commands` must do"
        )
    return f"drill deploys only in a stack of its own: state deploy and rollback in {target.where}, or give the release `commands`"


def _edge(edge: str, target: Target) -> str:
    at = target.edges.get(edge)
    if at is None:
        return f'no Toxiproxy of the target is on its way: state it as edges."{edge}" in {target.where}'
    allowed = target.edges_permitted
    if allowed is not None and not any(fnmatchcase(edge, pattern) for pattern in allowed):
        return f"{target.where} has edges_permitted: {', '.join(allowed) or 'none'}"
    if at.witness is None:
        return f'nobody would see whether it landed: give edges."{edge}" a witness, host:port of its proxy as this machine reaches it'
    return ""


def _claims(plan: Plan, target: Target) -> Iterator[tuple[str, str]]:
    missing, books = lacks(target), unread_books(plan.drill)
    for claim in plan.all_claims:
        why = next((missing[kind] for kind in needs_of(claim.expectation) if kind in missing), "")
        if isinstance(claim.expectation, OrdersKept):
            why = books.get(claim.expectation.orders, "")
        if isinstance(claim.expectation, StateRestored):
            why = _state(claim.expectation, plan.drill, missing["containers"])
        if why or (why := _log(claim.expectation, target) or _all_clear(claim.expectation, target)):
            yield claim.id, why


def _state(claim: StateRestored, drill: Drill, unseen: str) -> str:
    """Why the parts of the state that this claim is about are not read there, or ''."""
    unread = unread_parts(drill)
    if claim.services or CONTAINERS in (claim.only or (CONTAINERS,)):
        there = [name for name in drill.state if name not in unread]
        return (
            f"{unseen}; of the parts that are read there, claim them alone: only: [{', '.join(there)}]"
            if there
            else unseen
        )
    return next((unread[name] for name in claim.only if name in unread), "")


def _log(claim: Expectation, target: Target) -> str:
    """Why the log that this claim is about is not there, or ''."""
    service = getattr(claim, "service", "")
    if not claim.word.startswith("log_") or target.logs is None or not isinstance(service, str):
        return ""
    if service and not any(fnmatchcase(name, service) for name in target.logs.services):
        return f"{target.where} states no log of {service}; it has {', '.join(target.logs.services)}"
    return ""


def _all_clear(claim: Expectation, target: Target) -> str:
    """Why no all-clear could be seen, or ''."""
    poll = target.pages.poll if target.pages else None
    if poll is None or poll.fields.status or not isinstance(claim, PageSent) or claim.status != "resolved":
        return ""
    return f"the list of pages tells no state: give pages.poll of {target.where} a fields.status"


def needs_of(claim: Expectation) -> tuple[str, ...]:
    """What must be there for this claim; () for one whose word is not known here, which finds out by itself."""
    if isinstance(claim, Leak) and claim.metric:
        return ("prometheus",)
    if isinstance(claim, Blame):
        return claim.by
    return NEEDS.get(claim.word, NOTHING)


def _beyond(plan: Plan, target: Target, limit_s: float | None) -> Iterator[Problem]:
    """What the target's limits forbid, and guards that could never be asked there."""
    drill, document = plan.drill, plan.drill.origin.document
    most = target.max_rate_per_s
    if most is not None and drill.load.users is not None:
        what = f"a closed load has no rate, and {target.where} has a max_rate: give it `arrivals`"
        yield document.problem(("load", "users"), what)
    elif most is not None:
        highest = max(max(part.from_rate, part.to_rate) for part in drill.load.segments)
        if highest > most:
            what = f"{highest:g}/s are more than the max_rate of {most:g}/s of {target.where}"
            yield document.problem(("load", "arrivals"), what)
    if limit_s is not None and plan.shortest_s > limit_s:
        least = f"it takes {spell(round(plan.shortest_s))} at the least"
        yield document.problem(("phases",), f"{least}, and {target.where} has a max_duration of {spell(limit_s)}")
    for number, guard in enumerate(drill.abort.any):
        if isinstance(guard, DeathGuard):
            what = f"'{guard}' could never be asked: {lacks(target)['containers']}"
            yield document.problem(("abort", "any", number), what)
    if drill.stack.candidate:
        what = "a release under test is put only into a stack that drill starts itself; deploy it on the target before"
        yield document.problem(("stack", "candidate"), what)
