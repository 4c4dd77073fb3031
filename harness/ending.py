"""How a run ended, read from its journal: what besides the findings decides the exit code. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.came_back import Down, left_down
from harness.errors import unsaid
from harness.facts import (
    Broke,
    ContainerChanged,
    ContainerSeen,
    Deployed,
    GateHeld,
    GateMissed,
    GuardTripped,
    HaltAsked,
    Injecting,
    Interrupted,
    LeaseLapsed,
    Mended,
    NotMended,
    PhaseBegan,
    PhaseSettled,
    Refused,
    Restarted,
)
from harness.journal import Journal
from harness.unasked import COMES_BACK, SETTLES
from harness.verdict import Ending, Judged, failed

SIGNALS = {"SIGINT": 130, "SIGTERM": 143}


def ending_of(journal: Journal) -> Ending:
    """The ending as far as the journal tells."""
    guard, halt = journal.first(GuardTripped), journal.first(HaltAsked)
    stopped = f"guard: {guard.detail or guard.guard}" if guard else ""
    if halt and not stopped:
        stopped = f"halted by {halt.by}{f': {halt.reason}' if halt.reason else ''}"
    interrupted, refused = journal.first(Interrupted), journal.first(Refused)
    gate = True if journal.first(GateHeld) else False if journal.first(GateMissed) else None
    return Ending(
        stopped=stopped,
        interrupted=SIGNALS.get(interrupted.signal, 130) if interrupted else 0,
        not_mended=tuple(still_on(journal)),
        broken="; ".join(dict.fromkeys((*(broke.error for broke in journal.of(Broke)), *_lapsed(journal)))),
        refused=refused.reason if refused else "",
        gate=gate,
    )


def _lapsed(journal: Journal) -> list[str]:
    """A harness that stood still while faults were on has seen nothing meanwhile, and the watchdog took them out. One that died is
    another matter: what was seen until then stands."""
    found = sorted(journal.of(LeaseLapsed, gone=False), key=lambda fact: fact.silent_s)
    return [
        f"the harness stood still for {fact.silent_s:.1f} s, longer than its lease of {fact.lease_s:g} s (see {fact.cite}): the watchdog "
        "took the faults out, and nothing more was injected"
        for fact in found[-1:]
    ]


def still_on(journal: Journal) -> list[str]:
    """Faults whose mend was tried and failed, and has not succeeded since; with what a person can type."""
    found = []
    for fault in dict.fromkeys(fact.fault for fact in journal.of(NotMended)):
        failed_last = journal.last(NotMended, fault=fault)
        mended = journal.last(Mended, fault=fault)
        assert failed_last is not None
        if mended is None or mended.seen_s < failed_last.seen_s:
            more = "; ".join(unsaid(failed_last.error, failed_last.commands))
            found.append(f"{fault}: {failed_last.error}{f'; type: {more}' if more else ''}")
    return found


def unsettled(journal: Journal) -> list[Judged]:
    """A failure for each phase after which the stack did not come back: what, since when, what Docker claims."""
    first = {fact.phase: fact for fact in reversed(journal.of(PhaseSettled, steady=False))}
    return [_unsettled(journal, fact) for fact in reversed(first.values())]


def left_behind(journal: Journal) -> list[Judged]:
    """A failure for each phase after which the stack was steady, though a part of it had not come back by itself."""
    found = []
    for phase in dict.fromkeys(fact.phase for fact in journal.of(PhaseSettled)):
        settled = journal.first(PhaseSettled, phase=phase)
        assert settled is not None
        downs = left_down(journal, settled) if settled.steady else ()
        if downs:
            said = "; ".join(f"{one.service} {one.why}" for one in downs)
            finding = failed(
                f"after {phase!r} the stack was steady, but not all of it had come back by itself: {said}"
                f"{_restarts(journal, settled) or _helps(downs)}",
                reason="needs_restart",
                cites=[settled.cite, *(one.cite for one in downs)],
                census=True,
            )
            text = "every part of the stack comes back by itself"
            found.append(Judged(f"{phase}/{COMES_BACK}", text, phase, "", finding))
    return found


def _helps(downs: Sequence[Down]) -> str:
    services = " ".join(dict.fromkeys(one.service for one in downs))
    return (
        f"; what helps is a restart: docker compose restart {services}, or `restore: restart` in the drill"
        if downs
        else ""
    )


def _restarts(journal: Journal, settled: PhaseSettled) -> str:
    """What was restarted after the phase, and whether that helped; '' for nothing."""
    told = []
    for fact in journal.of(Restarted, phase=settled.phase):
        services = ", ".join(fact.services)
        after = journal.first(PhaseSettled, phase=settled.phase, since_s=fact.seen_s)
        came = (
            "it was steady again" if after and after.steady else "that did not help" if after else "the run ended then"
        )
        what = f"{services} could not be restarted ({fact.error})" if fact.error else f"we restarted {services}"
        told.append(f"; {what} at {fact.begun_s:.1f} s, and {came}")
    return "".join(told)


def _never_rolled_back(journal: Journal, settled: PhaseSettled) -> str:
    """A release of ours that still served then: nobody had taken it back, so we did, afterwards."""
    backs = journal.of(Deployed, by="mend", since_s=settled.at_s)
    services = ", ".join(dict.fromkeys(fact.service for fact in backs))
    return (
        f"; nobody had rolled back {services}: we put the good release back at {backs[-1].at_s:.1f} s" if backs else ""
    )


def _there(journal: Journal, at_s: float) -> list[ContainerSeen]:
    """The containers as they were last seen by then, without those that are removed: nobody sees one go but Docker's events."""
    latest = {seen.container: seen for seen in journal.of(ContainerSeen, until_s=at_s)}
    removed = {gone.container: gone for gone in journal.of(ContainerChanged, event="destroy", until_s=at_s)}
    return [s for name, s in latest.items() if name not in removed or removed[name].at_s < s.at_s]


def _done_before(journal: Journal, settled: PhaseSettled, seen: ContainerSeen) -> bool:
    """Whether it is a job that had ended well before the phase."""
    began = journal.last(PhaseBegan, phase=settled.phase)
    was = journal.last(ContainerSeen, container=seen.container, until_s=began.at_s) if began else None
    return was is not None and all(one.status == "exited" and not one.exit_code for one in (was, seen))


def _but(jobs: Sequence[ContainerSeen]) -> str:
    return f" but {', '.join(one.container for one in jobs)}, which had ended well before" if jobs else ""


def _unsettled(journal: Journal, settled: PhaseSettled) -> Judged:
    ended = journal.phase_ended(settled.phase)
    since = f" since its faults were out at {ended.at_s:.1f} s" if ended else ""
    there = _there(journal, settled.at_s)
    hurt = {fact.target.rpartition("->")[2] for fact in journal.of(Injecting, until_s=settled.at_s)}
    jobs = [seen for seen in there if seen.service not in hurt and _done_before(journal, settled, seen)]
    odd = [s for s in there if s.status != "running" or s.health == "unhealthy" or s.service in hurt]
    odd = [seen for seen in odd if seen not in jobs]
    states: dict[str, list[str]] = {}
    for seen in odd:
        state = f"{seen.status} ({seen.health})" if seen.health else seen.status
        states.setdefault(state, []).append(seen.container)
    claims = "; ".join(f"{', '.join(names)} {state}" for state, names in states.items())
    docker = (
        f"; Docker says: {claims}" if claims else f"; Docker calls every container running{_but(jobs)}" if there else ""
    )
    what = f": {settled.detail}" if settled.detail else ""
    what += _never_rolled_back(journal, settled)
    downs = left_down(journal, settled)
    stuck = "".join(f"; {one.service} {one.why}" for one in downs)
    restarts = _restarts(journal, settled)
    later = journal.last(PhaseSettled, phase=settled.phase)
    helped = bool(restarts) and later is not None and later.steady
    finding = failed(
        f"the stack did not come back by itself after {settled.phase!r}, not steady{since}{what}{docker}{stuck}"
        f"{restarts or _helps(downs)}",
        reason="needs_restart" if helped or downs else "not_settled",
        cites=[fact.cite for fact in (ended, settled, *odd) if fact is not None],
        census=True,
    )
    return Judged(f"{settled.phase}/{SETTLES}", "the stack holds its steady state again", settled.phase, "", finding)
