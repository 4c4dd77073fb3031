"""The matrix runner without Docker: a fake `drill` in the place of the command, a throw-away repository, the real rest."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from matrix.cell import FAILED, INCONCLUSIVE, INVALID, NOT, OK, PASSED, Cell, Found, Seen, Table, Want
from matrix.compare import compare
from matrix.controls import TABLE as CONTROLS
from matrix.kills import WHOLE, drawn
from matrix.kills.cut import contradictions, decided_too_early, verdict_too_early
from matrix.kills.play import DRILL as SMALL
from matrix.kills.play import SHOP, processes
from matrix.kills.play import play as kill
from matrix.kills.stages import STAGES
from matrix.lies import TABLE as LIES
from matrix.project import Copy, claim
from matrix.record import Commit, lines_of
from matrix.rehearsal import ROOT, rehearse, seen_in
from matrix.render import page
from matrix.rollbacks import TABLE as ROLLBACKS
from matrix.runner import INVALID_IN_A_ROW, Runner

from harness import facts as f
from harness.testing import journal_of

PAGED = Cell("paged", "nothing", "d", exit_code=1, wants={"p/page": Want(FAILED, "missed", "oncall")}, times=2)
AS_IT_MUST = Seen(
    1, {"p/page": Found(FAILED, "missed", "no page to oncall"), "run/up": Found(PASSED, "met")}, run="r-1"
)
FALSELY = Seen(1, {**AS_IT_MUST.findings, "run/up": Found(FAILED, "died", "api died")})
STARVED = Seen(3, {"p/page": Found(INCONCLUSIVE, "invalid_run", "starved")}, invalid="starved")


@pytest.mark.parametrize(
    ("seen", "result", "differs"),
    [
        (AS_IT_MUST, OK, ""),
        (Seen(0, AS_IT_MUST.findings), NOT, "exit 0, not 1"),
        (Seen(1, {"p/page": Found(FAILED, "late", "to oncall")}), NOT, "p/page: failed late, not failed missed"),
        (Seen(1, {"p/page": Found(FAILED, "missed", "to tickets")}), NOT, "saying “oncall”"),
        (Seen(1, {}), NOT, "p/page: absent"),
        (FALSELY, NOT, "run/up: failed died, not passed (api died)"),
        (STARVED, INVALID, "starved"),
        (Seen(None, invalid="broken off by hand"), INVALID, "broken off by hand"),
        (Seen(1, FALSELY.findings, invalid="starved"), NOT, "run/up"),
        (Seen(3, STARVED.findings, invalid="starved", problems=("left",)), NOT, "left"),
        (Seen(1, AS_IT_MUST.findings, problems=("a container is left",)), NOT, "a container is left"),
        (Seen(1, AS_IT_MUST.findings, invalid="starved"), OK, ""),
    ],
)
def test_expected_against_seen(seen: Seen, result: str, differs: str) -> None:
    said, why = compare(PAGED, seen)
    assert said == result
    assert bool(why) == (result != OK)
    assert differs in " / ".join(why)


# --- the runner --------------------------------------------------------------------------------------------------------


class Rig:
    """A repository with one file that runs are made of, and a runner whose plays are given beforehand."""

    def __init__(self, root: Path, cells: Sequence[Cell] = (PAGED,)) -> None:
        self.root = root
        self.table = Table("trial", "A trial", "What it is.", tuple(cells), made_of=("made_of",))
        self.git("init", "-q")
        self.commit("first")
        self.said: list[str] = []
        self.plays: list[Seen | BaseException] = []
        self.played: list[tuple[str, Path]] = []

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.test")
        command = ("git", "-C", str(self.root), *who, *words)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def commit(self, text: str, file: str = "made_of") -> None:
        (self.root / file).write_text(text)
        self.git("add", file)
        self.git("commit", "-qm", text)

    def play(self, cell: Cell, place: Path) -> Seen:
        self.played.append((cell.name, place))
        seen = self.plays.pop(0)
        if isinstance(seen, BaseException):
            raise seen
        return seen

    @property
    def runner(self) -> Runner:
        return Runner(self.table, self.root, self.root / "work", self.play, self.said.append)

    def run(self, *plays: Seen | BaseException, **asked: Any) -> bool:
        self.plays = list(plays)
        done = self.runner.run(**asked)
        assert self.plays == [], "not every play was asked for"
        return done

    @property
    def results(self) -> list[str]:
        return [line.result for line in lines_of(self.runner.file)]

    @property
    def page(self) -> str:
        return (self.root / "docs" / "trial.md").read_text()


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_each_run_is_a_line_with_all_that_one_asks_of_it(rig: Rig) -> None:
    assert rig.run(AS_IT_MUST, AS_IT_MUST)
    first, second = lines_of(rig.runner.file)
    assert (first.cell, first.number, second.number) == ("paged", 1, 2)
    assert first.commit == rig.git("rev-parse", "HEAD").strip()
    assert not first.dirty
    assert (first.exit_expected, first.exit_seen, first.run) == (1, 1, "r-1")
    assert first.expected == {"p/page": "failed missed, saying “oncall”"}
    assert first.seen == {"p/page": "failed missed", "run/up": "passed met"}
    assert first.load >= 0
    assert first.at.endswith("Z")


def test_it_goes_on_where_it_was_broken_off_and_the_broken_run_is_told(rig: Rig) -> None:
    with pytest.raises(KeyboardInterrupt):
        rig.run(AS_IT_MUST, KeyboardInterrupt())
    assert rig.results == [OK, INVALID]
    assert rig.run(AS_IT_MUST)
    assert rig.results == [OK, INVALID, OK]
    assert rig.run()


def test_a_run_that_came_out_wrong_is_not_repeated_to_look_better(rig: Rig) -> None:
    assert not rig.run(AS_IT_MUST, FALSELY)
    assert not rig.run()
    assert rig.results == [OK, NOT]
    assert "**1 of 2 runs came out as they must**" in rig.page


def test_invalid_runs_are_counted_apart_and_played_again_but_not_for_ever(rig: Rig) -> None:
    assert rig.run(STARVED, AS_IT_MUST, AS_IT_MUST)
    assert "1 of 3 were invalid" in rig.page
    (rig.root / "other").mkdir()
    other = Rig(rig.root / "other")
    assert not other.run(*[STARVED] * INVALID_IN_A_ROW)
    assert "Missing: paged (0 of 2)" in other.page


def test_lines_of_another_commit_are_stale_only_where_it_differs_in_what_a_run_is_made_of(rig: Rig) -> None:
    rig.run(AS_IT_MUST, AS_IT_MUST)
    rig.commit("a note", file="notes")
    (standing,) = rig.runner.standings()
    assert (len(standing.fresh), len(standing.stale)) == (2, 0)
    rig.commit("changed")
    (standing,) = rig.runner.standings()
    assert (len(standing.fresh), len(standing.stale)) == (0, 2)
    assert rig.run()
    assert "2 stale" in rig.said[-1]
    assert rig.run(AS_IT_MUST, AS_IT_MUST, redo_stale=True)
    assert len(rig.results) == 4
    assert len(set(line.commit for line in lines_of(rig.runner.file))) == 2


def test_the_page_counts_every_run_and_those_on_the_newest_code_by_themselves(rig: Rig) -> None:
    rig.run(AS_IT_MUST, FALSELY)
    rig.commit("changed")
    rig.run(AS_IT_MUST, AS_IT_MUST, redo_stale=True)
    rig.commit("a note", file="notes")
    rig.runner.render()
    assert "**3 of 4 runs came out as they must**" in rig.page
    assert "on 2 commits" in rig.page
    assert "On the newest code it was 2 of 2, and 0 invalid." in rig.page
    assert "| 3 of 4 | 0 | 2 of 2 |" in rig.page
    assert sum(line.startswith("| 20") for line in rig.page.splitlines()) == 4


def test_a_run_beside_uncommitted_changes_is_marked_and_never_fresh(rig: Rig) -> None:
    (rig.root / "made_of").write_text("half an edit")
    rig.run(AS_IT_MUST, AS_IT_MUST)
    (line, _) = lines_of(rig.runner.file)
    assert line.dirty
    assert str(line.made_on).endswith("+")
    rig.git("checkout", "-q", "made_of")
    (standing,) = rig.runner.standings()
    assert len(standing.stale) == 2


def test_a_run_waits_for_a_calm_machine_when_asked_to(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = iter([9.0, 9.0, 8.0, 1.0, 1.0])
    slept: list[float] = []
    monkeypatch.setattr("matrix.runner.os.getloadavg", lambda: (next(loads, 1.0), 0.0, 0.0))
    monkeypatch.setattr("matrix.runner.time.sleep", slept.append)
    rig.plays = [AS_IT_MUST, AS_IT_MUST]
    assert dataclasses.replace(rig.runner, below=4.0).run()
    assert len(slept) == 2
    assert [line.load for line in lines_of(rig.runner.file)] == [1.0, 1.0]


def test_only_the_cells_asked_for_are_played(tmp_path: Path) -> None:
    other = Cell("other", "x", "d", exit_code=0)
    rig = Rig(tmp_path, (PAGED, other))
    assert rig.run(Seen(0, {}), only=["other"])
    assert [name for name, _ in rig.played] == ["other"]


def test_a_line_that_was_cut_off_by_a_full_disk_is_no_line(rig: Rig) -> None:
    rig.run(AS_IT_MUST, AS_IT_MUST)
    with rig.runner.file.open("a") as file:
        file.write('{"at": "2026-')
    assert rig.results == [OK, OK]


def test_the_page_is_the_same_for_the_same_lines_and_hides_no_retired_cell(rig: Rig) -> None:
    rig.run(AS_IT_MUST, FALSELY)
    lines = lines_of(rig.runner.file)
    assert page(rig.table, lines) == page(rig.table, lines) == rig.page
    assert "run/up: failed died, not passed (api died)" in rig.page
    bare = Table("trial", "A trial", "What it is.", ())
    assert "2 runs of cells that are no more (paged)" in page(bare, lines)


def test_a_commit_is_told_short(rig: Rig) -> None:
    assert str(Commit("0123456789abcdef")) == "0123456789"


# --- a cell played, with a fake `drill` -----------------------------------------------------------------------------------

FAKE = """
import json, os, pathlib, sys, time
drill, runs = sys.argv[2], pathlib.Path(sys.argv[4])
(pathlib.Path.cwd() / "asked.json").write_text(json.dumps({"argv": sys.argv[1:], "name": os.environ["COMPOSE_PROJECT_NAME"],
    "pool": os.environ.get("POOL"), "python": os.environ["PYTHONPATH"]}))
folder = runs / "d" / "20260101T000000Z-0badcafe"
(folder / "facts").mkdir(parents=True)
(runs / "latest").symlink_to(folder.relative_to(runs))
ending = {"gate": GATE, "refused": ""}
findings = [{"id": "p/page", "outcome": "failed", "reason": "missed", "because": "no page to oncall"}]
(folder / "verdict.json").write_text(json.dumps({"ending": ending, "findings": findings, "invalid": []}))
sys.exit(1)
"""


def fake(place: Path, gate: str = "True", script: str = FAKE) -> tuple[str, ...]:
    file = place / "fake_drill.py"
    file.write_text(script.replace("GATE", gate))
    return (sys.executable, str(file))


def test_a_cell_is_run_in_a_changed_copy_as_a_user_would_run_it(tmp_path: Path) -> None:
    place = tmp_path / "place"

    def change(copy: Copy) -> None:
        copy.edit_drill(lambda drill: drill.update(owner="nobody"))

    cell = Cell(
        "c", "x", "friday-traffic", exit_code=1, change=change, options=("--baseline",), environ={"POOL": "4"},
        phases=("bad-release",),
    )  # fmt: skip
    before = (ROOT / "drills" / "friday-traffic.yaml").read_bytes()
    seen = rehearse(cell, place, fake(tmp_path))
    assert (ROOT / "drills" / "friday-traffic.yaml").read_bytes() == before
    assert seen.exit_code == 1
    assert seen.findings == {"p/page": Found(FAILED, "missed", "no page to oncall")}
    assert seen.run == "20260101T000000Z-0badcafe"
    assert seen.invalid == ""
    asked = json.loads((place / "asked.json").read_text())
    assert asked["argv"][:2] == ["run", "drills/friday-traffic.yaml"]
    assert asked["argv"][-1] == "--baseline"
    assert (asked["name"], asked["pool"], asked["python"]) == ("matrix", "4", str(ROOT))
    text = (place / "drills" / "friday-traffic.yaml").read_text()
    assert "owner: nobody" in text
    assert "bad-release" in text
    assert "orders-slow" not in text


def test_a_gate_that_never_held_and_a_run_without_a_verdict_are_invalid(tmp_path: Path) -> None:
    cell = Cell("c", "x", "first-light", exit_code=1)
    assert "steady" in rehearse(cell, tmp_path / "a", fake(tmp_path, "False")).invalid
    nothing = fake(tmp_path, script="import sys; sys.exit(4)")
    assert rehearse(cell, tmp_path / "b", nothing).invalid == "no verdict: ended with 4"
    assert seen_in(tmp_path / "none", 130).invalid


def test_an_error_of_the_harness_is_no_invalid_run(tmp_path: Path) -> None:
    seen = seen_in(tmp_path / "none", 6)
    assert seen.invalid == ""
    assert compare(PAGED, seen)[0] == NOT


def test_what_could_not_be_done_to_the_run_makes_it_invalid(tmp_path: Path) -> None:
    from harness.facts import GateHeld

    cell = Cell("c", "x", "first-light", exit_code=0, act=lambda live: live.await_fact(GateHeld))
    seen = rehearse(cell, tmp_path / "a", fake(tmp_path))
    assert "the run ended before GateHeld" in seen.invalid


def test_a_run_that_is_broken_off_is_asked_to_mend_and_awaited(tmp_path: Path) -> None:
    script = (
        "import pathlib, signal, sys, time\n"
        "def mend(*_):\n    time.sleep(0.3); pathlib.Path('mended').touch(); sys.exit(130)\n"
        "signal.signal(signal.SIGINT, mend)\n"
        "pathlib.Path('ready').touch()\n"
        "time.sleep(600)\n"
    )

    def act(live: Any) -> None:
        while not (tmp_path / "a" / "ready").exists():
            pass
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rehearse(Cell("c", "x", "first-light", exit_code=0, act=act), tmp_path / "a", fake(tmp_path, script=script))
    assert (tmp_path / "a" / "mended").exists()


# --- the copy, and the controls -------------------------------------------------------------------------------------------


def test_a_change_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    copy = Copy.made(ROOT, tmp_path / "copy", "friday-traffic")
    with pytest.raises(ValueError, match="changes nothing"):
        copy.edit_drill(lambda drill: None)
    with pytest.raises(ValueError, match="changes nothing"):
        copy.text("compose/checkout/rollback.sh", str)
    with pytest.raises(ValueError, match="no phase lunch"):
        copy.cut(["lunch"])


@pytest.mark.parametrize("cell", [*CONTROLS.cells, *LIES.cells, *ROLLBACKS.cells], ids=lambda cell: str(cell.name))
def test_every_control_is_a_drill_that_can_be_run_and_names_findings_that_it_has(cell: Cell, tmp_path: Path) -> None:
    from harness.drill.parse import parse
    from harness.errors import UsageError
    from harness.judge_claim import faults_of
    from harness.plan import make_plan
    from harness.reasons import REASONS

    copy = Copy.made(ROOT, tmp_path / "copy", cell.drill)
    copy.cut(cell.phases)
    cell.change(copy)
    if cell.exit_code == 2:
        with pytest.raises(UsageError):
            parse(copy.drill_file)
        return
    drill = parse(copy.drill_file)
    ids = {claim.id for claim in make_plan(drill).all_claims} | {f"{phase.name}/settles" for phase in drill.phases}
    assert set(cell.wants) <= ids
    assert faults_of(drill)
    assert {want.reason for want in cell.wants.values()} - {""} <= set(REASONS)


def test_the_changes_are_those_that_the_table_tells(tmp_path: Path) -> None:
    def changed(name: str) -> Path:
        cell = CONTROLS.cell(name)
        assert cell is not None
        copy = Copy.made(ROOT, tmp_path / name, cell.drill)
        cell.change(copy)
        return copy.root

    def lines(root: Path, file: str) -> set[str]:
        return set((root / file).read_text().split("\n"))

    rules = "dashboards/rules/checkout.yml"
    assert "alert: CheckoutLatencyHigh" not in (changed("gagged") / rules).read_text()
    assert (changed("no rollback") / "compose/checkout/rollback.sh").is_file()
    assert not (changed("no command") / "compose/checkout/rollback.sh").exists()
    assert lines(changed("slow rollback"), "compose/checkout/rollback.sh") - lines(
        ROOT, "compose/checkout/rollback.sh"
    ) == {"sleep 30"}
    assert "deploy" in (changed("half rollback") / "compose/checkout/compose.yaml").read_text()


def test_a_claim_is_found_by_its_word_and_its_alert() -> None:
    drill = {"phases": [{"name": "p", "expect": [{"a": {"alert": "X"}}, {"a": {"alert": "Y", "n": 1}}]}]}
    assert claim(drill, "p", "a", "Y")["n"] == 1
    with pytest.raises(ValueError, match="unpack"):
        claim(drill, "p", "b")


# --- kills --------------------------------------------------------------------------------------------------------------


def test_the_instants_are_the_same_for_the_same_seed_and_lie_in_every_stage() -> None:
    first, again, other = drawn(7), drawn(7), drawn(8)
    assert [kill.after_s for kill in first] == [kill.after_s for kill in again] != [kill.after_s for kill in other]
    assert len(first) == 20
    assert {kill.stage for kill in first} == set(STAGES)
    assert all(0 <= kill.after_s <= kill.stage.length_s for kill in first)
    assert 4 <= sum(kill.load_too for kill in first) < 20
    assert not [kill for kill in first if kill.load_too and not kill.stage.loaded]


def test_a_cut_run_may_know_less_than_the_whole_and_nothing_else() -> None:
    less = dict.fromkeys(WHOLE, Found(INCONCLUSIVE, "window_open"))
    whole = {name: Found(want.outcome) for name, want in WHOLE.items()}
    assert list(contradictions(less, WHOLE)) == list(contradictions(whole, WHOLE)) == []
    for name, want in WHOLE.items():
        turned = {name: Found(PASSED if want.outcome == FAILED else FAILED)}
        assert len(list(contradictions(turned, WHOLE))) == 1
    assert len(list(contradictions({"slow/settles": Found(FAILED, "not_settled")}, WHOLE))) == 1


def test_nothing_may_be_decided_on_an_open_window() -> None:
    began, ended = f.PhaseBegan(phase="slow", seen_s=10.0), f.PhaseEnded(phase="slow", seen_s=45.0)
    open_, over = journal_of(began), journal_of(began, ended)
    passed = {"slow-works": Found(PASSED, "met")}
    assert len(list(decided_too_early(passed, open_))) == 1
    assert list(decided_too_early(passed, over)) == []
    assert len(list(decided_too_early({"web-stays": Found(PASSED, "met")}, over))) == 1
    assert (
        list(
            decided_too_early(
                {"web-stays": Found(PASSED, "met")}, journal_of(f.LoadEnded(clean=True, ended_s=90.0, seen_s=90.1))
            )
        )
        == []
    )
    assert len(list(decided_too_early({"no-error": Found(FAILED, "logged")}, over))) == 1
    assert list(decided_too_early({"no-error": Found(INCONCLUSIVE, "window_open")}, open_)) == []
    assert list(verdict_too_early(3, open_)) == []
    assert len(list(verdict_too_early(0, open_))) == len(list(verdict_too_early(1, open_))) == 1


def test_the_small_drill_is_one_that_can_be_run_and_has_the_claims_whose_answers_are_known(tmp_path: Path) -> None:
    from harness.drill.parse import parse
    from harness.plan import make_plan

    shutil.copytree(SHOP, tmp_path / "shop")
    (tmp_path / "drills").mkdir()
    shutil.copy(SMALL, tmp_path / "drills")
    plan = make_plan(parse(tmp_path / "drills" / "small.yaml"))
    plan.refuse()
    assert {claim.id for claim in plan.all_claims} == set(WHOLE)


def test_processes_of_a_run_are_found_by_their_place_and_by_its_name(tmp_path: Path) -> None:
    script = "import sys, time; print(flush=True); time.sleep(600)"
    inside = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE)
    named = subprocess.Popen([sys.executable, "-c", script, "drill-0badcafe"], stdout=subprocess.PIPE)
    try:
        for one in (inside, named):
            assert one.stdout is not None
            one.stdout.readline()
        assert set(processes(tmp_path, "0badcafe")) == {inside.pid, named.pid}
    finally:
        for one in (inside, named):
            one.kill()
            one.communicate()
    assert processes(tmp_path, "0badcafe") == []


def test_a_kill_that_is_broken_off_leaves_no_run_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_off(*_: Any) -> str:
        raise KeyboardInterrupt

    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr("matrix.kills.play.words", lambda *_: ["sleep", "600"])
    monkeypatch.setattr("matrix.kills.play.reach", broken_off)
    monkeypatch.setattr("matrix.kills.play.drill", lambda place, *words: asked.append(words))
    with pytest.raises(KeyboardInterrupt):
        kill(drawn(7)[0], tmp_path)
    assert asked == [("mend",)]
    assert processes(tmp_path, "") == []
