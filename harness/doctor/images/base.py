"""The base image: pulled where a registry answers, otherwise made from Debian's own packages."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable

from harness.doctor.debian import distribution
from harness.doctor.docker_cli import docker
from harness.doctor.images.registry import pull
from harness.doctor.images.tags import BASE_TAG
from harness.doctor.sources import read_sources
from harness.errors import CannotRun, Missing
from harness.world.docker_cli import image_exists

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
    try:
        make_base_image()
    except CannotRun as error:
        mirror = own_mirror()
        if not mirror:
            raise
        say(f"{error}; trying again from {mirror}, where this machine's own packages come from")
        make_base_image(mirror)
    return BASE_TAG


def make_base_image(*mirrors: str) -> None:
    """`mmdebstrap … trixie -` into `docker import -`, and named debian:trixie-slim only when both have ended well.

    Without a mirror it is mmdebstrap's own choice, with the suite's updates and security fixes. Raises errors.CannotRun
    with the reason; then there is no such image.
    """
    bootstrap = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates", SUITE, "-", *mirrors]
    load = ["docker", "import", "--change", 'CMD ["bash"]', "-"]
    with (
        subprocess.Popen(bootstrap, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as maker,
        subprocess.Popen(load, stdin=maker.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as loader,
    ):
        assert maker.stdout is not None
        maker.stdout.close()
        try:
            loaded, refused = loader.communicate(timeout=MAKE_S)
            complaint = maker.communicate(timeout=60)[1]
        except subprocess.TimeoutExpired:
            maker.kill()
            loader.kill()
            raise CannotRun(f"mmdebstrap did not make {BASE_TAG} within {MAKE_S:g} s") from None
    image = loaded.decode().strip()
    if maker.returncode == 0 and loader.returncode == 0 and docker("tag", image, BASE_TAG).ok:
        return
    if image:
        docker("image", "rm", image)
    # A loader that refuses ends the maker with a broken pipe: then the maker has nothing to say of its own.
    cut_off = maker.returncode in (-signal.SIGPIPE, 128 + signal.SIGPIPE) or not complaint.strip()
    lines = (complaint if maker.returncode and not cut_off else refused).decode(errors="replace").strip().splitlines()
    raise CannotRun(f"{BASE_TAG} cannot be made from Debian's packages: {lines[-1] if lines else 'no reason given'}")


def own_mirror() -> str:
    """The Debian mirror that this machine itself installs from: others may be out of its reach. '' where it has none."""
    codename = distribution().codename
    for source in read_sources():
        for uri in source.uris:
            if codename in source.suites and "main" in source.components and uri.startswith(("http://", "https://")):
                return uri if "debian" in uri else ""
    return ""
