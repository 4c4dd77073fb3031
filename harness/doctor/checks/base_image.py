"""The base image that the others are built on: debian:trixie-slim."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from harness.doctor.apt import install
from harness.doctor.command import fix_line
from harness.doctor.debian import distribution
from harness.doctor.images import BASE_TAG, base
from harness.doctor.images.registry import pull
from harness.doctor.privilege import may_install
from harness.doctor.seen import Say, Seen
from harness.world.docker_cli import image_exists

TOOLS = ("mmdebstrap", "debian-archive-keyring", "gpg")


@dataclass(frozen=True)
class BaseImageCheck:
    """Pulled where a registry answers; otherwise made by mmdebstrap, which is installed only then."""

    name: str = "base image"
    needs: tuple[str, ...] = ("engine",)

    def look(self) -> Seen:
        if image_exists(BASE_TAG):
            return Seen(self.name, "ok", BASE_TAG)
        return Seen(self.name, "missing", f"no image {BASE_TAG}", fix_line())

    def fix(self, say: Say) -> None:
        if pull(BASE_TAG, say):
            return
        system = distribution()
        if shutil.which("mmdebstrap") is None and may_install(system):
            install(system, TOOLS, say)
        base.ensure_base_image(say)
