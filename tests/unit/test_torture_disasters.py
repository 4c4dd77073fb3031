"""What is taken from under a run, without Docker: the changes change what they say, and what cannot be played here says why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from matrix.cell import OK, Seen
from matrix.compare import compare
from matrix.project import Copy
from matrix.rehearsal import ROOT
from matrix.torture import disasters, gone
from matrix.torture.cells import WHOLE
from matrix.torture.disasters import DISASTERS, stubborn, talkative
from matrix.torture.strike import DRILLS, STACKS, WHOLES, strike


def shop(place: Path) -> Copy:
    shutil.copytree(STACKS["torture"], place / "shop")
    return Copy(place, "torture")


def test_services_that_ignore_their_stop_signal_still_run_and_ignore_it(tmp_path: Path) -> None:
    stubborn(shop(tmp_path))
    service = subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.argv = ['shop', 'store']; exec(open({str(tmp_path / 'shop/shop.py')!r}).read().split('if sys.argv')[0]); print('up', flush=True); import time; time.sleep(30)"],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert service.stdout is not None
    try:
        assert service.stdout.readline() == b"up\n"
        service.terminate()
        time.sleep(0.2)
        assert service.poll() is None
    finally:
        service.kill()
        service.wait()
        service.stdout.close()


def test_a_talkative_service_writes_its_long_line_before_it_answers(tmp_path: Path) -> None:
    talkative(shop(tmp_path))
    text = (tmp_path / "shop/shop.py").read_text()
    compile(text, "shop.py", "exec")
    assert f'print("x" * {disasters.LINE_BYTES}, flush=True)\n        self.send_response(code)' in text


@pytest.mark.parametrize("drill", sorted(STACKS))
def test_the_drills_are_valid_and_their_claims_are_those_of_the_whole_run(tmp_path: Path, drill: str) -> None:
    shutil.copytree(STACKS[drill], tmp_path / STACKS[drill].name)
    (tmp_path / "drills").mkdir()
    shutil.copy(DRILLS / f"{drill}.yaml", tmp_path / "drills")
    (tmp_path / "pyproject.toml").write_text("[tool.drill]\n")
    words = [sys.executable, "-m", "harness", "validate", f"drills/{drill}.yaml"]
    ended = subprocess.run(
        words, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    data = yaml.safe_load((DRILLS / f"{drill}.yaml").read_text())
    claims = [
        *data.get("expect", ()),
        *(c for p in data["phases"] for part in ("expect", "then") for c in p.get(part, ())),
    ]
    assert {settings["id"] for claim in claims for settings in claim.values()} == set(WHOLES[drill])


def test_the_torture_drill_has_a_fault_of_each_kind() -> None:
    data = yaml.safe_load((DRILLS / "torture.yaml").read_text())
    kinds = {kind for phase in data["phases"] for fault in phase["faults"] for kind in fault}
    assert kinds == {"latency", "stop", "pause", "down", "bad_release", "command"}
    assert set(WHOLE) == set(WHOLES["torture"])


def test_what_cannot_be_played_here_is_invalid_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disasters, "docker", lambda *words: "ab12\ncd34\n")
    (cell,) = [cell for cell in DISASTERS if cell.name == "docker restarted"]
    seen = strike(cell, tmp_path)
    assert seen == Seen(None, invalid="2 containers run here, and would be restarted too")
    assert compare(cell, seen)[0] == "invalid"
    assert not list(tmp_path.iterdir())


def test_an_exit_code_that_is_as_right_as_the_first_is_no_difference() -> None:
    (cell,) = [cell for cell in DISASTERS if cell.name == "load killed"]
    assert compare(cell, Seen(3)) == (OK, ())
    assert compare(cell, Seen(0)) == ("not", ("exit 0, not 1",))


def test_the_time_until_nothing_is_left_is_counted_from_the_death(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    there = [["container a", "network b"], ["network b"], []]
    monkeypatch.setattr(gone, "left", lambda place, run: there.pop(0))
    waited_s = gone.await_gone(tmp_path, "0a1b2c3d", time.monotonic() - 2.0, 30.0)
    assert waited_s is not None
    assert 2.0 + 2 * gone.LOOK_EVERY_S <= waited_s < 10.0
    monkeypatch.setattr(gone, "left", lambda place, run: ["container a"])
    assert gone.await_gone(tmp_path, "0a1b2c3d", time.monotonic() - 2.0, 1.0) is None
