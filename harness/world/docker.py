"""Docker's API as we use it: one client that follows the current context, with a time-out on every call, and its errors
as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.errors import NotApplied

if TYPE_CHECKING:
    import docker

CALL_S = 10.0
"""An inspect takes 2 ms, a start under load 2 s; a daemon that needs longer is treated as gone."""


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
            return docker.from_env(timeout=int(timeout_s))
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
    """Turn whatever Docker, its SDK or the connection raises into NotApplied: 'cannot stop db: …'."""
    import requests
    import urllib3
    from docker.errors import APIError, DockerException

    try:
        yield
    except APIError as error:
        raise NotApplied(f"cannot {what}: {error.explanation or error}") from error
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise NotApplied(f"cannot {what}: Docker does not answer ({type(error).__name__}: {error})") from error
    except STRANGE as error:
        raise NotApplied(f"cannot {what}: Docker's answer cannot be read ({type(error).__name__}: {error})") from error
