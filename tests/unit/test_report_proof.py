"""What a finding cites is looked up in the evidence, or said to be missing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from harness import facts as f
from harness.expectations.base import Line
from harness.ledger import rows_of
from harness.masking import Secret
from harness.report.proof import LONGEST_TEXT, MOST_ITEMS, fact_proof, place_of, prove, row_proof, short
from harness.testing import WrittenLogs


def test_a_fact_is_shown_as_it_stands_in_its_writers_file(make_story: Callable[..., Any]) -> None:
    story = make_story()
    began = story.journal.phase_began("slow")
    proof = prove(story, [began.cite])[began.cite]
    assert (proof.kind, proof.title, proof.at_s, proof.place) == ("fact", "phase_began", 10.0, "facts/harness.jsonl")
    assert json.loads(proof.raw) == {
        "fact": "phase_began",
        "phase": "slow",
        "writer": "harness",
        "number": began.number,
        "seen_s": 10.0,
    }


def test_a_row_is_shown_with_its_request_id_and_times(make_story: Callable[..., Any]) -> None:
    proof = prove(make_story(), ["row 0:200"])["row 0:200"]
    assert (proof.kind, proof.request, proof.title) == ("request", "drill-0badcafe-0-200", "GET /x: 5xx 500")
    told = json.loads(proof.raw)
    assert (told["intended_s"], told["latency_ms"], told["status"]) == (11.0, 450.0, 500)
    assert told["traceparent"].startswith("00-")


def test_a_log_line_is_shown_word_for_word(make_story: Callable[..., Any]) -> None:
    cite = "log tale-api-1@11.000000"
    proof = prove(make_story(), [cite])[cite]
    assert (proof.kind, proof.raw, proof.place) == ("line", "the database is slow", "logs/tale-api-1.log")


def test_a_secret_in_a_log_line_is_masked(make_story: Callable[..., Any]) -> None:
    line = Line("api", "tale-api-1", 11.0, "postgres://shop:hunter2@db/x is gone, and so is 0p3n-sesame")
    logs = WrittenLogs([line], secrets=[Secret("API_TOKEN", "0p3n-sesame")])
    proof = prove(dataclasses.replace(make_story(), logs=logs), [line.cite])[line.cite]
    assert proof.raw == "postgres[password in a URL]db/x is gone, and so is [API_TOKEN]"


def test_the_sample_of_an_answer_is_shown_with_its_row(make_story: Callable[..., Any]) -> None:
    story = dataclasses.replace(make_story(), answers={"drill-0badcafe-0-200": "<title>Oops</title>"})
    proofs = prove(story, ["row 0:200", "row 0:201"])
    assert proofs["row 0:200"].data["answer"] == "<title>Oops</title>"
    assert "answer" not in proofs["row 0:201"].data


@pytest.mark.parametrize("cite", ["harness:9999", "row 7:1", "row 0:999999", "log tale-api-1@99.000000", "what?"])
def test_what_the_evidence_does_not_hold_is_said_to_be_missing(make_story: Callable[..., Any], cite: str) -> None:
    assert prove(make_story(), [cite])[cite].kind == "missing"


def test_every_citation_of_a_judged_run_leads_somewhere(make_story: Callable[..., Any]) -> None:
    story = make_story(p95="300ms", line="panic: x")
    cites = [cite for finding in story.document["findings"] for cite in finding["cites"]]
    kinds = {proof.kind for proof in prove(story, cites).values()}
    assert kinds == {"fact", "request", "line"}


def test_a_row_is_found_among_those_of_several_workers() -> None:
    rows = rows_of([{"worker": 1}, {"worker": 0, "endpoint": "GET /mine"}, {"worker": 1, "took_ms": None}])
    assert place_of(rows, 0, 0) == 1
    assert place_of(rows, 1, 1) == 2
    assert place_of(rows, 2, 0) is None
    waiting = row_proof(rows, 2, "ab")
    assert (waiting.request, waiting.title) == ("drill-ab-1-1", "GET /: not ended")
    assert "latency_ms" not in waiting.data


def test_long_texts_and_lists_are_cut_and_said_to_be() -> None:
    fact = f.Surveyed(
        edge="a->b", mediated=40, direct=0, examples=tuple(f"c{i}" for i in range(40)), writer="h", number=1
    )
    assert fact_proof(fact).data["examples"][-1] == f"… and {40 - MOST_ITEMS} more"
    assert short("x" * (LONGEST_TEXT + 5)).endswith("(5 more characters)")
    assert short({"a": float("inf")}) == {"a": None}
