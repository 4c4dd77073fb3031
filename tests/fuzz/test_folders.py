"""A run's folder, damaged: judging it ends with a verdict or a located refusal, and what had failed has not passed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from calibration import shop_folder
from calibration.shop import Ways, played

from fuzz.mutate import mutated
from fuzz.target import limited
from harness import facts as f
from harness import journal, seal
from harness.chain import root
from harness.errors import UsageError
from harness.journal_writer import Writer
from harness.judging import judge_folder, report_page
from harness.report.junit import junit_xml
from harness.report.markdown import markdown
from harness.verdict import Outcome, Verdict

TRIES = int(os.environ.get("DRILL_FUZZ_FOLDERS", "40"))
LIMIT_S = 20.0


def sealed(folder: Path) -> Path:
    """The journal written again as a run does: chained, with the hashes of all else before its end."""
    facts = journal.read(folder).facts
    (folder / "facts" / "harness.jsonl").unlink()
    writer = Writer(folder / "facts", "harness", lambda: 0.0, chained=root(shop_folder.RUN, "harness"))
    for fact in facts:
        if isinstance(fact, f.Closed):
            writer.write(f.EvidenceSealed(files=seal.hashes(folder), seen_s=fact.seen_s - 0.1))
        writer.write(fact)
    writer.close()
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("runs")
    ways = {"good": Ways(), "bad": Ways(acks_before_commit=True)}
    return {name: sealed(shop_folder.write(played(2, way), home / name)) for name, way in ways.items()}


def verdict_of(folder: Path) -> Verdict | None:
    """None for a folder that is refused with the file that is wrong. Its reports are made as well."""
    try:
        judgement = judge_folder(folder)
    except UsageError as error:
        if folder.name not in str(error):
            pytest.fail(f"the refusal does not say which file: {error}")
        return None
    page = report_page(judgement.story)
    assert "Traceback" not in page
    markdown(judgement.story)
    junit_xml(judgement.document)
    return judgement.verdict


def outcomes(verdict: Verdict) -> dict[str, Outcome]:
    return {one.id: one.finding.outcome for one in verdict.findings}


def damages(random: Random) -> Iterator[tuple[str, Callable[[Path], None]]]:
    """One each: a file changed, emptied, gone, linked elsewhere, or taken for another."""

    def change(folder: Path) -> None:
        path = random.choice(_files(folder))
        path.write_bytes(mutated(path.read_bytes(), random))

    def swap(folder: Path) -> None:
        one, two = random.sample(_files(folder), 2)
        data = one.read_bytes()
        one.write_bytes(two.read_bytes())
        two.write_bytes(data)

    def gone(folder: Path) -> None:
        random.choice(_files(folder)).unlink()

    def linked(folder: Path) -> None:
        path = random.choice(_files(folder))
        path.unlink()
        path.symlink_to("/etc/passwd")

    for _ in range(TRIES):
        yield random.choice(
            (
                ("change", change),
                ("change", change),
                ("change", change),
                ("swap", swap),
                ("gone", gone),
                ("linked", linked),
            )
        )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def test_a_run_as_it_was_written_is_judged_as_it_was(whole: dict[str, Path]) -> None:
    good, bad = (verdict_of(whole[name]) for name in ("good", "bad"))
    assert good is not None
    assert bad is not None
    assert good.exit_code == 0, [(one.id, one.finding.because) for one in good.findings] + list(good.invalid)
    assert bad.exit_code == 1


@pytest.mark.parametrize("name", ["good", "bad"])
def test_a_damaged_run_never_passes(whole: dict[str, Path], name: str, tmp_path: Path) -> None:
    before = verdict_of(whole[name])
    assert before is not None
    random = Random(f"{name}-7")
    for number, (kind, damage) in enumerate(damages(random)):
        folder = tmp_path / f"{number}"
        shutil.copytree(whole[name], folder)
        damage(folder)
        same = all(
            (folder / path.relative_to(whole[name])).exists()
            and (folder / path.relative_to(whole[name])).read_bytes() == path.read_bytes()
            for path in _files(whole[name])
        )
        with limited(LIMIT_S):
            after = verdict_of(folder)
        if after is not None and not same:
            told = outcomes(after)
            turned = [
                id_
                for id_, outcome in outcomes(before).items()
                if outcome is Outcome.FAILED and told.get(id_) is Outcome.PASSED
            ]
            assert not turned, (kind, number)
            assert after.exit_code != 0, (kind, number, after.invalid)
        shutil.rmtree(folder)


def test_a_line_less_or_another_number_in_the_evidence_is_told(whole: dict[str, Path], tmp_path: Path) -> None:
    for number, (file, old, new) in enumerate(
        (
            ("facts/harness.jsonl", b'"cpu_ratio":0.1', b'"cpu_ratio":0.2'),
            ("orders/asked-0.jsonl", b'"row": 1,', b'"row": 2,'),
            ("drill.yaml", b"drill:", b"drill: "),
        )
    ):
        folder = tmp_path / f"{number}"
        shutil.copytree(whole["good"], folder)
        path = folder / file
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new, 1))
        verdict = verdict_of(folder)
        assert verdict is not None
        assert file in verdict.invalid[0]
        assert Outcome.PASSED not in outcomes(verdict).values()


def test_a_link_in_a_folder_is_not_written_through(whole: dict[str, Path], tmp_path: Path) -> None:
    from harness.judging import write_results

    folder, mine = tmp_path / "run", tmp_path / "mine"
    shutil.copytree(whole["good"], folder)
    mine.write_text("mine")
    for name in (".verdict.json.new", "verdict.json", ".report.html.new", "report.html", "junit.xml"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(mine)
    write_results(folder, judge_folder(folder))
    assert mine.read_text() == "mine"
    assert not (folder / "verdict.json").is_symlink()
