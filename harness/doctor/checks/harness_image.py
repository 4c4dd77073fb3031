"""The harness image: what keeper, lanes and lookout run from. Its tag follows the code, so it is rebuilt by itself."""

from __future__ import annotations

from dataclasses import dataclass

from harness.doctor.command import fix_line
from harness.doctor.images import ensure_harness_image, harness_tag
from harness.doctor.seen import Say, Seen
from harness.world.docker_cli import image_exists


@dataclass(frozen=True)
class HarnessImageCheck:
    """drill/harness:<hash of harness/inside>."""

    name: str = "harness image"
    needs: tuple[str, ...] = ("engine",)

    def look(self) -> Seen:
        tag = harness_tag()
        if image_exists(tag):
            return Seen(self.name, "ok", tag)
        return Seen(self.name, "missing", f"no image {tag}", fix_line())

    def fix(self, say: Say) -> None:
        ensure_harness_image(say)
