"""A release under test on a small real stack, as a pipeline starts it and reads what it came to."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from shop_runs import SHOP, Run

from harness.facts import ContainerSeen

pytestmark = pytest.mark.e2e

IMAGE = "drill-test/shop:candidate"


def test_a_release_under_test_decides_as_a_pipeline_reads_it(docker_engine: None, tmp_path: Path) -> None:
    subprocess.run(["docker", "build", "--quiet", "--tag", IMAGE, str(SHOP)], check=True, capture_output=True)
    try:
        given = ("--candidate", f"web={IMAGE}", "--set", "load.seed=7", "--wait", "1m")
        told = ("--junit", "results/junit.xml", "--summary", "results/summary.md")
        run = Run(tmp_path / "shop", (*given, *told))
        run.finish(run.start(), lambda process: None)
        assert run.code == 0, run.said
        assert run.verdict["given"] == ["load.seed=7", f"--candidate web={IMAGE}"]
        assert {seen.image for seen in run.journal.of(ContainerSeen, service="web")} == {IMAGE}
        junit = ET.parse(run.home / "results" / "junit.xml")
        assert len(list(junit.iter("testcase"))) >= len(run.verdict["findings"])
        assert not [*junit.iter("failure"), *junit.iter("error")]
        summary = (run.home / "results" / "summary.md").read_text()
        assert "PASSED: shop" in summary
        assert IMAGE in summary
        assert run.left() == []
    finally:
        subprocess.run(["docker", "image", "rm", "--force", IMAGE], check=False, capture_output=True)
