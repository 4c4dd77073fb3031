"""A Compose project as Compose itself reads it: extends, include, profiles, .env and interpolation are its job, not
ours."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.errors import CannotRun, Missing, UsageError
from harness.ondisk import settle
from harness.stack.compose_files import files_in
from harness.stack.compose_says import blamed, complaint, warnings
from harness.world.docker_cli import CURE, Answer, gone, run

READ_S = 60.0
"""Seconds that `docker compose config` may take; it may fetch `include:` from elsewhere."""


@dataclass(frozen=True)
class Project:
    """The user's files, resolved.

    name       as Compose names it; the run's own project has another name
    files      as given; a folder stands for what Compose finds in it
    directory  paths in the file count from here
    config     the resolved file, `$` as the containers see it (not doubled)
    env_files  as given; Compose reads them again for secrets that come from its environment
    stated     the resolved file as the user's files state it, where candidates were put in since (stack.candidate)
    warned     what Compose warned of
    """

    name: str
    files: tuple[Path, ...]
    directory: Path
    config: dict[str, Any]
    env_files: tuple[Path, ...] = ()
    stated: dict[str, Any] | None = None
    warned: tuple[str, ...] = ()

    @property
    def as_stated(self) -> Project:
        """The project of the user's files alone, without candidates."""
        return self if self.stated is None else replace(self, config=self.stated, stated=None)

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        return dict(self.config.get("services") or {})


class UnknownProfile(UsageError):
    """A Compose profile that no service has."""


def read_project(
    files: Sequence[Path],
    *,
    profiles: Sequence[str] = (),
    env_files: Sequence[Path] = (),
    environ: Mapping[str, str] | None = None,
) -> Project:
    """Read Compose files (or one folder) through `docker compose config`.

    Raises UsageError with Compose's own words when a file is missing or wrong, UnknownProfile, CannotRun when Compose is not there.
    """
    if not files:
        raise UsageError("stack: no Compose file is named")
    missing = [f"{path}: there is no such file" for path in (*files, *env_files) if not Path(path).exists()]
    if missing:
        raise UsageError(*missing)
    paths = [Path(path).resolve() for path in files]
    directory = paths[0] if paths[0].is_dir() else paths[0].parent
    resolved = tuple(Path(path).resolve() for path in env_files)
    options = [word for profile in profiles for word in ("--profile", profile)]
    options += [word for env_file in resolved for word in ("--env-file", str(env_file))]

    def config(*words: str, of: Sequence[Path] = paths) -> Answer:
        named = [word for path in of if not path.is_dir() for word in ("-f", str(path))]
        place = () if of is paths else ("--project-directory", str(directory))
        command = ("docker", "compose", "--ansi", "never", *place, *named, *options, "config", *words)
        return run(command, within_s=READ_S, cwd=directory, environ=environ)

    each = _each(files, os.environ if environ is None else environ)
    answer = config("--format", "json")
    if not answer.ok:
        if gone(answer) or "unknown shorthand flag" in answer.err:
            raise CannotRun(Missing(f"docker compose: {answer.why}", CURE))
        raise UsageError(blamed(_why(answer), each, lambda file: _why(config("--quiet", of=(file,)))))
    read = _with_whole_profiles(decoded(answer.out, str(files[0])), directory)
    used = {profile for body in (read.get("services") or {}).values() for profile in body.get("profiles") or ()}
    unknown = [profile for profile in profiles if profile not in (*used, "*")]
    there = config("--profiles").out.split() if unknown or not read.get("services") else []
    if unknown:
        raise UnknownProfile(*(_no_profile(profile, there) for profile in unknown))
    if not read.get("services"):
        which = f" without a profile; there are {', '.join(there)}" if there and not profiles else ""
        raise UsageError(f"{', '.join(map(str, each.values()))}: it starts no service{which}")
    return Project(
        str(read.get("name") or directory.name),
        tuple(Path(path) for path in files),
        directory,
        read,
        resolved,
        warned=warnings(answer.err),
    )


def _why(answer: Answer) -> str:
    """Why Compose refused, in its own words alone."""
    return replace(answer, err=complaint(answer.err)).why


def _each(files: Sequence[Path], environ: Mapping[str, str]) -> dict[Path, Path]:
    """By the path that Compose reads, each file as given; those that it finds in a folder instead of the folder."""
    found = [one for path in map(Path, files) for one in (path.is_dir() and files_in(path, environ)) or (path,)]
    return {one.resolve(): one for one in found}


def _no_profile(profile: str, there: Sequence[str]) -> str:
    close = difflib.get_close_matches(profile, there, n=1)
    near = f" (did you mean {close[0]!r}?)" if close else f"; there are {', '.join(there)}" if there else ""
    return f"no service has the profile {profile!r}{near}"


def _with_whole_profiles(config: dict[str, Any], directory: Path) -> dict[str, Any]:
    """With absolute paths of seccomp profiles, the ones that `docker compose config` leaves relative: a user's own command reads
    the run's file from elsewhere."""
    for body in (config.get("services") or {}).values():
        for at, option in enumerate((body or {}).get("security_opt") or ()):
            found = re.fullmatch(r"(seccomp[:=])(.+)", str(option))
            if found and found[2] not in ("unconfined", "builtin"):
                body["security_opt"][at] = found[1] + str(directory / found[2])
    return config


def decoded(text: str, file: str) -> dict[str, Any]:
    """What `docker compose config --format json` printed. Compose doubles every `$` so that its output can be read again; texts
    are searched as the containers see them. Raises UsageError for what this version cannot read."""
    from harness.stack.compose_shape import misshapen  # loads models, for which a `drill halt` must not wait

    try:
        config = json.loads(text.replace("$$", "$"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file}: docker compose config did not answer with JSON: {error}") from None
    if wrong := misshapen(config):
        raise UsageError(
            *(f"{file}: docker compose config answered what this version cannot read: {one}" for one in wrong)
        )
    return dict(config)


def written(config: Mapping[str, Any]) -> str:
    """A resolved file as text for Compose: JSON is YAML, without YAML's surprises; every `$` is doubled again."""
    return json.dumps(config, indent=2, ensure_ascii=False).replace("$", "$$") + "\n"


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read: a resolved file holds secrets. It is on the disk when this returns, for what is
    written so is what a run is put back by."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        os.fchmod(handle, 0o600)
        file.write(text)
    settle(path)
