"""Facts as lines for people, told while a run goes. Pure."""

from __future__ import annotations

import shlex

from harness.facts import (
    Acknowledged,
    Aimed,
    AlertChanged,
    Blinded,
    Broke,
    Deployed,
    Executed,
    Executing,
    Fact,
    GateHeld,
    GateMissed,
    GuardTripped,
    HaltAsked,
    Injected,
    Injecting,
    Interrupted,
    LeverAnswered,
    LeverAsked,
    LeverEnded,
    LeverHeld,
    LeverPulled,
    LoadEnded,
    LoadReady,
    LoadSaid,
    Looked,
    Mended,
    Noted,
    NotInjected,
    NotMended,
    Opened,
    OrdersSettled,
    Paged,
    PhaseBegan,
    PhaseEnded,
    PhaseSettled,
    Refused,
    Restarted,
    RungTried,
    SilenceSeen,
    StateSettled,
    WorkerLost,
)
from harness.report.ladder import restarted, rung_tried

HELPERS = ("keeper", "toxiproxy")  # they are told of when they go and when they come, not at each look
NOTED = {"observe": "sees", "hypothesis": "believes", "decide": "decides", "act": "does"}


def sentence(fact: Fact) -> str:  # noqa: PLR0911, PLR0912 (one line per kind of fact reads best as a table)
    """A fact as a line for people; '' for those that would only be noise."""
    match fact:
        case Opened():
            return f"run {fact.run} (drill halt {fact.run} ends it, faults out first)"
        case LoadReady():
            return f"{fact.users} users are ready"
        case LoadSaid():
            return f"load: {fact.text}" + (f" ({fact.count} times)" if fact.count > 1 else "")
        case WorkerLost():
            part = f"worker {fact.worker} of the load's {fact.workers}"
            return f"{part} was lost ({fact.detail}): nobody sends its part from now on"
        case GateHeld():
            return f"steady: the gate is open{f' ({fact.waited})' if fact.waited else ''}"
        case GateMissed():
            return f"NOT STEADY: {fact.detail}"
        case PhaseBegan():
            return f"phase {fact.phase}"
        case PhaseEnded():
            return f"phase {fact.phase} is over; waiting for the stack to be steady again"
        case PhaseSettled():
            return f"{fact.phase}: {'steady again' if fact.steady else 'NOT STEADY AGAIN: ' + fact.detail}"
        case Injecting():
            return ""
        case Aimed():
            return f"{fact.fault} hits {', '.join(fact.containers)}"
        case Injected():
            return f"fault on:  {fact.fault}"
        case NotInjected():
            return f"fault could NOT be injected: {fact.fault}: {fact.error}"
        case Mended():
            return f"fault out: {fact.fault}" + (f" (by {fact.ladder})" if fact.ladder else "")
        case RungTried():
            return rung_tried(fact)
        case Restarted():
            return restarted(fact)
        case NotMended():
            return f"FAULT STILL ON: {fact.fault}: {fact.error}"
        case AlertChanged() if fact.state == "firing":
            return f"alert fires: {fact.alert}"
        case AlertChanged() if fact.state == "inactive":
            return f"alert inactive: {fact.alert}"
        case Paged() if not fact.standing:
            return f"paged {fact.receiver}: {fact.alert}{' is clear' if fact.status == 'resolved' else ''}"
        case SilenceSeen() if fact.state == "active":
            return f"silenced by {fact.by or 'somebody'}: {', '.join(fact.matchers)}"
        case Deployed():
            return _deployed(fact)
        case LeverPulled():
            return f"lever pulled by {fact.by}: {fact.command or 'by hand'}"
        case LeverHeld():
            return f"lever: waits for the deployment, {fact.why or 'which leaves off at its next step'}"
        case LeverEnded():
            return f"lever: {fact.detail or f'the command ended with {fact.exit_code}'}"
        case LeverAsked():
            return f"ASKED: {fact.question}" if fact.there else f"ASKED, with no terminal to answer on: {fact.question}"
        case LeverAnswered():
            return f"answered: {fact.text}"
        case Acknowledged():
            return f"acknowledged by {fact.by}{f': {fact.alert}' if fact.alert else ''}"
        case Noted():
            return f"{fact.by} {NOTED.get(fact.kind, 'notes')}: {fact.text}"
        case Executing():
            return f"{fact.by} runs: {shlex.join(fact.command)}"
        case Executed():
            return f"their command: {fact.detail or f'ended with {fact.exit_code}'}"
        case OrdersSettled():
            rest = f": {fact.detail}" if fact.detail else ""
            return f"orders {fact.op}: {'at rest' if fact.quiet else 'NOT AT REST'} after {fact.waited_s:.0f} s{rest}"
        case StateSettled():
            if fact.cut:
                return f"state: not read: {fact.cut}"
            rest = f": {fact.detail}" if fact.detail else ""
            return f"state: {'at rest' if fact.quiet else 'NOT AT REST'} after {fact.waited_s:.0f} s{rest}"
        case GuardTripped():
            return f"GUARD: {fact.detail}; ending the drill"
        case HaltAsked():
            return f"HALT by {fact.by}; ending the drill"
        case Interrupted():
            return f"{fact.signal}: mending, then taking everything down (again would only cut waiting short)"
        case Refused():
            return f"REFUSED: {fact.reason}"
        case Broke():
            return f"HARNESS ERROR: {fact.error}"
        case Blinded() if fact.probe == "docker":
            return f"DOCKER IS AWAY, waiting for it to mend what is on: {fact.error}"
        case Looked() if fact.probe == "docker":
            return "Docker is back"
        case Blinded() if fact.probe in HELPERS:
            return f"LOST SIGHT of the {fact.probe}: {fact.error}"
        case Looked() if fact.probe in HELPERS:
            return f"the {fact.probe} is back"
        case LoadEnded():
            return "" if fact.clean else f"load: {fact.detail}"
        case _:
            return ""


def _deployed(fact: Deployed) -> str:
    """That ours came to its end is told by the fault."""
    if fact.by == "rollback":
        return f"rolled back: {fact.service} runs {fact.image} again on {fact.replicas} of {fact.replicas} containers"
    return f"deployment of {fact.service}: {fact.detail}" if fact.detail else ""
