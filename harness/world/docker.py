"""Docker's API as we use it: one client that follows the current context, with a time-out on every call, and its errors
as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.errors import NotApplied

if TYPE_CHECKING:
    import docker

CALL_S = 10.0
"""An inspect takes 2 ms, a start under load 2 s; a daemon that needs longer is treated as gone."""


def connect(timeout_s: float = CALL_S) -> docker.DockerClient:
    """A client for the daemon that the `docker` command would use. Raises NotApplied when none can be reached."""
    import os

    import docker

    with refusing("reach Docker"):
        if os.environ.get("DOCKER_HOST") or not hasattr(docker.DockerClient, "from_context"):
            return docker.from_env(timeout=int(timeout_s))
        client: docker.DockerClient = docker.DockerClient.from_context(timeout=int(timeout_s))
        return client


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn whatever Docker, its SDK or the connection raises into NotApplied: 'cannot stop db: …'."""
    import requests
    from docker.errors import APIError, DockerException

    try:
        yield
    except APIError as error:
        raise NotApplied(f"cannot {what}: {error.explanation or error}") from error
    except (DockerException, requests.RequestException, OSError, ValueError) as error:
        raise NotApplied(f"cannot {what}: Docker does not answer ({type(error).__name__}: {error})") from error
