"""Markdown for a ticket: it says what the other reports say, and no text of the run becomes markup in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

from alert_stories import alert, story

from harness.document import verdict_doc
from harness.expectations.alert_fires import AlertFires
from harness.expectations.detection import detection
from harness.ledger import NO_ROWS
from harness.report.html.page import page
from harness.report.markdown import block, code, markdown, plain
from harness.verdict import Verdict


def test_it_begins_with_the_verdict_and_what_failed_first_with_its_proof(make_story: Callable[..., Any]) -> None:
    lines = markdown(make_story(p95="300ms")).splitlines()
    assert lines[0] == "## FAILED: tale"
    assert lines[3] == "Run `0badcafe`, 33s, exit code 1."
    assert lines[5].startswith("**What failed first:** `slow/responds_within-GET /x` at ")
    assert '"request_id": "drill-0badcafe-0-' in "\n".join(lines)


def test_findings_faults_and_phases_are_all_there(make_story: Callable[..., Any]) -> None:
    story = make_story(p95="300ms")
    text = markdown(story)
    for finding in story.document["findings"]:
        assert code(finding["id"]) in text
        assert plain(finding["because"]) in text
    assert "| `slow/latency-api->db` | landed: " in text
    assert "| slow | 10s | 200 | 0.50% | 450 ms | 450 ms | 450 ms |" in text


def test_a_run_that_passed_names_no_failure(make_story: Callable[..., Any]) -> None:
    text = markdown(make_story())
    assert text.startswith("## PASSED: tale")
    assert "What failed first" not in text
    assert "### Passed" in text


def test_no_text_of_a_run_becomes_markup() -> None:
    assert plain("<b>*x*</b> @me #1 |\n[a](b) `c`") == r"\<b\>\*x\*\</b\> \@me \#1 \| \[a\](b) \`c\`"
    assert code("a`b``c") == "``` a`b``c ```"
    assert code("a|b") == "`a|b`"
    assert code("a|b", cell=True) == "`a\\|b`"
    assert block("``` x") == ("````", "``` x", "````")


def test_a_hostile_log_line_stays_in_its_block(make_story: Callable[..., Any]) -> None:
    text = markdown(make_story(line="panic ```\n# mine\n<script>"))
    assert "\n# mine" not in text
    assert "````" in text


def test_how_the_alerts_did_is_told_here_and_on_the_page_and_stands_in_the_document(
    make_story: Callable[..., Any],
) -> None:
    plain_story = make_story()
    assert "Alerts as a detector" not in markdown(plain_story)
    journal = story(alert("firing", 29), alert("inactive", 60))
    found = detection(journal, [("hurt", False, AlertFires(alert="Slow", within_s="15s"))])
    told = verdict_doc(Verdict("d", "r", ()), journal, NO_ROWS, {}, detection=found)["detection"]
    assert set(told["trend"]) == {"range_recall", "range_precision", "nab"}
    assert set(told["trend"]["nab"]) == {"standard", "reward_low_FP_rate", "reward_low_FN_rate"}
    scored = replace(plain_story, document={**plain_story.document, "detection": told})
    text = markdown(scored)
    assert "### Alerts as a detector" in text
    assert "1 of 1 troubles detected in time" in text
    for part in (
        "range recall 0.76",
        "range precision 1.00",
        "NAB score 98.0 (profile standard)",
        "no claim is decided",
    ):
        assert part in text.replace("\\", "")
        assert part in unescape(page(scored))
