"""Recorded runs of the real stack: judged as healthy ones, and with defects planted into copies of their evidence.

Only what the form of the evidence allows can be planted so: what the service did is done. A plant is tried on every claim of its
word that passed in the run itself, and must turn that one into a failure with its own reason.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from calibration.rates import Null, Rate, told
from calibration.work import Work
from harness.judging import judge_folder
from harness.ledger import DTYPE, OUTCOMES
from harness.series.disk import DTYPE as SAMPLES
from harness.verdict import Judged, Outcome, Verdict

Fact = dict[str, Any]
Change = Callable[[Path, Judged, Any], None]
"""Edits a copied run folder so that this claim (its finding, its expectation) must fail."""


@dataclass(frozen=True)
class Graft:
    """A defect that can be planted into a recording: for claims of a word, found by one of these reasons."""

    word: str
    plant: Change
    reasons: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.plant.__name__


def no_pages(folder: Path, judged: Judged, claim: Any) -> None:
    """No delivery about the alert ever came."""
    _facts(folder, lambda fact: None if fact["fact"] == "paged" and fact["alert"] == claim.alert else fact)


def other_receiver(folder: Path, judged: Judged, claim: Any) -> None:
    """Pages about the alert went to somebody else."""
    _facts(
        folder,
        lambda fact: (
            {**fact, "receiver": "somebody-else"} if fact["fact"] == "paged" and fact["alert"] == claim.alert else fact
        ),
    )


def rule_gone(folder: Path, judged: Judged, claim: Any) -> None:
    """Prometheus never had the rule, so that nobody was told."""
    told = ("alert_changed", "alert_routed", "paged")

    def without(fact: Fact) -> Fact | None:
        mine = fact.get("rule") == claim.alert or (fact["fact"] in told and fact["alert"] == claim.alert)
        return None if mine else fact

    _facts(folder, without)


def never_fires(folder: Path, judged: Judged, claim: Any) -> None:
    """The alert was never anything but inactive."""
    _facts(folder, lambda fact: None if fact["fact"] == "alert_changed" and fact["alert"] == claim.alert else fact)


def dies(folder: Path, judged: Judged, claim: Any) -> None:
    """A container of the claim's died by itself in the middle of its window."""
    facts = list(_read(folder))
    service = claim.service
    seen = next(f for f in facts if f["fact"] == "container_seen" and service in ("*", f["service"]))
    at_s = _middle(facts, judged.phase)
    died = {"fact": "container_changed", "service": seen["service"], "container": seen["container"], "event": "die"}
    _append(folder, {**died, "exit_code": 1, "detail": "", "seen_s": at_s, "happened_s": at_s})


def panel_empty(folder: Path, judged: Judged, claim: Any) -> None:
    """One panel of the dashboard never gave a sample."""
    panel = next(f for f in _read(folder) if f["fact"] == "panel_found" and f["dashboard"] == claim.file and f["query"])
    _facts(
        folder,
        lambda fact: (
            {**fact, "count": 0, "value": None}
            if fact["fact"] == "sampled" and fact["query"] == panel["query"]
            else fact
        ),
    )


def ids_stripped(folder: Path, judged: Judged, claim: Any) -> None:
    """No line of any log bears an id of ours."""
    for path in (folder / "logs").glob("*.log"):
        text = path.read_text(errors="replace")
        path.write_text(re.sub(r"drill-[\w]+-\d+-\d+|(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", "-", text))


def secret_logged(folder: Path, judged: Judged, claim: Any) -> None:
    """A line holds an address with its password."""
    _log(folder, judged, "connecting to postgres://shop:Zx81q-77hFw@db/shop")


def forbidden_line(folder: Path, judged: Judged, claim: Any) -> None:
    """A line that must not be there is: a stack trace, a panic, whatever the claim forbids in plain words."""
    _log(folder, judged, re.sub(r"\\.|[\[\](){}^$*+?]", "", claim.matches.split("|")[0]))


def errors_served(folder: Path, judged: Judged, claim: Any) -> None:
    """Half of the answers were errors."""

    def broken(rows: Any) -> None:
        ok = np.flatnonzero(rows["outcome"] == OUTCOMES.index("ok"))[::2]
        rows["outcome"][ok], rows["status"][ok] = OUTCOMES.index("5xx"), 500

    _rows(folder, broken)


def slow_answers(folder: Path, judged: Judged, claim: Any) -> None:
    """Every answer took a hundred times as long."""

    def slowed(rows: Any) -> None:
        answered = rows["took_us"] < 10_000_000
        rows["took_us"][answered] = np.minimum(rows["took_us"][answered].astype(np.uint64) * 100, 60_000_000)

    _rows(folder, slowed)


def counter_loses(folder: Path, judged: Judged, claim: Any) -> None:
    """The counter rises by two for every three."""
    _samples(folder, claim.selectors(), lambda values: np.floor(values * 2 / 3))


def metric_gone(folder: Path, judged: Judged, claim: Any) -> None:
    """The metric is no longer exposed from the middle of the window on."""
    opened = next(fact for fact in _read(folder) if fact["fact"] == "opened")
    at_ms = 1000 * (opened["wall_unix_s"] + _middle(list(_read(folder)), judged.phase))
    numbers = _numbers(folder, claim.selectors())
    path = folder / "series" / "samples.rows"
    rows = np.fromfile(path, SAMPLES)
    rows[~(np.isin(rows["series"], numbers) & (rows["unix_ms"] > at_ms))].tofile(path)


GRAFTS = (
    Graft("page_sent", no_pages, ("not_delivered", "missed")),
    Graft("page_sent", other_receiver, ("wrong_receiver", "not_delivered")),
    Graft("alert_fires", rule_gone, ("rule_missing",)),
    Graft("alert_fires", never_fires, ("missed",)),
    Graft("stays_up", dies, ("died",)),
    Graft("dashboard_live", panel_empty, ("no_samples",)),
    Graft("log_coverage", ids_stripped, ("no_id", "lost_log")),
    Graft("log_coverage", secret_logged, ("secret_logged",)),
    Graft("log_quiet", forbidden_line, ("logged",)),
    Graft("errors_below", errors_served, ("not_met",)),
    Graft("responds_within", slow_answers, ("not_met",)),
    Graft("metric_count_truth", counter_loses, ("undercount",)),
    Graft("metric_fresh", metric_gone, ("vanished",)),
)


@dataclass
class Grafted:
    graft: Graft
    found: Rate = field(default_factory=Rate)
    instead: Counter[str] = field(default_factory=Counter)


def recorded(
    folders: Sequence[Path], say: Callable[[str], None] = print, work: Work | None = None
) -> tuple[Null, list[Grafted]]:
    """Every folder judged as it is, and with each graft that its passed claims allow."""
    null, results = Null(), [Grafted(graft) for graft in GRAFTS]
    pieces = (work or Work(None)).done(f"recorded {folders}", partial(_tried, tuple(folders)), range(len(folders)), say)
    for number, (folder, run) in enumerate(zip(folders, pieces, strict=True)):
        null.count(number, run["told"])
        for result, instead in zip(results, run["grafts"], strict=True):
            for said in instead:
                result.found.add(not said)
                result.instead.update([said] if said else [])
        say(f"  {folder}: {run['word']}")
    return null, results


def _tried(folders: Sequence[Path], number: int) -> dict[str, Any]:
    """One folder: what was told of it, and for each graft what was said instead of its own reason ('' where that was), claim by claim."""
    folder = folders[number]
    verdict, claims = _judged(folder)
    return {
        "told": told(verdict),
        "word": verdict.word,
        "grafts": [list(_instead(folder, graft, verdict, claims)) for graft in GRAFTS],
    }


def _instead(folder: Path, graft: Graft, verdict: Verdict, claims: Mapping[str, tuple[str, Any]]) -> Iterator[str]:
    for one in verdict.findings:
        word, claim = claims.get(one.id, ("", None))
        if one.finding.outcome is Outcome.PASSED and word == graft.word and not _any_alert(claim):
            finding = _grafted(folder, graft, one, claim).finding
            found = finding.outcome is Outcome.FAILED and finding.reason in graft.reasons
            yield "" if found else f"{finding.outcome.value}: {finding.reason}"


def _any_alert(claim: Any) -> bool:
    """Whether the claim is about alerts by a pattern: another one may meet it, so that a plant on one alert decides nothing."""
    return bool(set("*?[") & set(getattr(claim, "alert", "")))


def _judged(folder: Path) -> tuple[Verdict, dict[str, tuple[str, Any]]]:
    judgement = judge_folder(folder)
    claims = {claim.id: (claim.expectation.word, claim.expectation) for claim in judgement.story.plan.all_claims}
    return judgement.verdict, claims


def _grafted(folder: Path, graft: Graft, one: Judged, claim: Any) -> Judged:
    with tempfile.TemporaryDirectory(prefix="drill-calibration-") as scratch:
        copy = Path(scratch) / "run"
        shutil.copytree(folder, copy, symlinks=True)
        graft.plant(copy, one, claim)
        _as_written(copy)
        verdict, _ = _judged(copy)
        return next(found for found in verdict.findings if found.id == one.id)


# --- a folder's files, read and written again --------------------------------------------------------------------------


def _read(folder: Path) -> Iterator[Fact]:
    for path in sorted((folder / "facts").glob("*.jsonl")):
        yield from (json.loads(line) for line in path.read_text().splitlines() if line.strip())


def _facts(folder: Path, change: Callable[[Fact], Fact | None]) -> None:
    """Each fact changed, or taken out (None)."""
    for path in sorted((folder / "facts").glob("*.jsonl")):
        changed = (change(json.loads(line)) for line in path.read_text().splitlines() if line.strip())
        path.write_text("".join(json.dumps(fact) + "\n" for fact in changed if fact is not None))


def _as_written(folder: Path) -> None:
    """What was planted stands there as a run would have written it: numbered anew, and neither chained nor sealed."""
    for path in sorted((folder / "facts").glob("*.jsonl")):
        if not path.stem.startswith("people-"):
            facts = (json.loads(line) for line in path.read_text().splitlines() if line.strip())
            kept = [fact for fact in facts if fact["fact"] != "evidence_sealed"]
            told = ({name: value for name, value in fact.items() if name != "prev"} for fact in kept)
            path.write_text("".join(json.dumps({**fact, "number": n}) + "\n" for n, fact in enumerate(told, start=1)))


def _append(folder: Path, fact: Fact) -> None:
    path = folder / "facts" / "planted.jsonl"
    with path.open("a") as file:
        file.write(json.dumps({**fact, "writer": "planted", "number": 1}) + "\n")


def _middle(facts: Sequence[Fact], phase: str) -> float:
    """The middle of a phase, or of the whole run."""
    began = next((f for f in facts if f["fact"] == "phase_began" and phase in ("", f["phase"])), None)
    ended = [f for f in facts if f["fact"] == "phase_ended" and phase in ("", f["phase"])]
    assert began is not None, phase
    assert ended, phase
    return float(began["seen_s"] + ended[-1]["seen_s"]) / 2


def _log(folder: Path, judged: Judged, text: str) -> None:
    """A line more in the first log, in the middle of the claim's window."""
    from datetime import UTC, datetime

    facts = list(_read(folder))
    opened = next(fact for fact in facts if fact["fact"] == "opened")
    stamp = datetime.fromtimestamp(opened["wall_unix_s"] + _middle(facts, judged.phase), UTC)
    entries = [json.loads(line) for line in (folder / "logs" / "index.jsonl").read_text().splitlines()]
    path = folder / "logs" / next(entry["file"] for entry in entries)
    lines = path.read_text(errors="replace").splitlines(keepends=True)
    planted = f"{stamp.strftime('%Y-%m-%dT%H:%M:%S.%f')}000Z {text}\n"
    place = next((i for i, line in enumerate(lines) if line > planted), len(lines))
    path.write_text("".join([*lines[:place], planted, *lines[place:]]))


def _rows(folder: Path, change: Callable[[Any], None]) -> None:
    for path in sorted((folder / "ledger").glob("*.rows")):
        rows = np.fromfile(path, DTYPE)
        change(rows)
        rows.tofile(path)


def _numbers(folder: Path, selectors: Sequence[str]) -> list[int]:
    names = [json.loads(line) for line in (folder / "series" / "names.jsonl").read_text().splitlines()]
    return [entry["series"] for entry in names if "series" in entry and entry["selector"] in selectors]


def _samples(folder: Path, selectors: Sequence[str], change: Callable[[Any], Any]) -> None:
    path = folder / "series" / "samples.rows"
    rows = np.fromfile(path, SAMPLES)
    mine = np.isin(rows["series"], _numbers(folder, selectors))
    rows["value"][mine] = change(rows["value"][mine])
    rows.tofile(path)
