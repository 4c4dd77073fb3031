"""Pulls an image, and finds out quickly and once per registry when none answers."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable

from harness.world.docker_cli import image_exists

ANSWER_S = 12.0
"""A registry that has not named the image by then does not answer (docker itself gives up after 15 s, many times)."""

PULL_S = 600.0

_silent: set[str] = set()


def registry_of(tag: str) -> str:
    """The registry in an image name: `ghcr.io` in `ghcr.io/shopify/toxiproxy:2.12.0`; '' for Docker's default."""
    first, _, rest = tag.partition("/")
    return first if rest and ("." in first or ":" in first or first == "localhost") else ""


def pull(tag: str, say: Callable[[str], object] = lambda line: None) -> bool:
    """Pull an image; False when it could not be had. A registry that was silent is not asked again."""
    registry = registry_of(tag)
    if registry in _silent:
        return False
    say(f"pulling {tag}")
    with subprocess.Popen(
        ["docker", "pull", tag],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    ) as puller:
        answered = threading.Event()
        patience = threading.Timer(ANSWER_S, lambda: None if answered.is_set() else puller.kill())
        limit = threading.Timer(PULL_S, puller.kill)
        patience.start()
        limit.start()
        try:
            assert puller.stdout is not None
            for line in puller.stdout:
                if line.strip():
                    answered.set()
            puller.wait()
        finally:
            patience.cancel()
            limit.cancel()
    if not answered.is_set():
        _silent.add(registry)
        say(f"no answer from {registry or 'the default image registry'}")
    return puller.returncode == 0 and image_exists(tag)
