"""Releases on a target: its own commands put an image out and back, and another hand can do it where ours has died."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import NotApplied, NotMended
from harness.stack.release_commands import NOTE, Commanded
from harness.target.model import Target
from harness.target.releases import TargetReleases
from harness.world.commands import Commands
from harness.world.handles import Release

BAD = Release(services=("api",), image="shop:bad")


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[TargetReleases]:
    root, run = tmp_path / "project", tmp_path / "run"
    for folder in (root, run):
        folder.mkdir()
    for name in ("deploy", "rollback"):
        script = root / f"{name}.sh"
        script.write_text(
            f'#!/bin/sh\n[ -e broken ] && exit 3\necho "{name} $DRILL_SERVICE $DRILL_BAD_IMAGE $DRILL_TARGET" >> done\n'
        )
        script.chmod(0o755)
    target = Target.model_validate(
        {"name": "staging", "load": "http://127.0.0.1:9", "deploy": ("./deploy.sh",), "rollback": ("./rollback.sh",)}
    )
    commands = Commands(root, run / "levers")
    commanded = Commanded(commands, root, run)
    yield TargetReleases(target, "0a0b0c0d", lambda: 1.0, commanded, commanded)
    commands.close()


def done(releases: TargetReleases) -> list[str]:
    file = releases.targets.folder / "done"
    return file.read_text().splitlines() if file.exists() else []


def test_an_image_goes_out_and_back_by_the_targets_commands(releases: TargetReleases) -> None:
    releases.deploy("f", BAD)
    assert done(releases) == ["deploy api shop:bad staging"]
    note = json.loads((releases.targets.run / NOTE).read_text())
    assert (note["command"], note["folder"]) == (["./rollback.sh"], str(releases.targets.folder))
    assert note["environment"]["DRILL_BAD_IMAGE"] == "shop:bad"
    with pytest.raises(NotApplied, match="one release at a time"):
        releases.deploy("g", BAD)
    assert releases.restore("f") == ""
    assert releases.restore("f") == ""
    assert done(releases)[1:] == ["rollback api shop:bad staging"]
    assert not (releases.targets.run / NOTE).exists()
    assert [(told.by, told.service, told.image) for told in releases.news()] == [
        ("harness", "api", "shop:bad"),
        ("mend", "api", "shop:bad"),
    ]


def test_a_drills_own_commands_come_before_the_targets(releases: TargetReleases) -> None:
    own = Release(services=("api",), deploying=("touch", "mine"), restoring=("rm", "mine"), within_s=10.0)
    releases.deploy("f", own)
    assert (releases.own.folder / "mine").exists()
    releases.restore("f")
    assert not (releases.own.folder / "mine").exists()
    assert done(releases) == []


def test_a_deployment_is_left_at_once_when_the_run_is_ended_and_put_back(releases: TargetReleases) -> None:
    script = releases.targets.folder / "deploy.sh"
    script.write_text("#!/bin/sh\ntouch begun\nsleep 3600\n")

    def deploy() -> None:
        with pytest.raises(NotApplied, match="the run was ended while its release went out"):
            releases.deploy("f", BAD)

    out = threading.Thread(target=deploy, daemon=True)
    out.start()
    while not (releases.targets.folder / "begun").exists():
        time.sleep(0.01)
    assert releases.leave_off("f") == "./deploy.sh is under way, and drill does not know its steps"
    assert releases.leave_off("g") == "the release of f is under way, and one is changed at a time"
    releases.hasten()
    assert releases.restore("f") == ""
    assert releases.leave_off("f") == releases.leave_off("g") == ""
    out.join()
    assert done(releases) == ["rollback api shop:bad staging"]


def test_a_deployment_that_fails_is_put_back_all_the_same(releases: TargetReleases) -> None:
    (releases.targets.folder / "broken").write_text("")
    with pytest.raises(NotApplied, match=r"deploy.sh ended with 3"):
        releases.deploy("f", BAD)
    with pytest.raises(NotMended, match=r"rollback.sh ended with 3.*By hand") as told:
        releases.restore("f")
    assert "./rollback.sh" in told.value.commands[0]
    (releases.targets.folder / "broken").unlink()
    assert releases.restore("f") == ""
    assert done(releases) == ["rollback api shop:bad staging"]
