"""`drill mend`: idempotent, one at a time, after a reboot, on files cut anywhere, and never on a run that lives."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import facts as f
from harness import seal
from harness.cli.mend import _scrub as scrub_of_the_dead
from harness.cli.mend import command
from harness.journal import read
from harness.journal_writer import Writer
from harness.run.folder import RunFolder
from harness.safety import mend as mending
from harness.safety.mend import mend
from harness.safety.openfaults import open_faults
from harness.stack import sweep as sweeping
from harness.stack.sweep import Remains

RUN = "0a0b0c0d"
SLOW = f.Injecting(fault="slow/late", kind="latency", target="web->store", planned_s=30, seen_s=29.8)


class Docker:
    """What is there by run, taken away by a sweep."""

    def __init__(self, **there: Remains) -> None:
        self.there = dict(there)
        self.swept: list[str] = []

    def sweep(self, run: str) -> list[str]:
        self.swept.append(run)
        self.there.pop(run, None)
        return []

    def remains(self, within_s: float) -> dict[str, Remains]:
        return dict(self.there)


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> Docker:
    made = Docker(**{f"{RUN}": Remains(5, 1)})
    monkeypatch.setattr(sweeping, "sweep", made.sweep)
    monkeypatch.setattr(sweeping, "remains", made.remains)
    monkeypatch.setattr(mending, "LATE_S", 0.0)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    path = tmp_path / "runs" / "shop" / f"20260101T000000Z-{RUN}"
    (path / "facts").mkdir(parents=True)
    (path / "alive").write_text("1\n")  # as a power cut leaves it: a process of that number lives, and holds nothing
    return RunFolder(path)


@pytest.fixture
def drill_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    (tmp_path / "pyproject.toml").write_text("[tool.drill]\n")
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str]:
        ended = CliRunner().invoke(command, words)
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.output
        return ended.exit_code, ended.output

    return call


def written(folder: RunFolder, *facts: f.Fact, uptime_s: float = 40.0, boot: str = "") -> None:
    """A run that was opened 40 s ago, `uptime_s` before this machine's monotonic clock stands where it does."""
    writer = Writer(folder.facts, "harness", lambda: 0.001)
    began_ns = time.monotonic_ns() - round(uptime_s * 1e9)
    for fact in (
        f.Opened(drill="shop", run=RUN, wall_unix_s=time.time() - 40, monotonic_ns=began_ns, boot=boot),
        *facts,
    ):
        writer.write(fact)
    writer.close()


def quiet(_: str) -> None:
    pass


@pytest.mark.parametrize("uptime_s", [40.0, -1e6, 1e6], ids=["no reboot", "monotonic in the future", "in the past"])
def test_a_fault_is_mended_once_and_for_all_also_after_a_reboot(
    folder: RunFolder, docker: Docker, drill_mend: Callable[..., tuple[int, str]], uptime_s: float
) -> None:
    written(folder, SLOW, f.Injected(fault="slow/late", begun_s=30, seen_s=30), uptime_s=uptime_s, boot="another")
    assert drill_mend() == (0, f"{RUN}: nothing of it is left\n")
    journal = read(folder.path)
    assert open_faults(journal) == ()
    (out,) = journal.of(f.Mended)
    assert journal.end_s < 1000, "nothing may be written at an instant that the run never had"
    assert 30 <= out.begun_s <= out.seen_s
    assert journal.facts[0] == journal.opened
    assert drill_mend() == (0, "nothing to mend\n")
    assert drill_mend(RUN)[0] == 0
    assert read(folder.path) == journal, "a second one finds nothing to write down"


def test_two_at_once_do_the_work_once_and_write_it_down_once(folder: RunFolder, docker: Docker) -> None:
    written(folder, SLOW)
    first, said = threading.Event(), []

    def slowly(run: str) -> list[str]:
        first.set()
        time.sleep(0.3)
        return Docker.sweep(docker, run)

    sweeping.sweep = slowly  # type: ignore[assignment]  (the fixture puts it back)
    one = threading.Thread(target=lambda: mend(folder, quiet))
    one.start()
    first.wait(10)
    assert mend(folder, said.append) == []
    one.join()
    assert "another `drill mend` is at it" in said[0]
    journal = read(folder.path)
    assert (len(journal.of(f.Mended)), len(journal.of(f.Closed))) == (1, 1)
    assert len({fact.cite for fact in journal.facts}) == len(journal.facts)


def test_a_mend_that_never_ends_is_not_waited_for_for_ever(
    folder: RunFolder, docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "TURN_S", 0.2)
    with mending._turn(folder, quiet) as mine:
        assert mine
        assert "another `drill mend`" in mend(folder, quiet)[0]
    assert docker.swept == []


FILES = {
    "alive": "4711\n",
    "drill.yaml": "drill: schön\nresolved: {base: /x, where: {}}\n",
    "stack.json": '{"project": "drill-0a0b0c0d", "api": ["127.0.0.1", 1], "files": ["/täst/compose.yaml"]}\n',
    "compose.yaml": '{"name": "x"}\n',
    "halt.json": '{"by": "anna"}',
    "ledger/worker-0.json": '{"format": 1, "worker": 0, "row_bytes": 40}',
}


@pytest.mark.parametrize("file", ["facts/harness.jsonl", *FILES])
def test_any_prefix_of_any_file_is_mended(
    folder: RunFolder, docker: Docker, drill_mend: Callable[..., tuple[int, str]], file: str
) -> None:
    (folder.ledger).mkdir()
    for name, text in FILES.items():
        (folder.path / name).write_text(text)
    written(folder, SLOW, f.PhaseBegan(phase="späť", seen_s=31))
    whole = (folder.path / file).read_bytes()
    for end in range(0, len(whole), max(1, len(whole) // 12)):
        (folder.path / file).write_bytes(whole[:end])
        (folder.facts / "mend.jsonl").unlink(missing_ok=True)
        docker.there[RUN] = Remains(5, 1)
        code, said = drill_mend()
        assert (code, docker.there) == (0, {}), said
        assert open_faults(read(folder.path)) == ()


def test_a_disk_that_takes_nothing_keeps_nothing_there(
    folder: RunFolder, docker: Docker, drill_mend: Callable[..., tuple[int, str]]
) -> None:
    written(folder, SLOW)
    (folder.path / "drill.yaml").write_text("drill: shop\n")
    (folder.facts / "mend.jsonl").mkdir()  # root writes through every permission; into a folder nobody writes
    code, said = drill_mend()
    assert (code, docker.there) == (0, {})
    assert "it stands nowhere that this was mended" in said


def test_a_run_of_another_folder_that_lives_is_never_touched(
    folder: RunFolder, docker: Docker, drill_mend: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not by --force: several targets at once do not touch each other."""
    monkeypatch.setenv("DRILL_HOME", "elsewhere")
    docker.there = {RUN: Remains(5, 1, folder=folder.path)}
    with folder.alive():
        code, said = drill_mend("--force")
    assert (code, docker.swept) == (0, [])
    assert f"drill halt {folder.path}" in said


def test_a_dead_run_of_another_folder_is_mended_there_by_force_alone(
    folder: RunFolder, docker: Docker, drill_mend: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRILL_HOME", "elsewhere")
    written(folder, SLOW)
    docker.there = {RUN: Remains(5, 1, folder=folder.path)}
    code, said = drill_mend()
    assert (code, docker.swept) == (0, [])
    assert f"drill mend {folder.path}" in said
    assert drill_mend("--force")[0] == 0
    assert open_faults(read(folder.path)) == ()


def test_what_has_no_folder_any_more_goes_by_its_label_when_forced(
    docker: Docker, drill_mend: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    docker.there = {RUN: Remains(0, 1), "11111111": Remains(2, folder=tmp_path / "gone")}
    assert drill_mend()[0] == 0
    assert docker.swept == []
    code, said = drill_mend("--force")
    assert (code, sorted(docker.swept)) == (0, [RUN, "11111111"])
    assert "removed (no run folder here)" in said
    assert drill_mend("--force") == (0, "nothing to mend\n")


def test_a_run_that_just_begins_is_no_dead_one(tmp_path: Path) -> None:
    from harness.run import folder as folders

    made = folders.create(tmp_path / "runs", "shop")
    assert folders.every(tmp_path / "runs") == [], "until it holds its folder, nobody finds it"
    with made.alive():
        (found,) = folders.every(tmp_path / "runs")
        assert found.lives() > 0


def test_of_a_run_that_was_killed_before_its_first_fact_there_is_nothing_to_mend(
    tmp_path: Path, docker: Docker, drill_mend: Callable[..., tuple[int, str]]
) -> None:
    from harness.run import folder as folders

    made = folders.create(tmp_path / "runs", "shop")
    for _ in "first", "again":
        code, said = drill_mend(str(made.path))
        assert (code, docker.swept) == (0, [])
        assert "nothing was begun in it" in said
    (tmp_path / "else").mkdir()
    assert not folders.blank(str(tmp_path / "else")), "some other folder is no run"


def test_what_a_kept_run_has_sealed_is_not_scrubbed_again(folder: RunFolder) -> None:
    """The run's own Compose file has another project name: what was no secret while it ran reads like one there."""
    body = {"image": "x", "environment": {"DB_PASSWORD": "bookshop"}}
    (folder.path / "compose.yaml").write_text(json.dumps({"name": f"drill-{RUN}", "services": {"web": body}}))
    (folder.path / "logs").mkdir()
    log = folder.path / "logs" / "web.log"
    log.write_text("welcome to bookshop\n")
    scrub_of_the_dead(folder, print)
    assert log.read_text() == "welcome to [DB_PASSWORD]\n", "a run that died could not do so itself"
    log.write_text("welcome to bookshop\n")
    writer = Writer(folder.facts, "harness", lambda: 10.0)
    writer.write(f.EvidenceSealed(files=seal.hashes(folder.path)), durable=True)
    scrub_of_the_dead(folder, print)
    assert seal.broken(folder.path, read(folder.path)) == ()
