"""Docker's API as we use it: one client that follows the current context, with a time-out on every call, and its errors
as ours."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from harness.errors import DockerAway, NotApplied

if TYPE_CHECKING:
    import docker

CALL_S = 10.0
"""An inspect takes 2 ms, a start under load 2 s; a daemon that needs longer is treated as gone."""


BACK_WITHIN_S = 60.0
"""How long a Docker that is away is waited for: a daemon that restarts with many containers takes some ten seconds."""
ASK_EVERY_S = 0.5
ASK_S = 3.0
AGAIN = 5  # a Docker that goes away so often is broken

T = TypeVar("T")

STRANGE = (AttributeError, IndexError, KeyError, TypeError, OverflowError, RecursionError)
"""What reading an answer raises that is not written as Docker writes it."""

_WHILE_RECREATED = re.compile(r"^[0-9a-f]{12}_(?=.)")


def container_name(name: str) -> str:
    """A container's name without Docker's slash, and without what Compose puts before it while it makes one anew."""
    return re.sub(_WHILE_RECREATED, "", name.lstrip("/"), count=1)


def in_the_making(name: str, state: str) -> bool:
    """Whether Compose has made this container but not yet put it in the place of the one before."""
    return state == "created" and container_name(name) != name.lstrip("/")


def connect(timeout_s: float = CALL_S) -> docker.DockerClient:
    """A client for the daemon that the `docker` command would use. Raises NotApplied when none can be reached."""
    import os

    import docker

    with refusing("reach Docker"):
        if os.environ.get("DOCKER_HOST") or not hasattr(docker.DockerClient, "from_context"):
            # Over ssh as the docker command goes: by the ssh program, with its keys, names and agent.
            over_ssh = os.environ.get("DOCKER_HOST", "").startswith("ssh://")
            return docker.from_env(timeout=int(timeout_s), use_ssh_client=over_ssh)
        client: docker.DockerClient = docker.DockerClient.from_context(timeout=int(timeout_s))
        return client


def socket_path() -> str:
    """Where the daemon itself finds its socket, for a container that mounts it. Raises NotApplied for a daemon
    elsewhere.

    Docker Desktop, colima and their like show the socket of a virtual machine under a path of this machine; inside,
    where the mount is made, it stands at the usual place."""
    import os
    import sys

    host = os.environ.get("DOCKER_HOST", "")
    if not host:
        from docker.context import ContextAPI

        with refusing("find Docker's socket"):
            context = ContextAPI.get_current_context()
            host = str(getattr(context, "Host", "") or "")
    if host and not host.startswith(("unix://", "http+unix://")):
        raise NotApplied(
            f"Docker at {host} is not on this machine: keeper and witness cannot look from inside its networks"
        )
    path = "/" + host.partition("://")[2].lstrip("/")
    in_a_machine = sys.platform == "darwin" or any(
        part in path for part in ("/.docker/", "/.colima/", "/.orbstack/", "/.rd/")
    )
    return "/var/run/docker.sock" if not host or in_a_machine else path


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn whatever Docker, its SDK or the connection raises into NotApplied: 'cannot stop db: …', DockerAway where it does not answer."""
    import requests
    import urllib3
    from docker.errors import APIError, DockerException

    try:
        yield
    except APIError as error:
        raise NotApplied(f"cannot {what}: {error.explanation or error}") from error
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise DockerAway(f"cannot {what}: Docker does not answer ({type(error).__name__}: {error})") from error
    except STRANGE as error:
        raise NotApplied(f"cannot {what}: Docker's answer cannot be read ({type(error).__name__}: {error})") from error


def answers() -> str:
    """Why Docker does not answer now, '' when it does."""
    try:
        with refusing("ask Docker whether it is there"):
            client = connect(ASK_S)
            try:
                client.ping()
            finally:
                client.close()
    except NotApplied as error:
        return str(error)
    return ""


class Patience:
    """A Docker that is away is waited for, so long as one restart may take: once for all who mend, not by each of them.

    tell    told why it does not answer, and '' when it does again
    """

    def __init__(
        self,
        tell: Callable[[str], object] = lambda why: None,
        within_s: float = BACK_WITHIN_S,
        asked: Callable[[], str] = answers,
    ) -> None:
        self._tell = tell
        self._within_s = within_s
        self._asked = asked
        self._gone_s: float | None = None
        self._lock = threading.Lock()

    def await_back(self) -> bool:
        """Whether Docker answers, waited for until so long after it was first found away; from then on asked only once."""
        with self._lock:
            while why := self._asked():
                now_s = time.monotonic()
                if self._gone_s is None:
                    self._gone_s = now_s
                    self._tell(why)
                if now_s >= self._gone_s + self._within_s:
                    return False
                time.sleep(ASK_EVERY_S)
            if self._gone_s is not None:
                self._gone_s = None
                self._tell("")
            return True

    def insist(self, do: Callable[[], T]) -> T:
        """Do it, again each time that Docker was away and came back. Raises what it raises, DockerAway once it stays away."""
        for _ in range(AGAIN):
            try:
                return do()
            except DockerAway:
                if not self.await_back():
                    raise
        return do()
