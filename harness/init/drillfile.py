"""A first drill as the text of its file, commented so that it teaches. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.edges import Edge
from harness.facts import ReceiverSeen
from harness.harmless import comment
from harness.init.alerts import LONGEST_S, Picked, Watch, paged_within_s
from harness.init.choose import GATE_S, Hurt, Limits
from harness.quantities import spell

SLOW_S, GONE_S, STOPPED_S = 30, 20, 10
DELAY_MS = 100


@dataclass(frozen=True)
class Draft:
    """All that the file says.

    compose, env_files   as they stand in it, relative to it
    paged                by alert, the ways out by which its page goes
    request              the name of a request that its locustfile makes, or ''
    only_seen            edges that no file tells, so that they have to be declared
    cannot               what it cannot judge, each with what would let it
    """

    name: str
    project: str
    compose: tuple[str, ...]
    locustfile: str
    against: str
    hurt: Hurt
    limits: Limits
    picked: Picked
    paged: Mapping[str, tuple[ReceiverSeen, ...]] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    ready_within_s: int = 90
    measured: str = ""
    only_seen: tuple[Edge, ...] = ()
    cannot: tuple[str, ...] = ()


def text(draft: Draft) -> str:
    """The YAML, every line of it."""
    return (
        "\n".join(
            [
                *_head(draft),
                "",
                *_stack(draft),
                "",
                *_load(draft),
                "",
                *_steady(draft),
                "",
                *_phases(draft),
                "",
                *_end(draft),
            ]
        )
        + "\n"
    )


def _head(draft: Draft) -> list[str]:
    return [
        f"# A first drill of {comment(draft.project)}, written by `drill init`. It runs as it is; make it yours.",
        f"#   look first    drill plan {draft.name}",
        f"#   run it        drill run {draft.name}",
        "#   any word      drill explain latency",
        "#",
        "# It reads as a story: what is started, what comes in, what must hold before anything is hurt, and then phase by phase",
        "# what is done (`faults`), what must be seen meanwhile (`expect`) and afterwards (`then`).",
        "#",
        "# What this drill cannot judge yet, and what would let it:",
        *(f"#   - {comment(one)}" for one in draft.cannot),
        "",
        f"drill: {_scalar(draft.name)} # the file's name",
        f"title: {_scalar(_title(draft))}",
        "hypothesis: > # what you believe will happen; change it to what you do believe",
        f"  {_hypothesis(draft)}",
    ]


def _title(draft: Draft) -> str:
    what = draft.hurt.service
    if draft.hurt.edge is not None:
        return f"{draft.project}: {what} gone" if draft.hurt.unknown else f"{draft.project}: {what} slow, then gone"
    return f"{draft.project}: {what} {'paused, then stopped' if what != _service(draft) else 'stopped and started'}"


def _hypothesis(draft: Draft) -> str:
    service = _service(draft)
    if draft.hurt.service == service:
        return f"When {service} is stopped and started again, it answers as before, and nobody has to help."
    if draft.hurt.unknown:
        return f"When {draft.hurt.service} was gone and is back, {service} answers as before, and nobody has to help."
    return f"{service} gets slower while {draft.hurt.service} is slow, but does not fail; when it was gone and is back, so is {service}, and nobody has to help."


def _service(draft: Draft) -> str:
    return draft.against.rpartition("://")[2].rpartition(":")[0]


def _stack(draft: Draft) -> list[str]:
    lines = [
        "stack:",
        f"  compose: {_list(draft.compose)} # your files as they are; paths are relative to this file",
    ]
    if draft.profiles:
        lines.append(f"  profiles: {_list(draft.profiles)}")
    if draft.env_files:
        lines.append(f"  env_file: {_list(draft.env_files)}")
    lines.append(f"  ready_within: {spell(draft.ready_within_s)} # from the start to everything healthy")
    if draft.data:
        lines.append(
            "  data: # a volume or mount that is not named here is private to the run: empty, or a copy of the mount"
        )
        lines += [f"    {_scalar(name)}: {how}" for name, how in draft.data.items()]
    elif draft.volumes:
        lines += [
            "  # Named volumes are private to the run, and begin empty. One whose content is needed is copied (your own stays as it",
            "  # is; stop what uses it first):",
            f"  # data: {{{_scalar(draft.volumes[0])}: copy}}",
        ]
    return [*lines, *_edges(draft)]


def _edges(draft: Draft) -> list[str]:
    hurt = draft.hurt
    declared = [_scalar(edge.id) for edge in draft.only_seen if hurt.edge is None or edge.id != hurt.edge.id]
    told = [f"  # Edges (who calls whom) are found: drill edges {draft.name}. One that is not found is added here:"]
    if hurt.edge is not None and hurt.speaks:
        told.append(
            f"  # {hurt.service} answered so, and no file tells it: without that nobody can see whether a delay landed."
        )
        declared.insert(0, f"{{edge: {_scalar(hurt.edge.id)}, speaks: {hurt.speaks}}}")
    elif hurt.edge is not None and hurt.edge.id in {edge.id for edge in draft.only_seen}:
        declared.insert(0, _scalar(hurt.edge.id))
    if draft.only_seen:
        told.append("  # In no file of the project, but it had connections while it ran.")
    return [*told, f"  edges: [{', '.join(declared)}]" if declared else "  # edges: [api->postgres]"]


def _load(draft: Draft) -> list[str]:
    rate = draft.limits.rate_per_s
    return [
        "load:",
        f"  locustfile: {_scalar(draft.locustfile)} # an ordinary locustfile",
        f"  against: {_scalar(draft.against)} # a service and its container port; whichever port it has outside is found",
        f"  # Open arrivals: {rate} begin in each second, however slow the answers are, as people do."
        + ("" if draft.limits.measured else " (A guess: nothing was measured.)"),
        "  arrivals:",
        f"    - {{for: 1m, rate: {rate}/s}} # the last rate is held to the end of the last phase",
        "  timeout: 10s # of each request",
        f"  max_in_flight: {max(40, rate * 15)} # an arrival beyond it is dropped, counted, and said",
        "  seed: 1 # who asks for what, the same again in each run",
    ]


def _steady(draft: Draft) -> list[str]:
    limits = draft.limits
    return [
        '# The gate: nothing is hurt before all of this has held together. It also says what "well again" means below.',
        f"# {comment(draft.measured)}",
        "steady:",
        f"  for: {GATE_S}s",
        "  within: 90s",
        f"  all: [errors < {limits.errors_percent}%, {limits.percentile} < {limits.time_ms}ms]",
    ]


def _phases(draft: Draft) -> list[str]:
    lines = ["phases:"]
    hurt = draft.hurt
    if hurt.edge is not None:
        if not hurt.unknown:
            lines += [*_slow(draft, hurt.edge.id), ""]
        lines += _gone(draft, hurt.edge.id)
    elif hurt.service != _service(draft):
        lines += _service_phase(
            "paused",
            f"pause: {{service: {_scalar(hurt.service)}}}",
            draft,
            f"{hurt.service} hangs: it takes connections and answers nothing. {hurt.why}.",
            _doubt(draft),
        )
        lines += [
            "",
            *_service_phase(
                "stopped",
                f"stop: {{service: {_scalar(hurt.service)}}}",
                draft,
                f"{hurt.service} is stopped as a deployment does it, and started again.",
            ),
        ]
    else:
        lines += _service_phase(
            "restart",
            f"stop: {{service: {_scalar(hurt.service)}}}",
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
        *_comment(about),
        "  - name: dependency-slow",
        f"    for: {spell(_lasts(draft, watch, SLOW_S))}",
        "    faults:",
        *_doubt(draft),
        f"      - latency: {{edge: {_scalar(edge)}, delay: {spell(delay_ms / 1000)}, jitter: {spell(delay_ms / 10000)}}}"
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
        *_comment(
            f"{draft.hurt.service} refuses {draft.hurt.edge.caller if draft.hurt.edge else ''}; it runs on, and others still reach it."
        ),
        "  - name: dependency-gone",
        f"    for: {spell(_lasts(draft, watch, GONE_S))}",
        "    faults:",
        *(_doubt(draft) if draft.hurt.unknown else ()),
        f"      - down: {{edge: {_scalar(edge)}}}",
        "    expect:",
        "      # Nothing here claims that users notice nothing: that depends on what you promise. Such as:",
        "      # - errors_below: {ratio: 5%} # there is a fallback, or a cache",
        *_alert(draft, watch),
        *(
            []
            if watch
            else [
                "      - stays_up: {service: "
                + _scalar(_service(draft))
                + "} # a dependency that is gone is no reason to die"
            ]
        ),
        "    then:",
        "      - recovers: {within: 60s}",
        *_clears(watch),
    ]


def _service_phase(name: str, fault: str, draft: Draft, about: str, doubt: Sequence[str] = ()) -> list[str]:
    return [
        *_comment(about),
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
    return [] if draft.hurt.used else _comment(about, "      # ")


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
        f"      - alert_fires: {{alert: {_scalar(watch.alert)}, within: {spell(watch.within_s)}}}",
    ]
    paged_s = paged_within_s(watch, draft.paged.get(watch.alert, ()))
    if paged_s is not None:
        lines.append(
            f"      - page_sent: {{alert: {_scalar(watch.alert)}, within: {spell(paged_s)}}} # kept in the stack: no person is paged"
        )
    return lines


def _clears(watch: Watch | None) -> list[str]:
    if watch is None:
        return []
    claim = f"- alert_clears: {{alert: {_scalar(watch.alert)}, within: {spell(watch.clears_s)}}}"
    if watch.keeps_s <= LONGEST_S:
        return [f"      {claim}"]
    return [f"      # {claim} # its rule keeps it firing for {spell(watch.keeps_s)}, longer than a first drill waits"]


def _end(draft: Draft) -> list[str]:
    return [
        "expect: # of the whole run",
        "  - stays_up: {} # no container died, ran out of memory or was restarted, but those that we stopped",
        '  # - log_quiet: {service: "*", matches: "panic|Traceback"}',
        "",
        "# Guards, looked at every second: the first that trips ends the drill, and the faults are taken out at once.",
        "abort:",
        "  any: [errors > 95% for 4m]",
        "  max_duration: 20m",
    ]


def _comment(about: str, begin: str = "  # ") -> list[str]:
    import textwrap

    return [f"{begin}{line}" for line in textwrap.wrap(comment(about), 112)]


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(_scalar(value) for value in values)}]"


def _scalar(value: str) -> str:
    """A text as one YAML scalar in flow: plain where nothing in it could be read otherwise."""
    import re

    value = value.replace("$", "$$")
    if re.fullmatch(r"[A-Za-z_./][\w./@-]*(->[\w.-]+)?", value) and value.lower() not in (
        "null",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
    ):
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())
