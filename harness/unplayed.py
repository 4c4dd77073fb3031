"""What another drill file states otherwise than it was played: such parts of it nobody tried, so nothing is decided about them. Pure."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.drill.model import Drill, Phase
from harness.drill.resolved import MASK
from harness.expectations import EXPECTATIONS
from harness.expectations.base import Expectation
from harness.expectations.on_call import OnCall
from harness.expectations.orders_kept import OrdersKept
from harness.expectations.state_restored import StateRestored
from harness.expectations.steps import Step
from harness.plan import Claim
from harness.verdict import Judged, Verdict, inconclusive

MOST = 4  # differences that are told


@dataclass(frozen=True)
class Unlike:
    """What was played otherwise; false where claims and limits alone differ.

    phases   by phase of the drill, '' for the whole run: what was done in it
    sources  by order book (`orders.NAME`) and part of the state (`state.NAME`): where it was read, which did nothing to the run
    """

    phases: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.phases or self.sources)

    @property
    def every(self) -> list[str]:
        return [*self.phases.get("", ()), *(one for said in self.sources.values() for one in said)]

    def of(self, claim: Claim) -> list[str]:
        """What of it this claim is about."""
        read = (said for source, said in self.sources.items() if _reads(claim.expectation, source))
        return [*self.phases.get(claim.phase, ()), *(one for said in read for one in said)]


def otherwise(drill: Drill, ran: Drill) -> Unlike:
    """What of `drill` was played otherwise."""
    compare = _Compared(ran.origin.base, drill.origin.base)
    whole = compare.said("load", _data(ran.load), _data(drill.load))
    played = {phase.name: phase for phase in ran.phases}
    found: dict[str, Sequence[str]] = {}
    for phase in drill.phases:
        was = played.pop(phase.name, None)
        mine = [f"no phase {phase.name} was played"] if was is None else compare.phase(was, phase)
        if whole or mine:
            found[phase.name] = (*whole, *mine)
    every = (*whole, *(one for told in found.values() for one in told), *(f"{name} was played, too" for name in played))
    phases = {"": tuple(dict.fromkeys(every)), **found} if every else {}
    return Unlike(phases, {name: tuple(said) for name, said in _sources(compare, ran, drill) if said})


def as_played(verdict: Verdict, unlike: Unlike, claims: Sequence[Claim]) -> Verdict:
    """The verdict without what it says of parts that were never played; `claims` are the drill's."""
    if not unlike:
        return verdict
    about = {claim.id: unlike.of(claim) for claim in claims}
    findings = tuple(_open(one, about[one.id]) if about.get(one.id) else one for one in verdict.findings)
    invalid = (*verdict.invalid, f"this drill is not the one that was played: {_joined(unlike.every)}")
    return replace(verdict, findings=findings, invalid=invalid)


def _reads(claim: Expectation, source: str) -> bool:
    """Whether a claim is decided by what was read there; one of the user's own may be by anything."""
    kind, _, name = source.partition(".")
    if isinstance(claim, OrdersKept):
        return kind == "orders" and name == claim.orders
    if isinstance(claim, StateRestored):
        return kind == "state" and name in (claim.only or (name,))
    return type(claim) not in EXPECTATIONS


def _open(judged: Judged, said: Sequence[str]) -> Judged:
    finding = inconclusive(
        f"this was never played: {_joined(said)}",
        reason="not_played",
        decide="a run of this drill, or a file that differs from the one that ran by claims and limits alone",
    )
    return replace(judged, finding=finding)


def _joined(said: Sequence[str]) -> str:
    more = f"; and {len(said) - MOST} more" if len(said) > MOST else ""
    return "; ".join(said[:MOST]) + more


def _faults(phase: Phase) -> dict[str, Any]:
    return {fault.id: {"fault": fault.word, **_data(fault)} for fault in phase.faults}


def _levers(phase: Phase) -> Iterator[tuple[str, dict[str, Any]]]:
    """A step that the system takes is only watched; people are asked once upon the same (harness/run/levers.py)."""
    steps = [claim for claim in phase.expect if isinstance(claim, Step) and claim.by != "system"]
    for step in steps:
        lever = _data(step, {"by", "command", "shell", "trigger", "timeout_s", "service"})
        yield step.id, {**lever, "after_rollback": step.waits_s}
    asked = {step.trigger for step in steps if step.by == "human" and step.waits_s is None}
    for claim in phase.expect:
        if isinstance(claim, OnCall) and claim.trigger not in asked:
            asked.add(claim.trigger)
            yield claim.id, {"trigger": str(claim.trigger)}


def _sources(compare: _Compared, ran: Drill, drill: Drill) -> Iterator[tuple[str, list[str]]]:
    """Where orders and state were read, each with what differs; what must hold of them is a claim, and may differ."""
    for name, orders in drill.orders.items():
        claimed = {"laws": True, "settle": True, "alone": True, "sources": {"__all__": {"id_of"}}}
        was = _data(ran.orders[name], without=claimed) if name in ran.orders else None
        yield f"orders.{name}", compare.said(f"orders.{name}", was, _data(orders, without=claimed))
    for kept, state in drill.state.items():
        limits = dict.fromkeys(("compare", "at_most", "margin"), True)
        was = _data(ran.state[kept], without=limits) if kept in ran.state else None
        yield f"state.{kept}", compare.said(f"state.{kept}", was, _data(state, without=limits))


def _data(model: Any, only: set[str] | None = None, without: dict[str, Any] | None = None) -> dict[str, Any]:
    data: dict[str, Any] = model.model_dump(mode="json", by_alias=True, include=only, exclude=without)
    return data


class _Compared:
    """Two values of drill files, each with the folder that its paths count from."""

    def __init__(self, ran: os.PathLike[str], stated: os.PathLike[str]) -> None:
        self._ran, self._stated = ran, stated

    def phase(self, was: Phase, stated: Phase) -> list[str]:
        """Its length, its faults, and who is asked or started upon what."""
        deeds, now = ({**_faults(phase), **dict(_levers(phase))} for phase in (was, stated))
        return [
            *self.said(f"{was.name} for", was.for_s, stated.for_s),
            *(one for id_ in dict.fromkeys((*deeds, *now)) for one in self.said(id_, deeds.get(id_), now.get(id_))),
        ]

    def said(self, name: str, was: Any, stated: Any) -> list[str]:
        """What differs, told by what was played alone."""
        if isinstance(was, dict) and isinstance(stated, dict):
            words = dict.fromkeys((*was, *stated))
            parts = (self.said(f"{name} {word}", was.get(word), stated.get(word)) for word in words)
            return [one for part in parts for one in part]
        if self._same(was, stated):
            return []
        return [f"{name} was not played" if was is None else f"{name} was played with {_shown(was)}"]

    def _same(self, was: Any, stated: Any) -> bool:
        if isinstance(was, list) and isinstance(stated, list):
            return len(was) == len(stated) and all(map(self._same, was, stated))
        if isinstance(was, dict) and isinstance(stated, dict):
            return was.keys() == stated.keys() and all(self._same(was[word], stated[word]) for word in was)
        if not (isinstance(was, str) and isinstance(stated, str)) or was == stated:
            return bool(was == stated)
        if MASK in was:  # a secret was not kept: what stands there now is taken for it
            return re.fullmatch(".*".join(map(re.escape, was.split(MASK))), stated, re.DOTALL) is not None
        ran, now = (
            os.path.normpath(os.path.join(base, text)) for base, text in ((self._ran, was), (self._stated, stated))
        )
        return "/" in was + stated and ran == now


def _shown(value: Any) -> str:
    """As it stands in a drill file, without what is left out there."""
    text = _flow(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{word}: {_flow(inner)}" for word, inner in value.items() if inner is not None) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
