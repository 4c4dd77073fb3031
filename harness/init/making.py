"""`drill init` from its options to its files: read, look, choose, write."""

from __future__ import annotations

import gzip
import os
import re
import secrets
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.edges import Edge
from harness.errors import CannotRun, UsageError
from harness.facts import RuleSeen
from harness.harmless import comment
from harness.init import access_log, alerts, choose, doors, drillfile, locustfile, log_format, openapi, pages
from harness.init.blind import sight
from harness.init.cannot import cannot
from harness.init.files import File, compose_files, drill_name, module_name, settings, variables, write
from harness.init.monitoring import FOLDER, beside
from harness.init.routes import Route, answered
from harness.init.seen import PATIENCE_S, Looked, Page, Spoken
from harness.stack import names as topology
from harness.stack.data import read_data, wrong_data
from harness.stack.find import find_edges
from harness.stack.observe import joined
from harness.stack.observed import Monitoring, find_monitoring
from harness.stack.project import Project, read_project
from harness.stack.refusals import refused
from harness.urls import of_health

Say = Callable[[str], object]
FETCH_S = 20.0
MOST_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True)
class Wishes:
    """The options of the command line."""

    name: str = ""
    files: tuple[Path, ...] = ()
    profiles: tuple[str, ...] = ()
    env_files: tuple[Path, ...] = ()
    against: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    openapi: str = ""
    access_log: Path | None = None
    log_format: str = ""
    monitoring: bool = False
    survey: bool = True
    for_s: float = 12.0
    ready_within_s: float = 180.0
    drills: Path | None = None
    offline: bool = False
    force: bool = False


@dataclass(frozen=True)
class Made:
    """What was written, what is worth saying of it, what it cannot judge, and the next command."""

    written: tuple[str, ...]
    notes: tuple[str, ...]
    cannot: tuple[str, ...]
    next: str


@dataclass(frozen=True)
class _Found:
    """The project, and everything that is known of it; `others`: where load could go as well."""

    project: Project
    edges: tuple[Edge, ...]
    monitoring: Monitoring
    looked: Looked
    target: Spoken
    others: tuple[str, ...] = ()


def make(wishes: Wishes, folder: Path, say: Say) -> Made:
    """Write the first drill of the project in a folder. Raises UsageError, or CannotRun when the project does not start."""
    from harness.drill.problem import shown_path

    given, notes = _routes(wishes)  # before anything is started: a wrong file is told at once
    home, paths = folder, wishes.files
    if len(paths) == 1 and paths[0].is_dir():  # it stands for what Compose finds in it
        home, paths = paths[0], ()
    paths = paths or compose_files(home, os.environ, wishes.env_files)
    wishes = replace(wishes, env_files=wishes.env_files or variables(home, paths))
    project = read_project(paths, profiles=wishes.profiles, env_files=wishes.env_files)
    _refuse(project, wishes.data)
    notes = (*(f"warning: {text}" for text in project.warned), *notes)
    name = drill_name(wishes.name, project.name)
    drills = _drills(wishes, folder)
    files = {"drill": drills / f"{name}.yaml", "load": drills / f"{module_name(name)}.py"}
    if wishes.monitoring:
        files["monitoring"] = folder / FOLDER / "compose.monitoring.yaml"
    _refuse_there(files, wishes.force)
    found = _find(project, wishes, [route.example for route in given if not route.off and route.method == "GET"], say)
    routes = answered(given, {page.path: page.status for page in found.looked.tried})
    if not any(not route.off for route in routes):
        if given:
            notes = (
                *notes,
                "none of the routes answered when it was tried, so they are commented out, and found pages are asked for",
            )
        routes = (*_asked_routes(found.target), *routes)
    hurt = choose.hurt(project.config, found.target.service, found.edges, found.looked.edges, found.looked.http)
    notes = (*notes, *(f"warning: {text}" for text in pages.unkept(project, found.monitoring, wishes.data)))
    added = beside(project, found.monitoring, found.looked, folder) if wishes.monitoring else None
    if added is not None:
        paths, notes = (*paths, added.compose), (*notes, *added.notes)
        found = replace(found, monitoring=Monitoring("prometheus:9090", "alertmanager:9093"))
    rules = added.rules if added else found.looked.rules if found.looked.rules is not None else _rules(found)
    seen_by = sight(project.services, hurt, found.edges, routes)
    picked = alerts.pick(rules or (), found.looked.firing, seen_by)
    known = pages.written(added.files, project) if added else pages.paging_of(project, found.monitoring.alertmanager)
    paged = pages.paged(known, picked)
    unseen = cannot(
        project,
        found.edges,
        found.looked,
        found.monitoring,
        rules,
        picked,
        known.receivers,
        paged,
        routes,
        bool(given),
        hurt,
        found.target.service,
    )
    draft = drillfile.Draft(
        name=name,
        project=project.name,
        compose=tuple(os.path.relpath(path.resolve(), drills.resolve()) for path in paths),
        locustfile=files["load"].name,
        against=found.target.target,
        hurt=hurt,
        limits=choose.limits(found.looked.baseline),
        picked=picked,
        paged=paged,
        profiles=wishes.profiles,
        env_files=tuple(os.path.relpath(path.resolve(), drills.resolve()) for path in wishes.env_files),
        data=wishes.data,
        volumes=tuple(project.config.get("volumes") or {}),
        ready_within_s=choose.ready_within_s(found.looked),
        measured=_measured(found.looked),
        only_seen=choose.only_seen(found.edges),
        cannot=unseen,
    )
    shown = shown_path(files["load"])
    speaks_http = bool(found.target.pages) or not found.looked.ran or bool(given)
    about = f"Users of {project.name}, written by `drill init`{_source(wishes)}. Make it yours: what do they do, and how often?"
    load = (
        locustfile.http_text(shown, about, routes, found.target.headers)
        if speaks_http
        else locustfile.tcp_text(shown, about)
    )
    out = [File(files["drill"], drillfile.text(draft)), File(files["load"], load)]
    extra = settings(folder, drills)
    out += added.files if added else ()
    write(out, force=wishes.force)
    if extra is not None:
        write([extra], force=True)
        out.append(extra)
    notes = (
        *notes,
        f"load goes to {found.target.target}; what is hurt: {hurt.edge.id if hurt.edge else hurt.service}: {hurt.why}",
    )
    if found.others:
        notes = (
            *notes,
            f"it could go to {' or '.join(found.others)} instead: drill init --against SERVICE:PORT --force",
        )
    return Made(tuple(shown_path(file.path) for file in out), notes, unseen, f"drill run {name}")


def _drills(wishes: Wishes, folder: Path) -> Path:
    """The folder's own: a project of drill's further up is another one, and keeps its drills."""
    from harness.drill.project import find_project

    around = find_project(folder)
    return folder / (wishes.drills or (around.drills if around.root.resolve() == folder.resolve() else "drills"))


def _refuse(project: Project, data: Mapping[str, str]) -> None:
    """What a run of the drill would refuse: it is to run as it is."""
    if wrong := wrong_data(project, data):
        raise UsageError(*(f"--data: {what}" for what in wrong.values()))
    if missing := refused(project.config, read_data(project, data)[1]):
        raise CannotRun(*missing)


def _refuse_there(files: Mapping[str, Path], force: bool) -> None:
    """Before minutes of looking: what is there already is refused at once."""
    from harness.drill.problem import shown_path

    there = [
        f"{shown_path(path)}: it is there already; give the drill another name (drill init NAME), or --force"
        for path in files.values()
        if os.path.lexists(path)
    ]
    if there and not force:
        raise UsageError(*there)


def _find(project: Project, wishes: Wishes, paths: Sequence[str], say: Say) -> _Found:
    """Edges, monitoring and the load's target: as seen where the project can be started, else as the files tell."""
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
            return _Found(project, from_files, monitoring, looked, stated)
        places = doors.unasked(project.config, from_files, may_be_http)
        rest = doors.others(
            project.config, from_files, [place for place in places if f"{place[0]}:{place[1]}" in may_be_http]
        )
        return _Found(project, from_files, monitoring, looked, _unasked(project, places), rest)

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
    return _Found(project, edges, monitoring, looked, target, rest)


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


def _routes(wishes: Wishes) -> tuple[tuple[Route, ...], tuple[str, ...]]:
    if wishes.openapi:
        return openapi.routes_of(_text(wishes.openapi), wishes.openapi), ()
    if wishes.access_log is not None:
        path = wishes.access_log
        layouts = _layouts(wishes.log_format) if wishes.log_format else ()
        try:
            with open(path, "rb") as raw, gzip.open(raw) if path.suffix == ".gz" else raw as binary:
                lines = (line.decode("utf-8", "replace") for line in binary)
                logged = access_log.routes_of(lines, str(path), layouts)
        except (OSError, EOFError, zlib.error) as error:
            raise UsageError(f"{path}: it cannot be read: {getattr(error, 'strerror', None) or error}") from None
        return logged.routes, tuple(f"{path.name}: {note}" for note in logged.notes)
    return (), ()


def _layouts(told: str) -> tuple[re.Pattern[str], ...]:
    """Of --log-format: a file in which it stands, a format, or the name of one that is known anyway."""
    file = os.path.isfile(told)
    if told in log_format.KNOWN and not file:
        return ()
    place = file or not any(mark in told for mark in "$% ")
    return log_format.layouts(_text(told) if place else told, f"--log-format {told}")


def _text(place: str) -> str:
    """A file's text, or what a URL answers."""
    if not place.startswith(("http://", "https://")):
        try:
            return Path(place).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise UsageError(f"{place}: it cannot be read: {error.strerror or error}") from None
    import requests
    from urllib3.exceptions import HTTPError

    try:
        with requests.get(place, timeout=FETCH_S, stream=True) as answer:
            answer.raise_for_status()
            body = answer.raw.read(MOST_BYTES, decode_content=True)
    except (requests.RequestException, HTTPError, zlib.error, OSError, ValueError) as error:
        raise UsageError(f"--from-openapi: it cannot be had: {comment(str(error))}") from None
    text: str = body.decode("utf-8", "replace")
    return text


def _asked_routes(target: Spoken) -> tuple[Route, ...]:
    """The pages that were found, those that only tell whether it lives least often; where none was, the first with the status that it had."""
    good = target.good
    if good:
        users = [page for page in good if not of_health(page.path)]
        return tuple(
            Route(
                "GET", page.path, weight=1 if page not in users else 6 if page == users[0] else 2, wanted=(page.status,)
            )
            for page in ((*users, *(one for one in good if one not in users)) if users else good)
        )
    first = target.pages[0] if target.pages else Page("/", 0)
    return (Route("GET", first.path, wanted=(first.status,) if first.status else ()),)


def _rules(found: _Found) -> tuple[RuleSeen, ...] | None:
    from harness.cli.inputs import rules_of

    try:
        read = rules_of(found.project, found.monitoring.prometheus)
    except CannotRun:  # that Docker is not there is said once, of all that it would have told
        return None
    return None if read.unread else read.rules


def _measured(looked: Looked) -> str:
    base = looked.baseline
    if not base.requests:
        return "Nothing was measured, so these limits are guesses: run it with --baseline first, and set them from its report."
    return (
        f"Measured when nothing was wrong: {base.requests} requests, {base.errors} of them not answered as at first, p50 "
        f"{base.p50_s * 1000:.0f} ms, p95 {base.p95_s * 1000:.0f} ms. The limits leave room for a busy machine."
    )


def _source(wishes: Wishes) -> str:
    if wishes.openapi:
        return f" from {wishes.openapi.rpartition('/')[2].partition('?')[0]}"
    return f" from {wishes.access_log.name}" if wishes.access_log is not None else ""


def _listening(looked: Looked) -> str:
    ports = [f"{service} listens on {', '.join(map(str, ports))}" for service, ports in looked.ports.items()]
    return "; ".join(ports) or "nothing of it listens"
