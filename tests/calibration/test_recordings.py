"""Recorded runs: judged as they are, and with defects planted into copies of their evidence. A simulated folder stands in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calibration.judged import Script
from calibration.recordings import GRAFTS, recorded
from calibration.simulator.folder import write
from calibration.simulator.recording import simulate
from calibration.simulator.world import HONEST

NEEDED = {graft.word for graft in GRAFTS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script, place = Script.of("calm", "database-gone"), tmp_path_factory.mktemp("run")
    write(simulate(script.data, HONEST, 5), place, script.selectors)
    (place / "drill.yaml").write_text(script.drill.masked())
    (place / "compose.yaml").write_text(json.dumps({"name": "rehearsal", "services": {}}))
    return place


def test_every_graft_turns_the_claims_that_it_is_for(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    null, results = recorded([folder], lambda text: None)
    assert not null.said, null.said
    for result in results:
        assert result.found.runs, f"no claim of the run can show {result.graft.name}"
        assert result.found.count == result.found.runs, (result.graft.name, dict(result.instead))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
