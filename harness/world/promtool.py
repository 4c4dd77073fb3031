"""promtool, wherever it is: in the image of the stack's own Prometheus, in a container of its own without a network; else here."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import NotApplied

CALL_S = 30.0
TRY_S = 120.0
"""A window of an hour takes a second or two; a machine that is busy takes longer."""
FOLDER = "drill-replay"


def try_rules(
    files: Mapping[str, str], tests: Sequence[str], image: str, name: str, labels: Mapping[str, str]
) -> tuple[str, str]:
    """What `promtool test rules` says of these test files, and which promtool that was. `files` are laid beside each other.

    Raises NotApplied where there is none, with both reasons, or it does not end.
    """
    try:
        return _in_container(files, tests, image, name, labels), f"promtool of {image}"
    except NotApplied as error:
        here = shutil.which("promtool")
        if here is None:
            raise NotApplied(f"no promtool: {error}; and none on this machine's PATH") from error
    with tempfile.TemporaryDirectory(prefix=f"{FOLDER}-") as folder:
        for file, text in files.items():
            (Path(folder) / file).write_text(text, encoding="utf-8")
        done = _run((here, "test", "rules", *tests), TRY_S, cwd=folder)
        return done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace"), here


def _in_container(
    files: Mapping[str, str], tests: Sequence[str], image: str, name: str, labels: Mapping[str, str]
) -> str:
    """Made, given the files, run and removed. The image's own Prometheus is not touched: it has its own limits of memory."""
    if not image:
        raise NotApplied("the image of the stack's Prometheus is not known")
    marks = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    inside = [f"/{FOLDER}/{test}" for test in tests]
    made = _run(
        ("docker", "create", "--name", name, *marks, "--network", "none", "--cap-drop", "ALL", "--pull", "never",
         "--entrypoint", "promtool", image, "test", "rules", *inside),
        CALL_S,
    )  # fmt: skip
    if made.returncode:
        raise NotApplied(_last(made.stderr))
    try:
        copied = _run(("docker", "cp", "-", f"{name}:/"), CALL_S, given=_archive(files))
        if copied.returncode:
            raise NotApplied(_last(copied.stderr))
        done = _run(("docker", "start", "--attach", name), TRY_S)
        if b"Unit Testing:" not in done.stdout:  # a test that fails ends with 1, and so does an image without promtool
            raise NotApplied(f"{image} has none: {_last(done.stderr)}")
        return done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")
    finally:
        with contextlib.suppress(NotApplied):
            _run(("docker", "rm", "--force", "--volumes", name), CALL_S)


def _archive(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        folder = tarfile.TarInfo(FOLDER)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
        for file, text in files.items():
            data = text.encode()
            entry = tarfile.TarInfo(f"{FOLDER}/{file}")
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def _run(
    words: Sequence[str], limit_s: float, given: bytes = b"", cwd: str | None = None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(words, input=given, capture_output=True, timeout=limit_s, check=False, cwd=cwd)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotApplied(f"{' '.join(words[:2])}: {error}") from error


def _last(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
