"""The last lines of a run, to be copied into a ticket: the verdict, what failed and why, what was not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.harmless import one_line
from harness.quantities import spell
from harness.report.headline import only_liveness, under_test, unhurt, word
from harness.report.junit import endings
from harness.report.ladder import climbed
from harness.report.paint import Paint
from harness.report.releases import few_users, named, never, span
from harness.report.sizes import plain
from harness.report.state_table import table_lines
from harness.report.told_once import at_the_fault, because
from harness.stats.condition import show_ms

MARKS = {"failed": "✗", "inconclusive": "?", "passed": "✓"}
ASCII = str.maketrans({"✗": "X", "✓": "+", "⚡": "*", "–": "-", "…": "...", "→": "->", "≥": ">=", "≤": "<=", "↩": "<"})
ALIKE = 3  # so many findings that say the same are told as one


def summary(document: Mapping[str, Any], report: str, *, colour: bool = False) -> str:
    """The whole summary as text. `report` is where the report lies, or the run's folder, as it is printed."""
    return "\n".join(_lines(document, report, Paint(colour))) + "\n"


def in_ascii(text: str) -> str:
    """The same for a terminal that has no other characters; the marks stay apart from each other."""
    return text.translate(ASCII).encode("ascii", "replace").decode()


def _lines(document: Mapping[str, Any], report: str, paint: Paint) -> Iterator[str]:
    findings = [{**one, "because": because(one, document["faults"])} for one in document["findings"]]
    yield _first(document, paint)
    if changed := under_test(document):
        yield f"  {one_line(changed)}"
    if hollow := only_liveness(document):
        yield f"  {paint('!', 'inconclusive')} {hollow}"
    for kind, what in endings(document):
        first, *more = what.splitlines() or [""]
        yield f"  {paint('!', 'failed')} {kind.replace('_', ' ')}: {one_line(first)}"
        yield from (f"      {one_line(line)}" for line in more if line.strip())
    if document["ending"]["gate"] is False and not document["invalid"]:
        yield f"  {paint('!', 'failed')} the steady state never held; nothing was injected"
    yield from _faults(document, paint)
    yield from _releases(document, paint)
    yield from _phases(document, paint)
    alike = _alike(findings)
    width = min(44, max((len(f["id"]) for f in findings if f["id"] not in alike), default=0))
    for outcome in MARKS:
        for finding in findings:
            if finding["outcome"] != outcome:
                continue
            if finding["id"] not in alike:
                yield from _finding(finding, width, paint)
            elif alike[finding["id"]]:
                yield from _group(alike[finding["id"]], paint)
    yield from (f"    {one_line(line)}" for line in table_lines(document))
    yield f"  report: {report}     exit {document['exit_code']}"


def _alike(findings: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Findings that say one and the same thing, by id: the whole group at its first member, nothing at the others.

    What the run never got to is one thing, however many claims were about it; otherwise the sentence has to be the same.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for finding in findings:
        if finding["outcome"] == "inconclusive":
            same = "" if finding["reason"] == "not_begun" else finding["because"]
            groups.setdefault((finding["reason"], same), []).append(finding)
    return {
        member["id"]: group if member is group[0] else []
        for group in groups.values()
        if len(group) >= ALIKE
        for member in group
    }


def _group(group: Sequence[Mapping[str, Any]], paint: Paint) -> Iterator[str]:
    where = Counter(finding["phase"] or "the whole run" for finding in group)
    counts = ", ".join(f"{name} {count}" for name, count in where.items())
    begun = group[0]["reason"] == "not_begun"
    why = "the run did not get that far" if begun else _because(group[0])
    yield f"  {paint('?', 'inconclusive')} {len(group)} expectations ({counts}): {one_line(why)}"
    if group[0]["decide"] and not begun:
        yield f"    would be decided by: {one_line(group[0]['decide'])}"


def _first(document: Mapping[str, Any], paint: Paint) -> str:
    findings = document["findings"]
    passed = sum(f["outcome"] == "passed" for f in findings)
    style = {0: "passed", 3: "inconclusive"}.get(document["exit_code"], "failed")
    facts = ", ".join([spell(round(document["length_s"])), *_put_right(document)])
    idle = f", {unhurt(findings)}" if unhurt(findings) else ""
    told = f"{passed} of {len(findings)} expectations passed{idle}"
    return f"{paint(word(document).upper(), 'bold', style)} {document['drill']}  {told}   ({facts})"


def _put_right(document: Mapping[str, Any]) -> Iterator[str]:
    faults = [fault for fault in document["faults"] if fault["asked_s"] is not None]
    if not faults:
        yield "no fault was injected"
    elif document["ending"]["not_mended"]:
        yield "A FAULT IS STILL ON"
    elif all(fault["mended_s"] is not None or fault["on_s"] is None for fault in faults):
        yield "faults out"
    else:
        yield "not known whether every fault is out"


def _faults(document: Mapping[str, Any], paint: Paint) -> Iterator[str]:
    never = [fault for fault in document["faults"] if fault["asked_s"] is None]
    if never:
        told = (f"{fault['id']}{_why(fault)}" for fault in never)
        yield f"  {paint('⚡', 'inconclusive')} never injected: {', '.join(told)}"
    for fault in document["faults"]:
        if fault["asked_s"] is None:
            continue
        landing, mend = fault["landing"], fault["mend"]
        style = "passed" if landing["outcome"] in ("landed", "partial") else "inconclusive"
        gone = "" if mend is None else "; gone again" if mend["outcome"] == "landed" else f"; mend: {mend['because']}"
        sizes = _sizes(landing)
        yield (
            f"  {paint('⚡', style)} {fault['id']}  {_span(fault['asked_s'], fault['mended_s'])}  "
            f"{landing['outcome'].replace('_', ' ')}: {one_line(landing['because'])}{gone}"
            f"{paint(f'  [{sizes}]', 'dim') if sizes else ''}"
        )
        if climbed(fault):
            yield f"    {one_line(climbed(fault))}"


def _why(fault: Mapping[str, Any]) -> str:
    return f": {one_line(fault['landing']['because'])}" if at_the_fault(fault) else ""


def _releases(document: Mapping[str, Any], paint: Paint) -> Iterator[str]:
    """Of each bad release what came when, in the order of time; when it is over, so far as is known."""
    for told in document.get("releases", ()):
        at = sorted(told["instants"].items(), key=lambda one: (one[1]["high_s"], one[1]["low_s"]))
        came = ", ".join(f"{named(name)} {_when(name, when)}" for name, when in at if name != "trigger")
        missing = ", ".join(named(name) for name in never(told))
        called = told["version"] or told["fault"]
        unseen = f"; never seen: {missing}" if missing else ""
        yield f"  {paint('↩', 'dim')} {called} of {', '.join(told['services'])}: {one_line(came)}{unseen}"
        if few := few_users(told):
            yield f"    {paint('?', 'inconclusive')} {few}"


def _when(name: str, at: Mapping[str, float]) -> str:
    """By when at the latest; of what is looked at long after it may have been, also from when on it can have been."""
    return span(at["low_s"], at["high_s"]) if name == "clean" else f"{at['high_s']:.1f} s"


def _span(start_s: float, end_s: float | None) -> str:
    """From when to when, in the seconds of the live lines and of the journal."""
    return f"{start_s:.1f}–{end_s:.1f} s" if end_s is not None else f"{start_s:.1f} s –"


def _sizes(landing: Mapping[str, Any]) -> str:
    """Stated and measured side by side, where both know the same figure."""
    stated, measured = landing["stated"], landing["measured"]
    said = "  ".join(f"{name} {plain(value)}" for name, value in sorted(stated.items()) if _is_size(value))
    seen = "  ".join(f"{name} {plain(value)}" for name, value in sorted(measured.items()) if value is not None)
    return "; ".join(part for part in (f"stated: {said}" if said else "", f"measured: {seen}" if seen else "") if part)


def _is_size(value: Any) -> bool:
    return value not in (None, "", False, [], {})


def _phases(document: Mapping[str, Any], paint: Paint) -> Iterator[str]:
    phases = document["phases"]
    width = max((len(one_line(phase["name"])) for phase in phases), default=0)
    spans = max((len(_span(phase["start_s"], phase["end_s"])) for phase in phases), default=0)
    for phase in phases:
        if not phase["requests"]:
            continue
        waiting = f", {phase['waiting']} unanswered" if phase["waiting"] else ""
        dropped = f", {phase['dropped']} dropped" if phase["dropped"] else ""
        yield paint(
            f"    {one_line(phase['name']):<{width}}  {_span(phase['start_s'], phase['end_s']):>{spans}}  "
            f"{phase['requests']:>7} requests, {phase['per_s']:.1f}/s, {100 * phase['error_ratio']:.2f}% errors, "
            f"p50 {_ms(phase['p50_ms'])}, p95 {_ms(phase['p95_ms'])}, p99 {_ms(phase['p99_ms'])}{dropped}{waiting}",
            "dim",
        )


def _ms(value: float | None) -> str:
    return show_ms(float("inf") if value is None else value)


def _finding(finding: Mapping[str, Any], width: int, paint: Paint) -> Iterator[str]:
    mark = paint(MARKS[finding["outcome"]], finding["outcome"])
    where = f"   {paint(finding['where'], 'dim')}" if finding["where"] else ""
    yield f"  {mark} {finding['id']:<{width}}  {one_line(_because(finding))}{where}"
    if finding["outcome"] == "inconclusive" and finding["decide"] and finding["reason"] != "invalid_run":
        yield f"    {'':<{width}}  would be decided by: {one_line(finding['decide'])}"


def _because(finding: Mapping[str, Any]) -> str:
    """Its sentence; why the run is invalid stands above all findings already."""
    text: str = finding["because"]
    return (
        f"the run is invalid; in it: {text.split('); in it: ', 1)[-1]}" if finding["reason"] == "invalid_run" else text
    )
