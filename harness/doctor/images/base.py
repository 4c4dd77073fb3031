"""The base image: pulled where a registry answers, otherwise made from Debian's own packages."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

from harness.doctor.docker_cli import image_exists
from harness.doctor.images.registry import pull
from harness.doctor.images.tags import BASE_TAG
from harness.errors import CannotRun, Missing

SUITE = "trixie"
MAKE_S = 900.0


def ensure_base_image(say: Callable[[str], object] = lambda line: None) -> str:
    """Returns BASE_TAG once Docker has it. Raises errors.CannotRun when it can neither be pulled nor made."""
    if image_exists(BASE_TAG) or pull(BASE_TAG, say):
        return BASE_TAG
    if shutil.which("mmdebstrap") is None:
        raise CannotRun(
            Missing(
                f"no image registry answers, and without mmdebstrap {BASE_TAG} cannot be made from Debian's packages",
                "apt-get install -y --no-install-recommends mmdebstrap debian-archive-keyring",
            )
        )
    say(f"making {BASE_TAG} from Debian's packages (mmdebstrap, about a minute)")
    make_base_image()
    return BASE_TAG


def make_base_image() -> None:
    """`mmdebstrap … trixie - | docker import - debian:trixie-slim`. Raises errors.CannotRun with the reason."""
    bootstrap = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates", SUITE, "-"]
    load = ["docker", "import", "--change", 'CMD ["bash"]', "-", BASE_TAG]
    with (
        subprocess.Popen(bootstrap, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as maker,
        subprocess.Popen(load, stdin=maker.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as loader,
    ):
        assert maker.stdout is not None
        maker.stdout.close()
        try:
            said = loader.communicate(timeout=MAKE_S)[1]
            complaint = maker.communicate(timeout=60)[1]
        except subprocess.TimeoutExpired:
            maker.kill()
            loader.kill()
            raise CannotRun(f"mmdebstrap did not make {BASE_TAG} within {MAKE_S:g} s") from None
    if maker.returncode or loader.returncode:
        lines = (complaint if maker.returncode else said).decode(errors="replace").strip().splitlines()
        raise CannotRun(
            f"{BASE_TAG} cannot be made from Debian's packages: {lines[-1] if lines else 'no reason given'}"
        )
