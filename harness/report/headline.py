"""The verdict in one sentence, and what failed first with the artefact that proves it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.journal import Journal
from harness.report.proof import Proof
from harness.urls import of_health

BOUNDS = ("phase_began", "phase_ended", "phase_settled", "load_ended", "gate_held", "injected", "mended")
"""Facts that only say which stretch a claim is about: no artefact as long as there is another."""


@dataclass(frozen=True)
class First:
    """The failure that came first. `at_s`: when its artefact happened, or its phase began."""

    finding: Mapping[str, Any]
    artefact: Proof | None
    at_s: float | None


def word(document: Mapping[str, Any]) -> str:
    """The verdict in a word or two; of a run that has none yet, that."""
    return "still runs" if document["ending"].get("running") else str(document["verdict"]).replace("_", " ")


def sentence(document: Mapping[str, Any]) -> str:  # noqa: PLR0911 (one line for each way a run can end)
    """The whole verdict, in one sentence that stands alone."""
    findings, ending = document["findings"], document["ending"]
    drill, total = document["drill"], len(findings)
    failed = [f for f in findings if f["outcome"] == "failed"]
    open_ = [f for f in findings if f["outcome"] == "inconclusive"]
    also = f" By then {_counted(len(failed), total)} had failed." if failed else ""
    if ending.get("running"):
        return f"{drill} still runs, and this is no verdict yet: {_line(document['invalid'][0])}.{also}"
    match document["exit_code"]:
        case 0:
            idle = f" ({unhurt(findings)})" if unhurt(findings) else ""
            hollow = f" {text}." if (text := only_liveness(document)) else ""
            return (
                f"{drill} did what was expected of it: all {total} expectations passed{idle}{_under(document)}.{hollow}"
            )
        case 1:
            more = f", and {len(open_)} could not be decided" if open_ else ""
            return f"{drill} did not do what was expected of it: {_counted(len(failed), total)} failed{more}."
        case 4:
            return f"{drill} could not run, and nothing was injected: {_line(ending['refused'])}."
        case 5:
            return f"{drill} was ended before its time ({_line(ending['stopped'])}), and its faults are out.{also}"
        case 6:
            return f"The harness itself broke while it ran {drill}: {_line(ending['broken'])}.{also}"
        case 7:
            return f"A fault of {drill} is STILL ON: {_line('; '.join(ending['not_mended']))}.{also}"
        case 130 | 143:
            return f"{drill} was interrupted by a signal, and its faults are out.{also}"
    if ending["gate"] is False:
        return f"Nothing is known of {drill}: its steady state never held, so nothing was injected."
    if document["invalid"]:
        return f"{drill} decides nothing, for the run is invalid: {_line(document['invalid'][0])}.{also}"
    if not findings:
        return f"{drill} decides nothing: it expects nothing."
    return f"{drill} leaves {_counted(len(open_), total)} undecided, and none failed: no evidence is no pass."


def first_failed(findings: Sequence[Mapping[str, Any]], proofs: Mapping[str, Proof], journal: Journal) -> First | None:
    """The failed finding whose artefact is the earliest, none earlier than its phase; None when none failed."""
    failures = []
    for finding in findings:
        if finding["outcome"] == "failed":
            window = journal.window(finding["phase"])
            begins_s = window.start_s if window else -math.inf
            proof = artefact(finding, proofs, begins_s)
            failures.append(First(finding, proof, _failed_s(finding, _found(finding, proofs), proof, begins_s)))
    return min(failures, key=lambda first: math.inf if first.at_s is None else first.at_s, default=None)


def artefact(finding: Mapping[str, Any], proofs: Mapping[str, Proof], begins_s: float = -math.inf) -> Proof | None:
    """The citation that shows most: a request, a log line or an event; what was before the window (a reading to compare with, how a
    rule stood) only when there is nothing later, and a bound of the window only when there is no other."""
    found = _found(finding, proofs)
    telling = [proof for proof in found if proof.title not in BOUNDS]
    mine = [proof for proof in telling if not _before(proof, begins_s)]
    return next(iter(mine or telling or found), None)


def _found(finding: Mapping[str, Any], proofs: Mapping[str, Proof]) -> list[Proof]:
    return [proofs[cite] for cite in finding["cites"] if cite in proofs and proofs[cite].kind != "missing"]


def _before(proof: Proof, begins_s: float) -> bool:
    """Whether it only shows what was before. A request and a line are what failed themselves, whenever that was."""
    return proof.kind == "fact" and proof.at_s is not None and proof.at_s < begins_s


def _failed_s(finding: Mapping[str, Any], found: Sequence[Proof], proof: Proof | None, begins_s: float) -> float | None:
    """When its artefact happened; where that was before, the first citation that was not, or the phase's beginning."""
    told_s = [one.at_s for one in (proof, *found) if one and one.at_s is not None and not _before(one, begins_s)]
    began_s = [begins_s] if finding["phase"] and math.isfinite(begins_s) else []
    return max(told_s[:1] + began_s, default=None)


def unhurt(findings: Sequence[Mapping[str, Any]]) -> str:
    """How many passed although they were not put to the test, in words; '' when none did."""
    count = sum(finding["outcome"] == "passed" and finding.get("reason") == "unhurt" for finding in findings)
    return f"{count} only because nothing was hurt" if count else ""


def only_liveness(document: Mapping[str, Any]) -> str:
    """That the load asked for nothing that surely needs what was hurt, and no request noticed; '' where that is not so."""
    asked = [line for phase in document.get("phases", ()) for line in phase["by_request"]]
    names = sorted({line["request"] for line in asked})
    hurt = any(fault["on_s"] is not None for fault in document["faults"])
    if not hurt or not names or any(line["errors"] for line in asked) or not all(map(of_health, names)):
        return ""
    return (
        f"The load asked only for pages that tell whether a service lives ({', '.join(names)}), and none failed: perhaps none of "
        "them needs what the faults hurt, so this may prove nothing of what your users ask for"
    )


def under_test(document: Mapping[str, Any]) -> str:
    """Which release stood under test, and what else the command line changed in the drill; '' for neither."""
    releases = [f"{service} runs {image}" for service, image in document.get("candidate", {}).items()]
    given = [text for text in document.get("given", ()) if not text.startswith("--candidate ")]
    parts = [f"release under test: {', '.join(releases)}"] if releases else []
    parts += [f"set for this run: {', '.join(given)}"] if given else []
    return "; ".join(parts)


def faults_told(document: Mapping[str, Any]) -> str:
    """What became of the faults, in a few words."""
    faults = [fault for fault in document["faults"] if fault["asked_s"] is not None]
    if not faults:
        return "no fault was injected"
    landed = sum(fault["landing"]["outcome"] in ("landed", "partial") for fault in faults)
    if document["ending"]["not_mended"]:
        out = "A FAULT IS STILL ON"
    elif all(fault["mended_s"] is not None or fault["on_s"] is None for fault in faults):
        out = "all out again"
    else:
        out = "not known to be all out"
    never = len(document["faults"]) - len(faults)
    return f"{landed} of {len(faults)} faults landed, {out}" + (f"; {never} never injected" if never else "")


def _under(document: Mapping[str, Any]) -> str:
    faults = [fault["id"] for fault in document["faults"] if fault["asked_s"] is not None]
    return f", with {len(faults)} fault{'s' if len(faults) > 1 else ''} felt and put right" if faults else ""


def _counted(count: int, total: int) -> str:
    return f"{count} of {total} expectation{'s' if total > 1 else ''}"


def _line(text: str) -> str:
    return " ".join(str(text).split()).rstrip(".")
