"""A Compose project that runs: its containers, and the files that it was started from, as far as they can still be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.attach.addresses import Described
from harness.attach.record import WAITS, waits
from harness.errors import CannotRun, Missing, UsageError
from harness.stack.changes.identity import RUN_LABEL
from harness.stack.project import Project, decoded
from harness.world.docker_cli import asked, inspected, run

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
ONE_OFF = "com.docker.compose.oneoff"
FILES = f"{PROJECT}.config_files"
DIRECTORY = f"{PROJECT}.working_dir"
ENV_FILES = f"{PROJECT}.environment_file"
READ_S = 60.0  # of `docker compose config`, which may fetch an `include:` from elsewhere
UP = ("running", "paused", "restarting")


@dataclass(frozen=True)
class Running:
    """
    containers  of the project, running or not, by name; no one-off ones
    project     its Compose files, resolved; where they cannot be read, what the containers themselves tell
    unread      why the files could not be read, '' where they were
    """

    name: str
    containers: tuple[Described, ...]
    project: Project
    unread: str = ""

    @property
    def services(self) -> tuple[str, ...]:
        """Those that have a container, each once."""
        return tuple(sorted({service_of(one) for one in self.containers} - {""}))

    def up(self, service: str) -> tuple[Described, ...]:
        """The containers of a service that run."""
        return tuple(one for one in self.containers if service_of(one) == service and one["State"]["Status"] in UP)


def find(name: str, *, here: bool = True) -> Running:
    """The running project of this name. Raises CannotRun when there is none, UsageError for the stack of a rehearsal.

    here   its Docker is this machine's: on another, the files of this one are none of its
    """
    containers = listed(name)
    if not any(one["State"]["Status"] in UP for one in containers):
        there = projects()
        shown = f"; {', '.join(there)} {'does' if len(there) == 1 else 'do'}" if there else ""
        raise CannotRun(Missing(f"no container of a Compose project {name!r} runs{shown}", "docker compose ls --all"))
    if run_id := next((run_id for one in containers if (run_id := _run_in(one))), ""):
        raise _taken(name, run_id)
    config, unread = _read(name, containers, "" if here else "they are on the machine that it runs on")
    labels = labels_of(containers[0])
    files = tuple(Path(file) for file in labels.get(FILES, "").split(",") if file) if not unread else ()
    directory = Path(labels.get(DIRECTORY) or ".")
    env_files = tuple(Path(file) for file in labels.get(ENV_FILES, "").split(",") if file) if not unread else ()
    return Running(name, containers, Project(name, files, directory, config, env_files), unread)


def listed(name: str) -> tuple[Described, ...]:
    """The project's containers, by name. Raises CannotRun when Docker does not answer."""
    ids = asked("ps", "--all", "--quiet", "--no-trunc", "--filter", f"label={PROJECT}={name}").split()
    found = [one for one in inspected("container", *ids) if labels_of(one).get(ONE_OFF) != "True"]
    return tuple(sorted(found, key=lambda one: str(one["Name"])))


def projects() -> list[str]:
    """The names of Compose projects of which a container runs, without stacks of drill's own."""
    shown = f'{{{{.Label "{PROJECT}"}}}}\t{{{{.Label "{RUN_LABEL}"}}}}'
    told = asked("ps", "--filter", f"label={PROJECT}", "--format", shown).splitlines()
    return sorted({name for name, _, run_id in (line.partition("\t") for line in told) if name and not run_id.strip()})


def labels_of(one: Described) -> dict[str, str]:
    """Its labels."""
    return dict((one.get("Config") or {}).get("Labels") or {})


def service_of(one: Described) -> str:
    """The service that it is a container of; '' for none."""
    return labels_of(one).get(SERVICE, "")


def told_by_containers(name: str, containers: Sequence[Described]) -> dict[str, Any]:
    """What containers tell of their services, in the words of a resolved Compose file."""
    services: dict[str, Any] = {}
    networks: dict[str, Any] = {}
    for one in containers:
        used = (one.get("NetworkSettings") or {}).get("Networks") or {}
        networks |= {str(network): {"name": str(network)} for network in used}
        if service_of(one):
            services.setdefault(service_of(one), _service(one, used))
    return {"name": name, "services": services, "networks": networks}


def _service(one: Described, used: Mapping[str, Any]) -> dict[str, Any]:
    config = one.get("Config") or {}
    words = [str(word) for word in (*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()))]
    exposed = (config.get("ExposedPorts") or {}) if isinstance(config.get("ExposedPorts"), dict) else {}
    return {
        "image": str(config.get("Image") or ""),
        "environment": dict(str(line).partition("=")[::2] for line in config.get("Env") or ()),
        "command": words,
        "expose": [str(port).removesuffix("/tcp") for port in exposed if str(port).endswith("/tcp")],
        "networks": {
            str(network): {"aliases": [str(alias) for alias in use.get("Aliases") or ()]}
            for network, use in used.items()
        },
    }


def _read(name: str, containers: Sequence[Described], elsewhere: str) -> tuple[dict[str, Any], str]:
    """The resolved configuration, and why it is not that of the project's files. Variables are always those that containers have: a
    file read here may lack what was set when they were started."""
    told = told_by_containers(name, containers)
    if unread := elsewhere or _unreadable(containers):
        return told, unread
    labels = labels_of(containers[0])
    files = [part for file in labels[FILES].split(",") for part in ("-f", file)]
    env_files = [part for file in labels.get(ENV_FILES, "").split(",") if file for part in ("--env-file", file)]
    directory = labels[DIRECTORY]
    about = ("-p", name, "--project-directory", directory, *files, *env_files)
    command = ("docker", "compose", "--ansi", "never", *about, "--profile", "*", "config", "--format", "json")
    answer = run(command, within_s=READ_S, cwd=Path(directory))
    if not answer.ok:
        return told, f"docker compose config refuses them: {answer.last}"
    config = decoded(answer.out, labels[FILES])
    # A service that is not started here (of a profile, say) is none of what runs.
    stated = config.get("services") or {}
    if missing := sorted(set(told["services"]) - set(stated)):
        return told, f"they have no {', '.join(missing)}, which runs"
    config["services"] = {
        service: {**stated[service], "environment": body["environment"]} for service, body in told["services"].items()
    }
    return config, ""


def _unreadable(containers: Sequence[Described]) -> str:
    """Why its files cannot be read, or ''."""
    files = {labels_of(one).get(FILES, "") for one in containers}
    if "" in files:
        return "its containers do not tell from which Compose files they were started"
    if len(files) > 1:
        return "its containers were started from different Compose files"
    labels = labels_of(containers[0])
    named = [*labels[FILES].split(","), *(file for file in labels.get(ENV_FILES, "").split(",") if file)]
    missing = [file for file in named if not Path(file).is_file()]
    if missing or not Path(labels.get(DIRECTORY, "")).is_dir():
        what = ", ".join(missing) or labels.get(DIRECTORY, "")
        return f"{what} cannot be read on this machine"
    return ""


def _run_in(one: Described) -> str:
    """The run that made this container, or for whose end it waits; ''."""
    name = str(one["Name"])
    return labels_of(one).get(RUN_LABEL, "") or (name.partition(WAITS)[2] if waits(name) else "")


def _taken(name: str, run_id: str) -> CannotRun | UsageError:
    from harness.stack.changes.identity import project_name

    if name == project_name(run_id):
        return UsageError(f"--attach {name}: it is the stack of a rehearsal, run {run_id}")
    what = f"run {run_id} has put edges into {name}: it is under way, or has died there"
    return CannotRun(
        Missing(what, f"drill status {run_id}; wait for one that lives, and once it is dead: drill mend {run_id}")
    )
