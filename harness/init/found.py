"""What `drill init` knows of a project before it chooses: its edges, its monitoring, and where load goes."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.edges import Edge
from harness.errors import CannotRun, UsageError
from harness.init import doors
from harness.init.seen import PATIENCE_S, Looked, Page, Spoken
from harness.init.wishes import Wishes
from harness.stack import names as topology
from harness.stack.find import find_edges
from harness.stack.observe import joined
from harness.stack.observed import Monitoring, find_monitoring
from harness.stack.project import Project

Say = Callable[[str], object]


@dataclass(frozen=True)
class Found:
    """The project, and everything that is known of it; `others`: where load could go as well."""

    project: Project
    edges: tuple[Edge, ...]
    monitoring: Monitoring
    looked: Looked
    target: Spoken
    others: tuple[str, ...] = ()


def find(project: Project, wishes: Wishes, paths: Sequence[str], say: Say) -> Found:
    """As seen where the project can be started, else as the files tell; `paths` are asked for once. Raises UsageError, or CannotRun when
    it does not start."""
    from harness.stack.images import image_info

    try:
        images = image_info(project)
    except CannotRun as error:
        images, why = {}, f"Docker is not there: {str(error).splitlines()[0]}"
    else:
        why = "" if wishes.survey else "--no-survey was given"
    from_files = find_edges(project, (), images)
    monitoring = find_monitoring(project.config)
    stated = _stated(project, wishes.against)
    may_be_http = _may_be_http(project, images)
    if why:
        looked = Looked(why=why)
        if stated is not None:
            return Found(project, from_files, monitoring, looked, stated)
        places = doors.unasked(project.config, from_files, may_be_http)
        rest = doors.others(
            project.config, from_files, [place for place in places if f"{place[0]}:{place[1]}" in may_be_http]
        )
        return Found(project, from_files, monitoring, looked, _unasked(project, places), rest)

    def chosen(spoken: tuple[Spoken, ...], seen: tuple[Edge, ...]) -> Spoken | None:
        if stated is not None:
            return next((one for one in spoken if (one.service, one.port) == (stated.service, stated.port)), None)
        return next(iter(doors.targets(project.config, spoken, joined(from_files, seen))), None)

    looked = _survey(
        project,
        wishes,
        monitoring,
        (*may_be_http, *([f"{stated.service}:{stated.port}"] if stated else [])),
        chosen,
        paths,
        0.0 if stated else PATIENCE_S,
        say,
    )
    edges = find_edges(project, (), image_info(project))  # once more: what was built now tells its ports
    edges = joined(edges, looked.edges)
    target = chosen(looked.http, looked.edges) or stated
    if target is None:
        raise UsageError(
            f"{project.name}: nothing of it answered HTTP ({_listening(looked)}), so no load could be made up. "
            "Name a service and its port, and it is loaded with plain connections: drill init --against SERVICE:PORT"
        )
    ranked = () if stated else doors.targets(project.config, looked.http, edges)
    rest = doors.others(project.config, edges, [(one.service, one.port) for one in ranked if one.good])
    return Found(project, edges, monitoring, looked, target, rest)


def _survey(
    project: Project,
    wishes: Wishes,
    monitoring: Monitoring,
    candidates: tuple[str, ...],
    chosen: Callable[[tuple[Spoken, ...], tuple[Edge, ...]], Spoken | None],
    paths: Sequence[str],
    patience_s: float,
    say: Say,
) -> Looked:
    from harness.doctor.examine import preflight
    from harness.init.survey import survey
    from harness.run.stop import ending_at_once

    preflight(say)
    run_id = secrets.token_hex(4)
    with ending_at_once(), tempfile.TemporaryDirectory(prefix="drill-init-") as place:
        try:
            return survey(
                project,
                run_id,
                Path(place) / "survey" / run_id,
                monitoring,
                candidates,
                chosen,
                paths,
                for_s=wishes.for_s,
                ready_within_s=wishes.ready_within_s,
                patience_s=patience_s,
                data=wishes.data,
                offline=wishes.offline,
                say=say,
            )
        except CannotRun as error:
            raise CannotRun(
                *error.missing, "the project could not be looked at while it runs, and a drill could not start it either. "
                "Once it starts: drill init again. To go by its files alone: drill init --no-survey"
            ) from error  # fmt: skip


def _stated(project: Project, text: str) -> Spoken | None:
    """--against. Raises UsageError for what is no service of the project."""
    from harness.drill.words import against

    if not text:
        return None
    try:
        place = against(text)
    except ValueError as error:
        raise UsageError(f"--against: {error}") from None
    if place.service not in project.services:
        raise UsageError(
            f"--against {text}: there is no service {place.service}; there are {', '.join(project.services)}"
        )
    return Spoken(place.service, place.port, scheme=place.scheme)


def _unasked(project: Project, places: Sequence[tuple[str, int]]) -> Spoken:
    from harness.world.speaks import path

    if not places:
        raise UsageError(
            f"{project.name}: its files name no port, and it was not started to look. Name where load goes: drill init --against SERVICE:PORT"
        )
    service, port = places[0]
    return Spoken(service, port, (Page(path(project.services[service], port), 0),))


def _may_be_http(project: Project, images: Mapping[str, object]) -> tuple[str, ...]:
    """'service:port' of every port that the files or images name, but for those that are known to speak something else."""
    from harness.stack.known_ports import known_ports
    from harness.world.speaks import guess

    return tuple(
        f"{name}:{port}"
        for name, body in project.services.items()
        if topology.replicas(project.config, name) and not topology.outside(project.config, name)
        for port in known_ports(project.config, name, images)  # type: ignore[arg-type]
        if guess(Edge("", name, ports=(port,)), body, port) in ("", "http", "https")
    )


def _listening(looked: Looked) -> str:
    ports = [f"{service} listens on {', '.join(map(str, ports))}" for service, ports in looked.ports.items()]
    return "; ".join(ports) or "nothing of it listens"
