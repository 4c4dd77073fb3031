"""The Toxiproxy image: what stands in the middle of every edge."""

from __future__ import annotations

from dataclasses import dataclass

from harness.doctor.command import fix_line
from harness.doctor.images import TOXIPROXY_TAG, ensure_toxiproxy_image
from harness.doctor.seen import Say, Seen
from harness.world.docker_cli import image_exists


@dataclass(frozen=True)
class ToxiproxyImageCheck:
    """drill/toxiproxy:2.12.0, pulled and tagged, or built with Go where no registry answers."""

    name: str = "toxiproxy image"
    needs: tuple[str, ...] = ("engine",)

    def look(self) -> Seen:
        if image_exists(TOXIPROXY_TAG):
            return Seen(self.name, "ok", TOXIPROXY_TAG)
        return Seen(self.name, "missing", f"no image {TOXIPROXY_TAG}", fix_line())

    def fix(self, say: Say) -> None:
        ensure_toxiproxy_image(say)
