"""The same run folder gives the same bytes, and is judged as the evidence in memory is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calibration.judged import SECRETS, Script, verdict_of
from calibration.simulator.folder import write
from calibration.simulator.recording import Recording, simulate
from calibration.simulator.world import HONEST
from harness.judging import judge_folder, write_results

RESULTS = ("verdict.json", "junit.xml", "report.html")


@pytest.fixture(scope="module", params=["database-gone", "bad-release"])
def played(request: pytest.FixtureRequest) -> tuple[Script, Recording]:
    script = Script.of("calm", request.param)
    return script, simulate(script.data, HONEST, 5)


@pytest.fixture
def folder(played: tuple[Script, Recording], tmp_path: Path) -> Path:
    script, recording = played
    write(recording, tmp_path, script.selectors)
    (tmp_path / "drill.yaml").write_text(script.drill.masked())
    environment = {secret.name: secret.value for secret in SECRETS}
    project = {"name": "rehearsal", "services": {"postgres": {"environment": environment}}}
    (tmp_path / "compose.yaml").write_text(json.dumps(project))
    return tmp_path


def test_a_folder_judged_twice_gives_the_same_bytes(folder: Path) -> None:
    told = []
    for _ in range(2):
        write_results(folder, judge_folder(folder))
        told.append([(folder / name).read_bytes() for name in RESULTS])
    assert told[0] == told[1]


def test_a_folder_is_judged_as_what_was_written_into_it(folder: Path, played: tuple[Script, Recording]) -> None:
    stored, in_memory = judge_folder(folder).verdict, verdict_of(*played)
    assert [(one.id, one.finding.outcome, one.finding.reason) for one in stored.findings] == [
        (one.id, one.finding.outcome, one.finding.reason) for one in in_memory.findings
    ]
    assert stored.invalid == in_memory.invalid
