"""Why a fault was not felt is told at the fault; what is open for that alone points to it, and verdict.json says it whole."""

from __future__ import annotations

import copy
import dataclasses
import html
from collections.abc import Callable
from typing import Any

from harness.faults.base import Landing
from harness.judging import report_page
from harness.left_open import under_landings
from harness.report.junit import junit_xml
from harness.report.markdown import markdown, plain
from harness.report.terminal import summary
from harness.report.unseen import unseen
from harness.verdict import passed

FAULT = "slow/latency-api->db"
WHY = "13 looks at port 5432 of api->db connected before it began, and none was answered in postgres: it may speak something else"
SHORT = f"whether the fault landed could not be measured ({FAULT}: see the fault); without it: 2% of 9"


def open_for(story: Any, why: str, *, asked: bool = True) -> Any:
    """The story with all its claims open for that one reason."""
    landing = Landing("not_measurable", why)
    finding = under_landings(passed("2% of 9"), {FAULT: landing})
    document = copy.deepcopy(story.document)
    for one in document["findings"]:
        one |= {"outcome": "inconclusive", "reason": finding.reason, "because": finding.because}
    (fault,) = document["faults"]
    assert fault["id"] == FAULT
    fault["landing"] |= {"outcome": landing.outcome, "because": why}
    fault["asked_s"] = fault["asked_s"] if asked else None
    return dataclasses.replace(story, document=document)


def test_the_reason_is_told_at_the_fault_and_pointed_to_elsewhere(make_story: Callable[..., Any]) -> None:
    story = open_for(make_story(), WHY)
    claims = len(story.document["findings"])
    assert claims > 1
    said = summary(story.document, "x")
    assert said.count(WHY) == 1
    assert f"{FAULT}  " in said
    assert SHORT in said
    page = html.unescape(report_page(story))
    findings, rest = page.split('id="findings"', 1)[1].split("</section>", 1)
    assert WHY not in findings
    assert findings.count(SHORT) == claims
    assert WHY in rest
    told = markdown(story)
    assert plain(WHY) not in told.split("### Not observed", 1)[0]
    assert plain(WHY) in told
    assert told.count(plain(SHORT)) == claims
    assert [one.why for one in unseen(story) if WHY in one.why] == [WHY]


def test_what_is_read_alone_says_it_whole(make_story: Callable[..., Any]) -> None:
    story = open_for(make_story(), WHY)
    assert all(WHY in finding["because"] for finding in story.document["findings"])
    assert junit_xml(story.document).count(WHY.replace(">", "&gt;")) >= len(story.document["findings"])


def test_a_fault_that_never_came_about_says_why_in_the_summary_too(make_story: Callable[..., Any]) -> None:
    why = "it is not available here: [tool.drill.targets.staging] states no edge api->db"
    said = summary(open_for(make_story(), why, asked=False).document, "x")
    assert f"never injected: {FAULT}: {why}" in said
    assert said.count(why) == 1


def test_a_reason_that_is_as_short_as_a_reference_stays(make_story: Callable[..., Any]) -> None:
    said = summary(open_for(make_story(), "it was never injected", asked=False).document, "x")
    assert f"({FAULT}: it was never injected)" in said
    assert f"never injected: {FAULT}\n" in said
