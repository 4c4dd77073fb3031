"""The Toxiproxy image and its binary: the release where a registry answers, otherwise that version built with Go."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness.doctor.apt import borrowing_commands
from harness.doctor.command import fix_line
from harness.doctor.debian import apt_line, distribution
from harness.doctor.docker_cli import ask, docker
from harness.doctor.images.registry import pull
from harness.doctor.images.tags import TOXIPROXY_TAG, TOXIPROXY_UPSTREAM, TOXIPROXY_VERSION, dockerfile
from harness.errors import CannotRun, Missing
from harness.world.docker_cli import image_exists

GO_AT_LEAST = (1, 23)
GO_PLACES = ("usr/local/go/bin/go", "usr/lib/go/bin/go", "usr/lib/go-*/bin/go")
BUILD_S = 600.0
PATH_IN_IMAGE = "/toxiproxy"


def ensure_toxiproxy_image(say: Callable[[str], object] = lambda line: None) -> str:
    """Returns TOXIPROXY_TAG once Docker has it. Raises errors.CannotRun when it can neither be pulled nor built."""
    if image_exists(TOXIPROXY_TAG):
        return TOXIPROXY_TAG
    if pull(TOXIPROXY_UPSTREAM, say) and docker("tag", TOXIPROXY_UPSTREAM, TOXIPROXY_TAG).ok:
        return TOXIPROXY_TAG
    go = find_go()
    if go is None:
        raise CannotRun(Missing(f"no image registry answers, and building {TOXIPROXY_TAG} needs Go ≥ 1.23", go_cure()))
    say(f"building {TOXIPROXY_TAG} with {go} (go install, about a minute)")
    with tempfile.TemporaryDirectory(prefix="drill-toxiproxy-") as folder:
        compile_toxiproxy(go, Path(folder))
        built = docker(
            "build", "--quiet", "--tag", TOXIPROXY_TAG, "--label", "io.drill.image=toxiproxy",
            "--file", str(dockerfile("toxiproxy")), str(Path(folder) / "image"), timeout_s=BUILD_S,
        )  # fmt: skip
    if not built.ok:
        raise CannotRun(Missing(f"the image {TOXIPROXY_TAG} cannot be built: {built.last}", fix_line()))
    return TOXIPROXY_TAG


def compile_toxiproxy(go: str, folder: Path) -> None:
    """`go install` of the release's version for Docker's own architecture, into folder/image/toxiproxy.

    The module path and version are upstream's, and so is linking the version in (`toxiproxy.Version`).
    """
    arch = docker("version", "--format", "{{.Server.Arch}}").out.strip()
    package = f"github.com/Shopify/toxiproxy/v2/cmd/server@v{TOXIPROXY_VERSION}"
    settings = {
        "GOPATH": str(folder / "go"),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "-modcacherw",
        "GOBIN": "",
        "CGO_ENABLED": "0",
        "GOOS": "linux",
        **({"GOARCH": arch} if arch else {}),
    }
    link = f"-s -w -X github.com/Shopify/toxiproxy/v2.Version={TOXIPROXY_VERSION}"
    environment = [f"{name}={value}" for name, value in settings.items()]
    done = ask("env", *environment, go, "install", "-ldflags", link, package, timeout_s=BUILD_S, cwd=folder)
    binaries = sorted((folder / "go" / "bin").rglob("server"))
    if not done.ok or not binaries:
        raise CannotRun(Missing(f"go install of Toxiproxy {TOXIPROXY_VERSION} failed: {done.last}", fix_line()))
    (folder / "image").mkdir()
    shutil.move(binaries[0], folder / "image" / "toxiproxy")


def find_go() -> str | None:
    """The first Go that is new enough: the one on the path, then the usual places off it."""
    elsewhere = [str(found) for place in GO_PLACES for found in sorted(Path("/").glob(place), reverse=True)]
    for candidate in (shutil.which("go"), *elsewhere):
        version = re.search(r"go(\d+)\.(\d+)", ask(candidate, "version").out) if candidate else None
        if version and (int(version[1]), int(version[2])) >= GO_AT_LEAST:
            return candidate
    return None


def go_cure() -> str:
    """The apt line that brings Go ≥ 1.23 to this machine."""
    system = distribution()
    if not system.go:
        return "install Go ≥ 1.23"
    return " && ".join((*borrowing_commands(system), apt_line(system.go)))


def toxiproxy_binary() -> Path:
    """The `toxiproxy` program out of the image, for runs on the host (the wire tests); kept in the user's cache.

    Raises errors.CannotRun when the image is absent or holds a program that cannot run here.
    """
    image = docker("image", "inspect", "--format", "{{.Id}}", TOXIPROXY_TAG)
    if not image.ok:
        raise CannotRun(Missing(f"the image {TOXIPROXY_TAG} is absent ({image.last})", fix_line()))
    digest = image.out.strip().removeprefix("sha256:")[:16]
    kept = cache_folder() / f"toxiproxy-{TOXIPROXY_VERSION}-{digest}"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        _copy_out(kept)
    return kept


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/drill`, or `~/.cache/drill`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "drill"


def _copy_out(kept: Path) -> None:
    container = docker("create", TOXIPROXY_TAG).out.strip()
    fresh = kept.with_suffix(f".{os.getpid()}")
    try:
        copied = docker("cp", f"{container}:{PATH_IN_IMAGE}", str(fresh))
    finally:
        docker("rm", "--force", container)
    if not copied.ok:
        raise CannotRun(f"{TOXIPROXY_TAG} holds no {PATH_IN_IMAGE}: {copied.last}")
    fresh.chmod(0o755)
    fresh.replace(kept)
