"""The phases of a first drill, as lines of its file, with the alert that each should fire. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.harmless import comment
from harness.init.alerts import LONGEST_S, Watch, paged_within_s
from harness.init.draft import Draft
from harness.init.yaml_words import commented, scalar
from harness.quantities import spell

SLOW_S, GONE_S, STOPPED_S = 30, 20, 10
DELAY_MS = 100


def phases(draft: Draft) -> list[str]:
    """What is done to what, and what must be seen meanwhile and afterwards."""
    lines = ["phases:"]
    hurt = draft.hurt
    if hurt.edge is not None:
        if not hurt.unknown:
            lines += [*_slow(draft, hurt.edge.id), ""]
        lines += _gone(draft, hurt.edge.id)
    elif hurt.service != draft.service:
        lines += _service_phase(
            "paused",
            f"pause: {{service: {scalar(hurt.service)}}}",
            draft,
            f"{hurt.service} hangs: it takes connections and answers nothing. {hurt.why}.",
            _doubt(draft),
        )
        lines += [
            "",
            *_service_phase(
                "stopped",
                f"stop: {{service: {scalar(hurt.service)}}}",
                draft,
                f"{hurt.service} is stopped as a deployment does it, and started again.",
            ),
        ]
    else:
        lines += _service_phase(
            "restart",
            f"stop: {{service: {scalar(hurt.service)}}}",
            draft,
            f"{hurt.service} is stopped as a deployment does it, and started again. {hurt.why}.",
        )
    return lines


def _slow(draft: Draft, edge: str) -> list[str]:
    watch, delay_ms = draft.picked.slow, DELAY_MS
    about = f"Every answer of {draft.hurt.service} comes late. Chosen because {draft.hurt.why}."
    if watch is not None and watch.threshold_s:
        delay_ms = max(DELAY_MS, math.ceil(watch.threshold_s * 15) * 100)
    return [
        *commented(about),
        "  - name: dependency-slow",
        f"    for: {spell(_lasts(draft, watch, SLOW_S))}",
        "    faults:",
        *_doubt(draft),
        f"      - latency: {{edge: {scalar(edge)}, delay: {spell(delay_ms / 1000)}, jitter: {spell(delay_ms / 10000)}}}"
        + (
            f" # {comment(watch.alert)} looks for more than {watch.threshold_s:g} s"
            if watch is not None and watch.threshold_s
            else ""
        ),
        "    expect:",
        f"      - errors_below: {{ratio: {max(5, draft.limits.errors_percent)}%}} # slow is not broken: no more errors than before",
        "      # - responds_within: {p95: 1500ms} # say what your users bear",
        *_alert(draft, watch),
        "    then: # after the phase; the next one begins when this is decided",
        "      - recovers: {within: 30s} # it begins within so long, and holds as long as `steady.for`",
        *_clears(watch),
    ]


def _gone(draft: Draft, edge: str) -> list[str]:
    watch = draft.picked.gone
    return [
        *commented(
            f"{draft.hurt.service} refuses {draft.hurt.edge.caller if draft.hurt.edge else ''}; it runs on, and others still reach it."
        ),
        "  - name: dependency-gone",
        f"    for: {spell(_lasts(draft, watch, GONE_S))}",
        "    faults:",
        *(_doubt(draft) if draft.hurt.unknown else ()),
        f"      - down: {{edge: {scalar(edge)}}}",
        "    expect:",
        "      # Nothing here claims that users notice nothing: that depends on what you promise. Such as:",
        "      # - errors_below: {ratio: 5%} # there is a fallback, or a cache",
        *_alert(draft, watch),
        *(
            []
            if watch
            else [
                "      - stays_up: {service: "
                + scalar(draft.service)
                + "} # a dependency that is gone is no reason to die"
            ]
        ),
        "    then:",
        "      - recovers: {within: 60s}",
        *_clears(watch),
    ]


def _service_phase(name: str, fault: str, draft: Draft, about: str, doubt: Sequence[str] = ()) -> list[str]:
    return [
        *commented(about),
        f"  - name: {name}",
        f"    for: {STOPPED_S}s",
        "    faults:",
        *doubt,
        f"      - {fault}",
        "    # expect: # what must hold meanwhile; nothing is claimed yet",
        "    #   - errors_below: {ratio: 5%}",
        "    then:",
        f"      - recovers: {{within: {spell(max(60, draft.ready_within_s))}}}",
    ]


def _doubt(draft: Draft) -> list[str]:
    """At the first fault: that perhaps no request comes to what it hurts."""
    about = (
        f"Not known: whether a request of {draft.locustfile} comes to {draft.hurt.service}. If the answers of this phase are neither "
        "slower nor worse than those before it, none does, and the phase proves nothing: add one that does."
    )
    return [] if draft.hurt.used else commented(about, "      # ")


def _lasts(draft: Draft, watch: Watch | None, least_s: int) -> int:
    """As long as the alert and its page need, and a little more."""
    if watch is None:
        return least_s
    paged_s = paged_within_s(watch, draft.paged.get(watch.alert, ()))
    return max(least_s, (paged_s if paged_s is not None else watch.within_s) + 5)


def _alert(draft: Draft, watch: Watch | None) -> list[str]:
    if watch is None:
        return []
    lines = [
        "      # Would somebody know? Where this fails, look whether users were hurt: then the rule is blind to it; else take it out.",
        f"      - alert_fires: {{alert: {scalar(watch.alert)}, within: {spell(watch.within_s)}}}",
    ]
    paged_s = paged_within_s(watch, draft.paged.get(watch.alert, ()))
    if paged_s is not None:
        lines.append(
            f"      - page_sent: {{alert: {scalar(watch.alert)}, within: {spell(paged_s)}}} # kept in the stack: no person is paged"
        )
    return lines


def _clears(watch: Watch | None) -> list[str]:
    if watch is None:
        return []
    claim = f"- alert_clears: {{alert: {scalar(watch.alert)}, within: {spell(watch.clears_s)}}}"
    if watch.keeps_s <= LONGEST_S:
        return [f"      {claim}"]
    return [f"      # {claim} # its rule keeps it firing for {spell(watch.keeps_s)}, longer than a first drill waits"]
