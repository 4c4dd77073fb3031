"""A second Docker engine on a machine of its own, as far as a network goes: in a namespace with an address that is not ours."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

READY_S = 60.0


@dataclass(frozen=True)
class Far:
    """context: the name of the Docker context that leads there; machine: its address, which reaches what it publishes."""

    context: str
    machine: str

    def docker(self, *words: str) -> str:
        told = subprocess.run(
            ["docker", "--context", self.context, *words], check=False, capture_output=True, text=True
        )
        assert told.returncode == 0, f"docker {' '.join(words)}: {told.stderr}"
        return told.stdout

    def take(self, image: str) -> None:
        """An image of this machine's engine is there too."""
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved:
            subprocess.run(["docker", "--context", self.context, "load", "-q"], check=True, stdin=saved.stdout)


@contextlib.contextmanager
def far_engine() -> Iterator[Far]:
    """Up, and gone with all that it holds at the end. Needs root."""
    name = f"far{os.getpid()}"
    net = f"10.215.{os.getpid() % 250}"
    home = Path(tempfile.mkdtemp(prefix=name, dir="/var/lib"))  # its images' layers lie on a disk, not on an overlay
    with contextlib.ExitStack() as closing:
        closing.callback(shutil.rmtree, home, ignore_errors=True)
        _run("ip", "netns", "add", name)
        closing.callback(_run, "ip", "netns", "del", name)
        _run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "addr", "add", f"{net}.1/24", "dev", name)
        _run("ip", "link", "set", name, "up")
        for words in (
            f"addr add {net}.2/24 dev eth0",
            "link set eth0 up",
            "link set lo up",
            f"route add default via {net}.1",
        ):
            _run("ip", "-n", name, *words.split())
        engine = closing.enter_context(_engine(name, home, f"{net}.2"))
        _run("docker", "context", "create", name, "--docker", f"host=tcp://{net}.2:2375")
        closing.callback(_run, "docker", "context", "rm", "--force", name)
        far = Far(name, f"{net}.2")
        until_s = time.monotonic() + READY_S
        while subprocess.run(["docker", "--context", name, "version"], check=False, capture_output=True).returncode:
            over = engine.poll() is not None or time.monotonic() > until_s
            assert not over, (home / "log").read_text()
            time.sleep(0.2)
        yield far


@contextlib.contextmanager
def _engine(name: str, home: Path, address: str) -> Iterator[subprocess.Popen[bytes]]:
    """dockerd with a containerd of its own; both are ended, and what they mounted is gone."""
    words = ["nsenter", f"--net=/run/netns/{name}", "dockerd", f"--host=tcp://{address}:2375", "--tls=false"]
    words += [f"--data-root={home}/data", f"--exec-root={home}/exec", f"--pidfile={home}/pid"]
    with (home / "log").open("wb") as log:
        engine = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
    try:
        yield engine
    finally:
        engine.terminate()
        engine.wait()
        for line in reversed(Path("/proc/mounts").read_text().splitlines()):
            if line.split()[1].startswith(str(home)):
                subprocess.run(["umount", "--lazy", line.split()[1]], check=False)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
