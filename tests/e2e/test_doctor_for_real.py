"""Doctor on the real engine: the images are what they say, and a second `--fix` changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from harness.doctor.docker_cli import ask, docker
from harness.doctor.images import TOXIPROXY_VERSION, ensure_harness_image, toxiproxy_binary

pytestmark = pytest.mark.e2e


def drill(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *args], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def test_a_second_fix_says_and_changes_nothing() -> None:
    assert drill("doctor", "--fix").returncode == 0
    before = docker("image", "ls", "--quiet", "--no-trunc", "drill/harness").out
    again = drill("doctor", "--fix", "--json")
    document = json.loads(again.stdout)
    assert (again.returncode, document["ok"], again.stderr) == (0, True, "")
    assert {check["state"] for check in document["checks"]} <= {"ok", "note"}
    assert docker("image", "ls", "--quiet", "--no-trunc", "drill/harness").out == before


def test_the_harness_image_finds_its_helpers_and_the_tools_they_call() -> None:
    image = ensure_harness_image()
    run = ("run", "--rm", "--network", "none", image)
    usage = docker(*run, "python3", "-m", "harness.inside", timeout_s=60)
    assert usage.code == 2
    assert "keeper|lanes|lookout" in usage.err
    imports = "import ctypes, http.client, json, socket, ssl, subprocess, harness.inside.__main__"
    assert docker(*run, "python3", "-c", imports, timeout_s=60).ok
    assert docker(*run, "ip", "-brief", "address", timeout_s=60).ok


def test_the_toxiproxy_of_the_image_is_the_release_we_name() -> None:
    assert TOXIPROXY_VERSION in ask(str(toxiproxy_binary()), "--version").out
