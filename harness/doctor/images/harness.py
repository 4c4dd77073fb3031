"""Builds the harness image when the code inside it has changed, and removes the ones before it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness.doctor.command import fix_line
from harness.doctor.docker_cli import docker
from harness.doctor.images import base
from harness.doctor.images.tags import HARNESS_NAME, INSIDE, dockerfile, harness_tag
from harness.errors import CannotRun, Missing
from harness.world.docker_cli import image_exists, proxy_build_args

BUILD_S = 600.0
KEPT = 3
"""Another checkout on this machine may be about to start from its own; Docker lists the newest first."""


def ensure_harness_image(say: Callable[[str], object] = lambda line: None) -> str:
    """Returns harness_tag() once Docker has that image; builds it first where it is absent.

    Raises errors.CannotRun with Docker's reason when it cannot be built.
    """
    tag = harness_tag()
    if image_exists(tag):
        return tag
    base.ensure_base_image(say)
    say(f"building {tag}")
    with tempfile.TemporaryDirectory(prefix="drill-image-") as folder:
        package = Path(folder) / "harness"
        shutil.copytree(INSIDE, package / "inside", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        (package / "__init__.py").write_text("")
        built = docker(
            "build", "--quiet", "--tag", tag, "--label", "io.drill.image=harness", *proxy_build_args(),
            "--file", str(dockerfile("harness")), folder, timeout_s=BUILD_S,
        )  # fmt: skip
    if not built.ok:
        raise CannotRun(Missing(f"the harness image {tag} cannot be built: {built.last}", fix_line()))
    remove_older(tag)
    return tag


def remove_older(tag: str) -> None:
    """Remove all but the newest KEPT harness images; Docker refuses one that a container has."""
    listed = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", HARNESS_NAME).out.split()
    for older in [other for other in listed if other != tag][KEPT - 1 :]:
        docker("image", "rm", older)
