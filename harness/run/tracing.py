"""The collector of a run's traces, put where the services' traces go: in a host's place outside, or on the way to one in the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import CannotRun, NotApplied

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.run.session import Session
    from harness.run.together import Together
    from harness.stack.exporters import Exporting
    from harness.stack.played_on import PlayedOn
    from harness.world.collector import Collector
    from harness.world.proxies import Reconciler


def reads_traces(drill: Drill) -> bool:
    """Whether anything is claimed that traces are asked for."""
    return any(claim.reads_traces for _, _, claim in drill.claims())


def take_traces(session: Session, stack: PlayedOn, proxies: Reconciler, closing: Together) -> Collector | None:
    """Start it, so that no traces leave the stack, and keep what services send; None where nobody sends what it could take.

    Nothing of ours stands between a service and the stack's own collector unless a claim reads traces. Raises CannotRun when
    it does not start.
    """
    from harness.spans import SpansWriter
    from harness.stack.changes.identity import RUN_LABEL
    from harness.stack.exporters import exporting
    from harness.world.attached import Place
    from harness.world.collector import Collector

    known = exporting(stack.project.config, stack.edges)
    for seen in known.exporters:
        session.record(seen)
    relays = known.relays if reads_traces(session.drill) else {}
    beside = (*known.senders, *(one.receiver for one in known.relayed if relays))
    networks = {name: place for one in dict.fromkeys(beside) for name, place in stack.attachments(one)}
    if not networks or not (known.hosts or relays):
        return None
    name = f"{stack.project_name}-traces"
    place = Place(name, {RUN_LABEL: session.folder.run}, tuple(networks.items()), tuple(known.hosts))
    try:
        collector = Collector(
            place,
            known.ports,
            session.clock.opened_ns,
            SpansWriter(session.folder.spans),
            relays=relays,
            steer=lambda on: _steer(known, proxies, name, on) if relays else None,
        )
        closing.callback(collector.close)
        collector.start()
    except (NotApplied, OSError) as error:
        raise CannotRun(f"traces would not be seen, or would leave the stack: {error}") from error
    return collector


def _steer(known: Exporting, proxies: Reconciler, name: str, on: bool) -> None:
    """Let each edge's traces pass by the collector, or go straight again."""
    relays = known.relays
    for one in known.relayed:
        proxies.through(one.edge, one.port, f"{name}:{relays[one.upstream, one.port]}" if on else "")
