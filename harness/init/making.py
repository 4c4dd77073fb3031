"""`drill init` from its options to its files: read, look, choose, write."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import CannotRun, UsageError
from harness.facts import RuleSeen
from harness.init import alerts, choose, drillfile, locustfile, own_locustfile, pages
from harness.init.blind import sight
from harness.init.cannot import cannot
from harness.init.draft import Draft
from harness.init.files import File, compose_files, drill_name, module_name, settings, variables, write
from harness.init.found import Found, Say, find
from harness.init.given import given_routes, source
from harness.init.monitoring import FOLDER, beside
from harness.init.own_locustfile import Own
from harness.init.routes import Route, answered, of_pages
from harness.init.seen import Baseline
from harness.init.wishes import Wishes
from harness.stack.data import read_data, wrong_data
from harness.stack.observed import Monitoring
from harness.stack.project import Project, read_project
from harness.stack.refusals import refused

_NONE_ANSWERED = (
    "none of the routes answered when it was tried, so they are commented out, and found pages are asked for"
)


@dataclass(frozen=True)
class Made:
    """What was written, what is worth saying of it, what it cannot judge, and the next command."""

    written: tuple[str, ...]
    notes: tuple[str, ...]
    cannot: tuple[str, ...]
    next: str


def make(wishes: Wishes, folder: Path, say: Say) -> Made:
    """Write the first drill of the project in a folder. Raises UsageError, or CannotRun when the project does not start."""
    from harness.drill.problem import shown_path

    given, notes = given_routes(wishes)  # before anything is started: a wrong file is told at once
    home, paths = folder, wishes.files
    if len(paths) == 1 and paths[0].is_dir():  # it stands for what Compose finds in it
        home, paths = paths[0], ()
    paths = paths or compose_files(home, os.environ, wishes.env_files)
    wishes = replace(wishes, env_files=wishes.env_files or variables(home, paths))
    project = read_project(paths, profiles=wishes.profiles, env_files=wishes.env_files)
    _refuse(project, wishes.data)
    name = drill_name(wishes.name, project.name)
    drills = _drills(wishes, folder)
    files = {"drill": drills / f"{name}.yaml", "load": drills / f"{module_name(name)}.py"}
    own = _own(wishes, (paths[0].parent, folder), files["load"], bool(given))
    load_file = own.path or files["load"]
    if own.path is not None:
        del files["load"]
    notes = (*(f"warning: {text}" for text in project.warned), *own.notes, *notes)
    if wishes.monitoring:
        files["monitoring"] = folder / FOLDER / "compose.monitoring.yaml"
    _refuse_there(files, wishes.force)
    pages_given = [route.example for route in given if not route.off and route.method == "GET"]
    found = find(project, wishes, own.pages or pages_given, say)
    routes, said = _routes(own, given, found)
    hurt = choose.hurt(
        project.config,
        found.target.service,
        found.edges,
        found.looked.edges,
        found.looked.http,
        routes,
        found.looked.risen,
    )
    notes = (*notes, *said, *(f"warning: {text}" for text in pages.unkept(project, found.monitoring, wishes.data)))
    added = beside(project, found.monitoring, found.looked, folder) if wishes.monitoring else None
    if added is not None:
        paths, notes = (*paths, added.compose), (*notes, *added.notes)
        found = replace(found, monitoring=Monitoring("prometheus:9090", "alertmanager:9093"))
    rules = added.rules if added else found.looked.rules if found.looked.rules is not None else _rules(found)
    seen_by = sight(project.services, hurt, found.edges, routes if own.path is None or own.sure else ())
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
        bool(given) or own.path is not None,
        hurt,
        found.target.service,
    )
    baseline = found.looked.baseline if own.path is None else Baseline()  # of found pages, not of its requests
    draft = Draft(
        name=name,
        project=project.name,
        compose=tuple(os.path.relpath(path.resolve(), drills.resolve()) for path in paths),
        locustfile=os.path.relpath(load_file.resolve(), drills.resolve()),
        against=found.target.target,
        hurt=hurt,
        limits=choose.limits(baseline),
        picked=picked,
        paged=paged,
        profiles=wishes.profiles,
        env_files=tuple(os.path.relpath(path.resolve(), drills.resolve()) for path in wishes.env_files),
        data=wishes.data,
        volumes=tuple(project.config.get("volumes") or {}),
        ready_within_s=choose.ready_within_s(found.looked),
        measured=_measured(baseline),
        asks=own.asks,
        only_seen=choose.only_seen(found.edges),
        cannot=unseen,
    )
    out = [File(files["drill"], drillfile.text(draft))]
    if own.path is None:
        out.append(File(load_file, _new_load(wishes, load_file, found, routes, bool(given))))
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


def _own(wishes: Wishes, folders: tuple[Path, ...], written: Path, given: bool) -> Own:
    """The user's own locustfile, where one is named or found and none is asked to be written."""
    if wishes.locustfile is not None:
        return own_locustfile.named(wishes.locustfile)
    return Own() if given or wishes.new_locustfile else own_locustfile.found(dict.fromkeys(folders), (written,))


def _routes(own: Own, given: Sequence[Route], found: Found) -> tuple[tuple[Route, ...], tuple[str, ...]]:
    """What the load asks for, and what is worth saying of it."""
    if own.path is not None:
        return own.routes, ()
    routes = answered(given, {page.path: page.status for page in found.looked.tried})
    if any(not route.off for route in routes):
        return routes, ()
    return (*of_pages(found.target), *routes), (_NONE_ANSWERED,) if given else ()


def _new_load(wishes: Wishes, path: Path, found: Found, routes: Sequence[Route], given: bool) -> str:
    from harness.drill.problem import shown_path

    shown, who = shown_path(path), found.project.name
    about = f"Users of {who}, written by `drill init`{source(wishes)}. Make it yours: what do they do, and how often?"
    if found.target.pages or not found.looked.ran or given:
        return locustfile.http_text(shown, about, routes, found.target.headers)
    return locustfile.tcp_text(shown, about)


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


def _rules(found: Found) -> tuple[RuleSeen, ...] | None:
    from harness.cli.inputs import rules_of

    try:
        read = rules_of(found.project, found.monitoring.prometheus)
    except CannotRun:  # that Docker is not there is said once, of all that it would have told
        return None
    return None if read.unread else read.rules


def _measured(base: Baseline) -> str:
    if not base.requests:
        return "Nothing was measured, so these limits are guesses: run it with --baseline first, and set them from its report."
    return (
        f"Measured when nothing was wrong: {base.requests} requests, {base.errors} of them not answered as at first, p50 "
        f"{base.p50_s * 1000:.0f} ms, p95 {base.p95_s * 1000:.0f} ms. The limits leave room for a busy machine."
    )
