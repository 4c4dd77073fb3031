"""A run folder judged: read the drill and the evidence, judge (which is pure), write verdict.json and junit.xml."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.facts import Closed
from harness.verdict import Verdict

if TYPE_CHECKING:
    from harness.journal import Journal
    from harness.masking import Secret
    from harness.report.story import Story


@dataclass(frozen=True)
class Judgement:
    """The verdict, the document that all reports are made of (harness.document.verdict_doc), and the evidence behind it."""

    verdict: Verdict
    document: dict[str, Any]
    story: Story


def judge_folder(folder: Path, drill_file: Path | None = None, *, told: Journal | None = None) -> Judgement:
    """Judge what the folder holds, by its own drill.yaml or by another drill file. Writes nothing.

    Of another file only claims and limits count: what it states otherwise than it was played is not decided.

    `told` are facts that the disk may have refused: the run's own verdict is made with them.

    Raises UsageError for a drill that is none, or a folder without facts.
    """
    from harness import journal as journals
    from harness import kept, ledger, seal
    from harness import series as raw
    from harness.bounded import asked_within
    from harness.cleanups import rows_before
    from harness.damage import FACTS, Damage
    from harness.document import verdict_doc
    from harness.drill.parse import parse
    from harness.drill.resolved import load_resolved
    from harness.expectations.detection import detection
    from harness.expectations.people_story import damaged_records
    from harness.judge import judge, releases_of
    from harness.judge_claim import faults_of
    from harness.logfiles import read_logs
    from harness.orders import disk
    from harness.orders.review import Reviews
    from harness.plan import make_plan
    from harness.report.story import Story
    from harness.run.folder import RunFolder
    from harness.spans import SpanFolder
    from harness.unplayed import as_played, otherwise
    from harness.wall import Wall

    journal = journals.read(folder)
    if told is not None:
        journal = journals.merged({fact.cite: fact for fact in (*journal.facts, *told.facts)}.values())
    if not journal.facts:
        raise UsageError(f"{folder} holds no facts: there is nothing to judge")
    drill = load_resolved(folder) if drill_file is None else parse(drill_file)
    ran = drill if drill_file is None or not (folder / "drill.yaml").exists() else load_resolved(folder)
    rows = ledger.read(folder / "ledger") if (folder / "ledger").is_dir() else ledger.NO_ROWS
    known = kept.known(folder, journal, rows)
    whole = journal
    if math.isfinite(known.until_s):
        journal, rows = whole.cut(known.until_s), rows_before(rows, known.until_s)
    # What a verdict says must not hang on who judges: the secrets of a target are at hand for some, and mask what is shown alone.
    logs = read_logs(folder / "logs", whole, _stack_secrets(folder))
    shown = read_logs(folder / "logs", whole, secrets_of(folder))
    wall = Wall.of(whole)
    series = raw.read(folder / "series", wall)
    spans = SpanFolder(folder / "spans", wall, journal.end_s)
    over = whole.first(Closed) is not None
    plan = make_plan(drill)
    changed = (Damage(frozenset((FACTS,)), said) for said in damaged_records(whole))
    damage = (*changed, *seal.broken(folder, whole))
    books = disk.books(folder, {name: orders.declared() for name, orders in drill.orders.items()})
    orders = Reviews(books, journal, rows, over=over)
    verdict = judge(
        drill,
        plan.all_claims,
        journal,
        rows,
        logs,
        over=over,
        series=series,
        spans=spans,
        orders=orders,
        damage=damage,
        whole=whole,
        lost=known.short,
        lives=not over and RunFolder(folder).lives() != 0,
        ask=asked_within,
    )
    verdict = as_played(verdict, otherwise(drill, ran), plan.all_claims)
    document = verdict_doc(
        verdict,
        whole,
        rows,
        faults_of(ran),
        timeout_s=drill.load.timeout_s,
        releases=releases_of(drill, plan.all_claims, journal, rows, logs),
        detection=detection(journal, tuple(drill.claims())),
        orders=orders,
        given=ran.given,
        candidate=ran.stack.candidate,
    )
    drill_text = drill.origin.document.text if drill_file is None else ""
    return Judgement(
        verdict,
        document,
        Story(document, whole, rows, shown, plan, drill_text, _images(folder), series, _answers(folder)),
    )


def write_results(folder: Path, judgement: Judgement) -> None:
    """verdict.json, junit.xml and report.html in the folder, whole or not at all. Raises OSError.

    The verdict is written first: whatever becomes of the report, it is there.
    """
    from harness.report.json_doc import text
    from harness.report.junit import junit_xml

    write_whole(folder / "verdict.json", text(judgement.document))
    write_whole(folder / "junit.xml", junit_xml(judgement.document))
    write_whole(folder / "report.html", report_page(judgement.story))


def report_page(story: Story) -> str:
    """report.html. A defect of the report's own is told in its place: it must not cost the run its verdict."""
    from harness.report.html.page import broken, page

    try:
        return page(story)
    except Exception:
        import traceback

        return broken(story.document, traceback.format_exc())


def _images(folder: Path) -> dict[str, str]:
    """By service, the image in the Compose file that ran; {} when there is none. Nothing else of that file is told."""
    try:
        services = json.loads((folder / "compose.yaml").read_text(encoding="utf-8"))["services"]
        return {str(name): str(service.get("image", "")) for name, service in services.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _answers(folder: Path) -> dict[str, str]:
    """By request id, the samples of answers that the load kept; a line torn by a kill is left out."""
    found: dict[str, str] = {}
    for path in sorted((folder / "answers").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                sample = json.loads(line)
                found[str(sample["request_id"])] = str(sample["text"])
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
    return found


def secrets_of(folder: Path) -> tuple[Secret, ...] | None:
    """The stack's own secrets, from the Compose file that ran (see harness.stack_secrets.secrets_in), and those by which the run's
    target is reached, as far as they are at hand. None when there is no such file, and no such secret. They are masked wherever a line
    is shown."""
    from harness.target.secrets import at_hand

    own, (targets, _) = _stack_secrets(folder), at_hand(folder)
    return (*(own or ()), *targets) if own is not None or targets else None


def _stack_secrets(folder: Path) -> tuple[Secret, ...] | None:
    """Those that are looked for in the logs. None where they are not known."""
    from harness.stack_secrets import secrets_in

    try:
        project = json.loads((folder / "compose.yaml").read_text(encoding="utf-8").replace("$$", "$"))
        return secrets_in(project, _said(folder))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _said(folder: Path) -> str:
    """The drill, as the run kept it; '' where it died before."""
    try:
        return (folder / "drill.yaml").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def write_whole(path: Path, content: str) -> None:
    """A file with this content, or the one that was there before. Raises OSError."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        with fresh.open(
            "x", encoding="utf-8", errors="backslashreplace"
        ) as file:  # a new one: a link there would be written through
            file.write(content)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
