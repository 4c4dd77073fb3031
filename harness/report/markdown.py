"""The verdict as Markdown, for a ticket: the sentence, what failed first and its proof, what is open, then the rest. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.harmless import one_line
from harness.quantities import spell
from harness.report.detector import detected, in_numbers
from harness.report.headline import faults_told, first_failed, sentence, under_test
from harness.report.ladder import climbed
from harness.report.order_book import order_books
from harness.report.proof import prove
from harness.report.releases import releases
from harness.report.sizes import sizes
from harness.report.state_table import state_table
from harness.report.told_once import because
from harness.report.unseen import unseen
from harness.stats.condition import show_ms

if TYPE_CHECKING:
    from harness.report.headline import First
    from harness.report.story import Story

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@!&])")


def markdown(story: Story) -> str:
    """The whole text. Whatever the run's texts hold, they stand as text: no markup, no mention, no table cell of theirs."""
    return "\n".join(_lines(story)) + "\n"


def _lines(story: Story) -> Iterator[str]:
    document = story.document
    findings = [{**one, "because": because(one, document["faults"])} for one in document["findings"]]
    proofs = prove(story, [cite for finding in findings for cite in finding["cites"]])
    yield f"## {document['verdict'].replace('_', ' ').upper()}: {plain(document['drill'])}"
    yield ""
    yield f"{plain(sentence(document))} {plain(faults_told(document).capitalize())}."
    yield f"Run `{document['run']}`, {spell(round(document['length_s']))}, exit code {document['exit_code']}."
    if changed := under_test(document):
        yield f"{plain(changed[0].upper() + changed[1:])}."
    yield from _first(first_failed(findings, proofs, story.journal))
    yield from _findings("Failed", [f for f in findings if f["outcome"] == "failed"])
    yield from _findings("Not decided", [f for f in findings if f["outcome"] == "inconclusive"])
    yield from _releases(story)
    yield from _orders(story)
    yield from _state(document)
    ids = {finding["id"] for finding in findings}
    others = [one for one in unseen(story) if one.id not in ids]
    if others:
        yield from ("", "### Not observed", "")
        yield from (f"- **{plain(one.what)}**: {plain(one.why)}" for one in others)
    yield from _faults(document)
    yield from _alerts(document)
    yield from _phases(document)
    yield from _findings("Passed", [f for f in findings if f["outcome"] == "passed"])


def _first(first: First | None) -> Iterator[str]:
    if first is None:
        return
    when = "" if first.at_s is None else f" at {first.at_s:.1f} s"
    yield from ("", f"**What failed first:** {code(first.finding['id'])}{when}: {plain(first.finding['because'])}")
    if first.artefact is not None:
        yield from ("", *block(first.artefact.raw), "", f"{code(first.artefact.cite)} in {code(first.artefact.place)}")


def _findings(title: str, findings: list[Mapping[str, Any]]) -> Iterator[str]:
    if not findings:
        return
    yield from ("", f"### {title}", "")
    for finding in findings:
        where = f" ({code(finding['where'])})" if finding["where"] else ""
        yield f"- {code(finding['id'])}{where}: {plain(finding['because'])}"
        if finding["decide"]:
            yield f"  - would be decided by: {plain(finding['decide'])}"
        if finding["cites"] and finding["outcome"] != "passed":
            yield f"  - rests on {', '.join(code(cite) for cite in finding['cites'])}"


def _releases(story: Story) -> Iterator[str]:
    for view in releases(story):
        never = f" Never seen: {', '.join(view.never)}." if view.never else ""
        yield from ("", f"### What became of {plain(view.fault)}", "", f"{plain(view.summary)}.{never}")
        yield from ("", "| instant | when | after exposure | who, and upon what | rests on |", "|---|--:|--:|---|---|")
        for step in view.steps:
            cite = code(step.cite, cell=True) if step.cite else ""
            yield f"| {plain(step.name)} | {step.when} | {view.after_exposure(step)} | {plain(step.said)} | {cite} |"
        if view.between:
            yield from ("", ", ".join(f"{one.name} {one.took}" for one in view.between) + ".")


def _orders(story: Story) -> Iterator[str]:
    for book in order_books(story):
        yield from ("", f"### Order book {plain(book.name)}", "", f"Every {code(book.request)}: {plain(book.summary)}.")
        if book.wrong:
            yield from ("", "| what is wrong | operations | which | what they share |", "|---|--:|---|---|")
        for line in book.wrong:
            keys = " ".join(code(key, cell=True) for key in line.keys)
            more = f" and {line.more} more, in verdict.json" if line.more else ""
            yield f"| {line.name} | {line.count} | {keys}{more} | {plain(line.note)} |"
        if book.laws:
            yield from ("", "| law | | both sides | where |", "|---|---|---|---|")
        for law in book.laws:
            yield f"| {code(law.law, cell=True)} | {law.state} | {law.sides} | {plain(law.note)} |"
        for name, _, _, _, why in book.sources:
            if why:
                yield from ("", f"Source {code(name)} says nothing: {plain(why)}.")


def _state(document: Mapping[str, Any]) -> Iterator[str]:
    view = state_table(document)
    if view is None or not view.lines:
        return
    yield from ("", "### State before the load and after all", "", f"{plain(view.summary)}.", "")
    yield from ("| what | before | after | |", "|---|---|---|---|")
    for line in view.lines:
        yield f"| {code(line.name, cell=True)} | {plain(line.before)} | {plain(line.after)} | {plain(line.note)} |"
    if view.more:
        yield from ("", f"And {view.more} more, in verdict.json.")


def _faults(document: Mapping[str, Any]) -> Iterator[str]:
    if not document["faults"]:
        return
    yield from ("", "### Faults", "", "| fault | landed | stated | measured | gone again |", "|---|---|---|---|---|")
    for fault in document["faults"]:
        landing, mend = fault["landing"], fault["mend"]
        stated, measured = sizes(landing)
        gone = "not mended" if mend is None else "proven" if mend["outcome"] == "landed" else "not proven"
        landed = f"{landing['outcome'].replace('_', ' ')}: {landing['because']}"
        yield f"| {code(fault['id'], cell=True)} | {plain(landed)} | {plain(stated)} | {plain(measured)} | {gone} |"
    for fault in document["faults"]:
        if climbed(fault):
            yield from ("", f"{code(fault['id'])}, {plain(climbed(fault))}.")


def _alerts(document: Mapping[str, Any]) -> Iterator[str]:
    if (told := document["detection"]) is None:
        return
    yield from ("", "### Alerts as a detector", "")
    yield f"- {plain(detected(told))}"
    yield f"- {plain(in_numbers(told['trend']))}"


def _phases(document: Mapping[str, Any]) -> Iterator[str]:
    phases = [phase for phase in document["phases"] if phase["requests"]]
    if not phases:
        return
    yield from (
        "",
        "### Phases",
        "",
        "| phase | length | requests | errors | p50 | p95 | p99 |",
        "|---|--:|--:|--:|--:|--:|--:|",
    )
    for phase in phases:
        times = (
            show_ms(float("inf") if phase[name] is None else phase[name]) for name in ("p50_ms", "p95_ms", "p99_ms")
        )
        length = spell(round(phase["end_s"] - phase["start_s"], 1))
        errors = f"{100 * phase['error_ratio']:.2f}%"
        yield f"| {plain(phase['name'])} | {length} | {phase['requests']} | {errors} | {' | '.join(times)} |"


def plain(text: str) -> str:
    """Text as text, in one line: whatever Markdown or HTML would read in it is escaped."""
    return _SPECIAL.sub(r"\\\1", one_line(text))


def code(text: str, *, cell: bool = False) -> str:
    """Text as code in a line, or in a cell of a table, whatever backticks or bars it holds."""
    shown = one_line(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    room = " " if "`" in shown else ""
    made = f"{fence}{room}{shown}{room}{fence}"
    return made.replace("|", "\\|") if cell else made


def block(text: str) -> tuple[str, str, str]:
    """Text as a block of code, in one line."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return fence, one_line(text), fence
