"""What a first drill cannot judge of a project, each with what would let it. Pure sentences for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.edges import Edge
from harness.facts import ReceiverSeen, RuleSeen
from harness.init.alerts import LONGEST_S, Picked, always
from harness.init.choose import Hurt
from harness.init.routes import Route
from harness.init.seen import Looked
from harness.quantities import numbered
from harness.stack import names as topology
from harness.stack.leaves import steps
from harness.stack.observed import Monitoring
from harness.stack.project import Project

MOST = 5


def cannot(
    project: Project,
    edges: Sequence[Edge],
    looked: Looked,
    monitoring: Monitoring,
    rules: Sequence[RuleSeen] | None,
    picked: Picked,
    receivers: Sequence[ReceiverSeen],
    paged: Mapping[str, Sequence[ReceiverSeen]],
    routes: Sequence[Route],
    given: bool,
    hurt: Hurt,
    loaded: str,
) -> tuple[str, ...]:
    """In the order in which a person would cure them. `loaded`: the service that gets the load, whose port is waited for."""
    return tuple(
        one
        for part in (
            _survey(looked),
            _alerts(monitoring, rules, picked, looked),
            _pages(monitoring, receivers, paged),
            _clears(picked),
            _edges(edges, looked),
            _slow(hurt),
            _readiness(project, loaded),
            _load(routes, given),
        )
        for one in part
    )


def _survey(looked: Looked) -> Iterator[str]:
    if not looked.ran:
        yield (
            f"what the project does when it runs: it was not started ({looked.why}), so ports, calls, pages and limits are from its "
            "files or guessed. Where Docker runs: drill init --force"
        )


def _slow(hurt: Hurt) -> Iterator[str]:
    if hurt.unknown and hurt.edge is not None:
        edge = hurt.edge
        yield (
            f"what {edge.caller} does while {edge.dependency} is slow: only in a protocol that the witness speaks can it be seen that a "
            f"delay landed, and {edge.dependency}'s is not known. If it is one of them, name it, stack: {{edges: [{{edge: {edge.id}, "
            "speaks: redis}]}, and add a phase with `latency` (drill explain latency)"
        )


def _alerts(monitoring: Monitoring, rules: Sequence[RuleSeen] | None, picked: Picked, looked: Looked) -> Iterator[str]:
    if not monitoring.prometheus:
        unsure = f" ({monitoring.why})" if "could be" in monitoring.why else ""
        yield (
            f"whether an alert would fire: no Prometheus was found{unsure}. Name it (stack: {{observe: {{prometheus: "
            "SERVICE:PORT}}), or have one written beside the stack: drill init --with-monitoring"
        )
        return
    if rules is None:
        yield "whether an alert would fire: the rules of Prometheus could not be read. Once they can: alert_fires: {alert: NAME}"
        return
    if not any(rule.kind == "alerting" for rule in rules):
        yield "whether an alert would fire: Prometheus has no alerting rule. With one: alert_fires: {alert: NAME}"
        return
    missing = [what for what, watch in (("slow", picked.slow), ("gone", picked.gone)) if watch is None]
    if missing:
        more = [f"and {numbered(len(picked.left) - MOST, 'rule')} more"] if len(picked.left) > MOST else []
        left = "; ".join([*picked.left[:MOST], *more]) or "no rule is left over"
        yield f"whether somebody is told when the dependency is {' or '.join(missing)}: no rule is known to see it in time ({left})"
    yield from _firing(rules, looked)


def _firing(rules: Sequence[RuleSeen], looked: Looked) -> Iterator[str]:
    """What fires though nothing is wrong: a dead man's switch is to, and the gate can leave it out."""
    switches = [name for name in looked.firing if always(rules, name)]
    wrong = [name for name in looked.firing if name not in switches]
    gate = f"`{' except '.join(['no alert firing', *([', '.join(switches)] if switches else [])])}`"
    if wrong:
        yield f"alerts that fire though nothing is wrong ({', '.join(wrong)}): cure them, then add {gate} to the gate"
    elif switches:
        yield f"whether any alert fires before a fault: add {gate} to the gate ({', '.join(switches)} reads no metric, and fires always)"


def _pages(
    monitoring: Monitoring, receivers: Sequence[ReceiverSeen], paged: Mapping[str, Sequence[ReceiverSeen]]
) -> Iterator[str]:
    if not monitoring.alertmanager:
        if monitoring.prometheus:
            which = "several could be it" if monitoring.alertmanagers else "no Alertmanager was found"
            yield f"whether a page is sent: {which}. Name it: stack: {{observe: {{alertmanager: {next(iter(monitoring.alertmanagers), 'SERVICE:PORT')}}}}}"
        return
    if any(seen.observable for seen in receivers):
        for alert, ways in paged.items():
            if not any(seen.observable for seen in ways):
                where = f"{ways[0].receiver}, which cannot be observed: {ways[0].why}" if ways else "no receiver"
                yield f"whether {alert} sends a page: by its labels it goes to {where}"
        return
    if not receivers:
        yield "whether a page is sent: Alertmanager's configuration could not be read, or names no receiver"
    else:
        yield f"whether a page is sent: receiver {receivers[0].receiver} cannot be observed: {receivers[0].why}"


def _clears(picked: Picked) -> Iterator[str]:
    for watch in dict.fromkeys(one.alert for one in (picked.slow, picked.gone) if one and one.keeps_s > LONGEST_S):
        yield f"whether {watch} clears: its rule keeps it firing for longer than a first drill waits (keep_firing_for)"


def _edges(edges: Sequence[Edge], looked: Looked) -> Iterator[str]:
    refused = [edge for edge in edges if edge.refused]
    for edge in refused[:MOST]:
        yield f"faults on {edge.id}, which is left as it is: {edge.refused}"
    if len(refused) > MOST:
        yield f"faults on {numbered(len(refused) - MOST, 'other edge')}, refused as well: drill edges"
    proven = {edge.id for edge in looked.edges}
    quiet = [edge.id for edge in edges if not edge.refused and edge.id not in proven]
    if looked.ran and quiet:
        yield (
            f"whether {', '.join(quiet[:MOST])}{' and others' if len(quiet) > MOST else ''} "
            f"{'is' if len(quiet) == 1 else 'are'} used: the files name {'it' if len(quiet) == 1 else 'them'}, but no connection was "
            "seen while it ran. With requests in the locustfile that need it, it can be hurt"
        )


def _readiness(project: Project, loaded: str) -> Iterator[str]:
    once = steps(project.config)
    bare = [
        name
        for name, body in project.services.items()
        if name != loaded
        and name not in once
        and topology.replicas(project.config, name)
        and not ((body.get("healthcheck") or {}).get("test") and not (body.get("healthcheck") or {}).get("disable"))
    ]
    if bare:
        yield (
            f"when {', '.join(bare[:MOST])}{' and others' if len(bare) > MOST else ''} {'is' if len(bare) == 1 else 'are'} ready: "
            "without a health check, in the Compose file or the image, a container that runs counts as ready"
        )


def _load(routes: Sequence[Route], given: bool) -> Iterator[str]:
    off = [route for route in routes if route.off]
    if off:
        yield f"{numbered(len(off), 'route')} of the locustfile, commented out: each says what it needs"
    if not given:
        yield (
            "what your users really do: only pages that were found are asked for, and nothing is written. Real routes: drill init "
            "--from-openapi FILE or --from-access-log FILE, or a locustfile that you have, --locustfile FILE; each with --force"
        )
    yield "whether anything is lost or done twice: describe what users order and where it is kept: drill explain orders"
