"""`drill init --example`: what is carried along is copied whole, and the package is built with it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from harness.drill.parse import parse
from harness.errors import UsageError
from harness.init import example

ROOT = Path(__file__).parents[2]


def test_every_example_is_whole_its_drills_find_all_that_they_name(tmp_path: Path) -> None:
    for name in example.names(ROOT):
        place = tmp_path / name
        copied = example.copy(name, place)
        drills = [place / path for path in copied if path.parts[0] == "drills" and path.suffix == ".yaml"]
        assert drills
        for file in drills:
            drill = parse(file)
            named = [*drill.compose_files, *drill.locustfiles, *(place / path for path in copied)]
            assert [path for path in named if not path.is_file()] == []
        for path in copied:
            assert os.access(place / path, os.X_OK) == os.access(ROOT / path, os.X_OK)


def test_the_checkout_comes_with_friday_traffic_its_runbook_rules_and_dashboards(tmp_path: Path) -> None:
    copied = {str(path) for path in example.copy("checkout", tmp_path)}
    assert {
        "drills/friday-traffic.yaml",
        "drills/friday_traffic.py",
        "compose/checkout/rollback.sh",
        "dashboards/checkout.json",
        "dashboards/rules/checkout.yml",
    } <= copied
    assert not any("wiki" in path or "first-light" in path for path in copied)
    assert subprocess.run(
        [sys.executable, "-m", "harness", "validate", "friday-traffic"], cwd=tmp_path, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ).returncode == 0  # fmt: skip


def test_nothing_is_overwritten_and_what_is_not_there_is_named(tmp_path: Path) -> None:
    example.copy("wiki", tmp_path)
    with pytest.raises(UsageError, match="there already"):
        example.copy("wiki", tmp_path)
    example.copy("wiki", tmp_path, force=True)
    with pytest.raises(UsageError, match="no example 'shop'; there are: checkout, wiki"):
        example.copy("shop", tmp_path)


def test_a_wheel_carries_the_examples_and_finds_them_there(tmp_path: Path) -> None:
    source = tmp_path / "source"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, tracked.split("\0")):
        if name.startswith(("harness/", "compose/", "drills/", "dashboards/")) or "/" not in name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
            (source / name).chmod((ROOT / name).stat().st_mode)
    build = "from setuptools import build_meta as b; import sys; print(b.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    empty.mkdir()
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-e", str(wheel), str(installed)], check=True
    )  # as an installer unpacks it
    with zipfile.ZipFile(wheel) as archive:
        rollback = archive.getinfo("harness/carried/compose/checkout/rollback.sh")
        assert rollback.external_attr >> 16 & 0o100, "an installer keeps the mode that makes it executable"
    told = subprocess.run(
        [sys.executable, "-m", "harness", "init", "--example", "checkout"],
        cwd=empty,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.endswith("Next:  drill run friday-traffic\n")
    assert (empty / "drills" / "friday-traffic.yaml").read_bytes() == (
        ROOT / "drills" / "friday-traffic.yaml"
    ).read_bytes()
