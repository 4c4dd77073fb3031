"""What the clean-up ladder did to a fault that would not go, and what had to be restarted: one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.facts import Restarted, RungTried


def climbed(fault: Mapping[str, Any]) -> str:
    """'clean-up ladder: toxics removed did not help (3.0 s), proxy deleted and created again did (0.1 s), which cut api->db';
    '' for a fault that went in the ordinary way, or from a verdict of before there was one."""
    rungs = fault.get("ladder") or ()
    if not rungs:
        return ""
    tried = ", ".join(f"{it['rung']} {'did not help' if it['error'] else 'did'} ({it['took_s']:.1f} s)" for it in rungs)
    cut = list(dict.fromkeys(edge for it in rungs for edge in it["cut"]))
    return f"clean-up ladder: {tried}{f', which cut open connections of {_listed(cut)}' if cut else ''}"


def rung_tried(fact: RungTried) -> str:
    helped = f"did not help: {fact.error}" if fact.error else "helped"
    cut = f"; it cut open connections of {_listed(list(fact.cut))}" if fact.cut else ""
    return f"clean-up ladder, {fact.fault}: {fact.rung} {helped} ({fact.took_s:.1f} s{cut})"


def restarted(fact: Restarted) -> str:
    services = ", ".join(fact.services)
    return f"{services} could NOT be restarted: {fact.error}" if fact.error else f"restarted {services}: {fact.why}"


def _listed(edges: list[str]) -> str:
    return ", ".join(edges) if len(edges) <= 3 else f"{len(edges)} edges"
