"""A first drill as the text of its file, commented so that it teaches. Pure."""

from __future__ import annotations

from harness.harmless import comment
from harness.init.choose import GATE_S
from harness.init.draft import Draft
from harness.init.drill_phases import phases
from harness.init.yaml_words import listed, scalar
from harness.quantities import spell


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
                *phases(draft),
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
        f"drill: {scalar(draft.name)} # the file's name",
        f"title: {scalar(_title(draft))}",
        "hypothesis: > # what you believe will happen; change it to what you do believe",
        f"  {_hypothesis(draft)}",
    ]


def _title(draft: Draft) -> str:
    what = draft.hurt.service
    if draft.hurt.edge is not None:
        return f"{draft.project}: {what} gone" if draft.hurt.unknown else f"{draft.project}: {what} slow, then gone"
    return f"{draft.project}: {what} {'paused, then stopped' if what != draft.service else 'stopped and started'}"


def _hypothesis(draft: Draft) -> str:
    service = draft.service
    if draft.hurt.service == service:
        return f"When {service} is stopped and started again, it answers as before, and nobody has to help."
    if draft.hurt.unknown:
        return f"When {draft.hurt.service} was gone and is back, {service} answers as before, and nobody has to help."
    return f"{service} gets slower while {draft.hurt.service} is slow, but does not fail; when it was gone and is back, so is {service}, and nobody has to help."


def _stack(draft: Draft) -> list[str]:
    lines = [
        "stack:",
        f"  compose: {listed(draft.compose)} # your files as they are; paths are relative to this file",
    ]
    if draft.profiles:
        lines.append(f"  profiles: {listed(draft.profiles)}")
    if draft.env_files:
        lines.append(f"  env_file: {listed(draft.env_files)}")
    lines.append(f"  ready_within: {spell(draft.ready_within_s)} # from the start to everything healthy")
    if draft.data:
        lines.append(
            "  data: # a volume or mount that is not named here is private to the run: empty, or a copy of the mount"
        )
        lines += [f"    {scalar(name)}: {how}" for name, how in draft.data.items()]
    elif draft.volumes:
        lines += [
            "  # Named volumes are private to the run, and begin empty. One whose content is needed is copied (your own stays as it",
            "  # is; stop what uses it first):",
            f"  # data: {{{scalar(draft.volumes[0])}: copy}}",
        ]
    return [*lines, *_edges(draft)]


def _edges(draft: Draft) -> list[str]:
    hurt = draft.hurt
    declared = [scalar(edge.id) for edge in draft.only_seen if hurt.edge is None or edge.id != hurt.edge.id]
    told = [f"  # Edges (who calls whom) are found: drill edges {draft.name}. One that is not found is added here:"]
    if hurt.edge is not None and hurt.speaks:
        told.append(
            f"  # {hurt.service} answered so, and no file tells it: without that nobody can see whether a delay landed."
        )
        declared.insert(0, f"{{edge: {scalar(hurt.edge.id)}, speaks: {hurt.speaks}}}")
    elif hurt.edge is not None and hurt.edge.id in {edge.id for edge in draft.only_seen}:
        declared.insert(0, scalar(hurt.edge.id))
    if draft.only_seen:
        told.append("  # In no file of the project, but it had connections while it ran.")
    return [*told, f"  edges: [{', '.join(declared)}]" if declared else "  # edges: [api->postgres]"]


def _load(draft: Draft) -> list[str]:
    rate = draft.limits.rate_per_s
    return [
        "load:",
        f"  locustfile: {scalar(draft.locustfile)} # an ordinary locustfile",
        *([f"  # Its requests, as claims name them: {comment(', '.join(draft.asks))}"] if draft.asks else []),
        f"  against: {scalar(draft.against)} # a service and its container port; whichever port it has outside is found",
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
