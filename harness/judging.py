"""A run folder judged: read the drill and the evidence, judge (which is pure), write verdict.json and junit.xml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.facts import Closed
from harness.verdict import Verdict

if TYPE_CHECKING:
    from harness.journal import Journal


@dataclass(frozen=True)
class Judgement:
    """The verdict, and the document that all reports are made of (harness.document.verdict_doc)."""

    verdict: Verdict
    document: dict[str, Any]


def judge_folder(folder: Path, drill_file: Path | None = None, *, told: Journal | None = None) -> Judgement:
    """Judge what the folder holds, by its own drill.yaml or by another drill file. Writes nothing.

    `told` are facts that the disk may have refused: the run's own verdict is made with them.

    Raises UsageError for a drill that is none, or a folder without facts.
    """
    from harness import journal as journals
    from harness import ledger
    from harness.document import verdict_doc
    from harness.drill.parse import parse
    from harness.drill.resolved import load_resolved
    from harness.errors import UsageError
    from harness.judge import faults_of, judge
    from harness.logfiles import read_logs
    from harness.plan import make_plan

    journal = journals.read(folder)
    if told is not None:
        journal = journals.merged({fact.cite: fact for fact in (*journal.facts, *told.facts)}.values())
    if not journal.facts:
        raise UsageError(f"{folder} holds no facts: there is nothing to judge")
    drill = load_resolved(folder) if drill_file is None else parse(drill_file)
    rows = ledger.read(folder / "ledger") if (folder / "ledger").is_dir() else ledger.NO_ROWS
    logs = read_logs(folder / "logs", journal)
    over = journal.first(Closed) is not None
    verdict = judge(drill, make_plan(drill).all_claims, journal, rows, logs, over=over)
    document = verdict_doc(verdict, journal, rows, faults_of(drill), timeout_s=drill.load.timeout_s)
    return Judgement(verdict, document)


def write_results(folder: Path, judgement: Judgement, *, junit: Path | None = None) -> None:
    """verdict.json and junit.xml in the folder, whole or not at all; `junit` is a further place for the latter."""
    from harness.report.json_doc import text
    from harness.report.junit import junit_xml

    _write(folder / "verdict.json", text(judgement.document))
    _write(folder / "junit.xml", junit_xml(judgement.document))
    if junit is not None:
        junit.parent.mkdir(parents=True, exist_ok=True)
        _write(junit, junit_xml(judgement.document))


def _write(path: Path, content: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_text(content, encoding="utf-8")
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
