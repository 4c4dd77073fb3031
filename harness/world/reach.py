"""The ways into a running stack: a command in a container, one on this machine, a GET, a queue looked at. Bounded each, and read only."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from harness.errors import NotApplied
from harness.world.amqp import peek
from harness.world.handles import Login, Page, Said

TIME_UP = 124
LATER_S = 3.0  # what runs in a container is ended there first; its client here so much later
LOOK_S = 0.02
LAST_WORDS = 4000
AMQP_PORT = 5672
_NO_TIMEOUT = 'exec: "timeout"'  # Docker's words where a container has no such program


class Listing(Protocol):
    """What is needed of world.containers.Containers."""

    def listed(self, service: str = "") -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class StackReach:
    """
    Implements handles.Reach.

    services   the resolved Compose configuration of each service
    address    where the host reaches 'service:port'; raises UsageError for what is not published
    directory  in which commands on this machine run, with `environment` besides their own
    """

    containers: Listing
    services: Mapping[str, Mapping[str, Any]]
    address: Callable[[str], tuple[str, int]]
    directory: Path
    environment: Mapping[str, str]

    def inside(
        self, service: str, command: Sequence[str], environment: Mapping[str, str], within_s: float, most_bytes: int
    ) -> Said:
        """See handles.Reach. The first replica that runs is asked; `timeout`, where the container has it, ends the command there."""
        container = self._running(service)
        names = [
            word for name in environment for word in ("--env", name)
        ]  # the values come from the client's environment
        asked = ("docker", "exec", *names, container)
        bound = ("timeout", "-s", "KILL", f"{max(1, round(within_s))}")
        own = {**os.environ, **environment}
        said = _run((*asked, *bound, *command), within_s + LATER_S, most_bytes, own)
        if said.code in (126, 127) and _NO_TIMEOUT in said.err + _beginning(said.out):
            said = _run((*asked, *command), within_s, most_bytes, own)
        if said.code in (137, -signal.SIGKILL):
            return Said(TIME_UP, said.out, f"not ended after {within_s:g} s")
        return said

    def here(self, command: Sequence[str], within_s: float, most_bytes: int) -> Said:
        return _run(command, within_s, most_bytes, {**os.environ, **self.environment}, self.directory)

    def get(
        self, service: str, port: int, path: str, headers: Mapping[str, str], within_s: float, most_bytes: int
    ) -> Page:
        import requests
        from urllib3.exceptions import HTTPError

        host, number = self.address(f"{service}:{port}")
        ends_s = time.monotonic() + within_s
        body = bytearray()
        try:
            with requests.Session() as session:
                session.trust_env = False  # the machine's proxy and .netrc are not meant for the stack
                asked = {"Accept": "application/json", "Host": f"{service}:{port}", **headers}
                url = f"http://{host}:{number}{path}"
                with session.get(url, headers=asked, timeout=within_s, stream=True, allow_redirects=False) as answer:
                    # read1 gives what has come: a body that drips would fill no buffer in time
                    while part := answer.raw.read1(65536, decode_content=True):
                        body += part
                        if len(body) > most_bytes:
                            raise NotApplied(f"{service}:{port} answered with more than {most_bytes >> 20} MiB")
                        if time.monotonic() > ends_s:
                            raise NotApplied(f"{service}:{port} had not answered whole after {within_s:g} s")
                    told = {name.lower(): value for name, value in answer.headers.items()}
                    return Page(answer.status_code, told, bytes(body))
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise NotApplied(f"{service}:{port} does not answer: {type(error).__name__}: {error}") from error

    def peek(self, service: str, login: Login, queue: str, most: int, within_s: float) -> Sequence[bytes]:
        return peek(self.address(f"{service}:{AMQP_PORT}"), login, queue, most, within_s)

    def _running(self, service: str) -> str:
        rows = self.containers.listed(service)
        running = sorted((row["Names"][0], row["Id"]) for row in rows if row["State"] == "running")
        if running:
            return str(running[0][1])
        states = ", ".join(f"{row['Names'][0].lstrip('/')} is {row['State']}" for row in rows)
        raise NotApplied(f"{service} does not run" + (f": {states}" if states else ""))


def _run(
    command: Sequence[str],
    within_s: float,
    most_bytes: int,
    environment: Mapping[str, str],
    directory: Path | None = None,
) -> Said:
    """One command in a process group of its own, which is ended when its time is up, it prints too much, or we are interrupted."""
    out = tempfile.TemporaryFile()  # noqa: SIM115  (it is the answer)
    with tempfile.TemporaryFile() as err:
        child = _begun(command, environment, directory, out, err)
        ends_s = time.monotonic() + within_s
        why = ""
        try:
            while not why:
                running = child.poll() is None
                if _size(out) + _size(err) > most_bytes:
                    why = f"it printed more than {most_bytes >> 20} MiB"
                elif not running:
                    break
                elif time.monotonic() > ends_s:
                    why = f"not ended after {within_s:g} s"
                else:
                    _wait(child)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        out.seek(0)
        return Said(TIME_UP if why else child.returncode, out, why or _end(err))


def _begun(
    command: Sequence[str], environment: Mapping[str, str], directory: Path | None, out: BinaryIO, err: BinaryIO
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=directory,
            env=dict(environment),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise NotApplied(f"{command[0]} could not be started: {getattr(error, 'strerror', None) or error}") from error


def _wait(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(LOOK_S)
    except subprocess.TimeoutExpired:
        return


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _end(file: BinaryIO) -> str:
    file.seek(max(0, _size(file) - LAST_WORDS))
    return file.read().decode("utf-8", "replace").strip()


def _beginning(file: BinaryIO) -> str:
    text = file.read(LAST_WORDS).decode("utf-8", "replace")
    file.seek(0)
    return text
