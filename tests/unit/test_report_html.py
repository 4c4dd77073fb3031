"""The HTML report: its data is the evidence's and bounded, no lane hides another, and the file needs nothing else."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from told_release import release_told

from harness import facts as f
from harness.document import windows
from harness.journal import merged
from harness.judging import report_page
from harness.ledger import rows_of
from harness.report.html.data import NO_ANSWER, data_of, script_json
from harness.report.html.lanes import (
    LANES,
    alerts,
    arrivals,
    containers,
    faults,
    latency,
    logs,
    pages,
    phases,
    releases,
    run,
    survey,
    witness,
)
from harness.report.html.lanes.base import Bands
from harness.report.html.page import page
from harness.report.html.seconds import MOST_BINS, seconds
from harness.stats import fold


def more(story: Any, *facts: f.Fact) -> Any:
    return dataclasses.replace(story, journal=merged([*story.journal.facts, *facts]))


# --- the seconds ------------------------------------------------------------------------------------------------------


def test_each_second_is_what_the_one_fold_says_of_it(make_story: Callable[..., Any]) -> None:
    story = make_story()
    table = seconds(story)
    assert table is not None
    assert (table.width_s, table.start_s[0]) == (1.0, 1.0)
    for i, start_s in enumerate(table.start_s):
        seen = fold(story.rows, start_s, start_s + 1, now_s=30.1, given_up_s=10.0)
        assert table.counts["ok"][i] == seen.ok
        assert table.counts["5xx"][i] == seen.counts.get("5xx", 0)
        assert table.latency["p95"][i] == (seen.percentile_ms(0.95) or (None,))[0]


def test_the_seconds_of_a_phase_sum_up_to_the_verdicts_count(make_story: Callable[..., Any]) -> None:
    story = make_story()
    table = seconds(story)
    assert table is not None
    window = dict(windows(story.journal))["slow"]
    inside = [i for i, s in enumerate(table.start_s) if window.start_s <= s < window.end_s]
    phase = next(p for p in story.document["phases"] if p["name"] == "slow")
    assert sum(values[i] for values in table.counts.values() for i in inside) == phase["requests"]
    assert sum(table.counts["5xx"][i] for i in inside) == phase["errors"]


def test_a_long_run_has_wider_bins_not_more(make_story: Callable[..., Any]) -> None:
    story = make_story()
    late = rows_of([{"at_s": 1.0}, {"at_s": 9000.0}])
    ended = [x for x in story.journal.facts if not isinstance(x, f.LoadEnded)]
    journal = merged([*ended, f.LoadEnded(clean=True, ended_s=9000.0, seen_s=9001.0)])
    table = seconds(dataclasses.replace(story, rows=late, journal=journal))
    assert table is not None
    assert table.width_s == 10.0
    assert len(table.start_s) <= MOST_BINS
    assert sum(table.counts["ok"]) == 2


def test_a_request_without_an_answer_took_for_ever(make_story: Callable[..., Any]) -> None:
    story = dataclasses.replace(make_story(), rows=rows_of([{"at_s": 1.5, "outcome": "timeout"}, {"at_s": 3.5}]))
    data = data_of(story, [latency.lane])
    p99 = data["lanes"][0]["series"][2]
    assert p99[0] == "p99"
    assert p99[2][:3] == [NO_ANSWER, None, 10]


# --- the lanes --------------------------------------------------------------------------------------------------------


def test_phases_stand_on_their_band_with_what_came_after(make_story: Callable[..., Any]) -> None:
    lane = phases.lane(make_story(), None)
    assert lane is not None
    marks = lane.rows[0][1]
    assert [(m.start_s, m.end_s, m.text, m.tone) for m in marks] == [
        (1.0, 10.0, "baseline", "quiet"),
        (10.0, 20.0, "slow", "plain"),
        (20.0, 30.0, "steady again", "good"),
    ]
    unsteady = [x for x in make_story().journal.facts if not isinstance(x, f.PhaseSettled)]
    lane = phases.lane(
        more(
            dataclasses.replace(make_story(), journal=merged(unsteady)),
            f.PhaseSettled(phase="slow", steady=False, seen_s=26.0),
        ),
        None,
    )
    assert lane is not None
    assert (lane.rows[0][1][-1].text, lane.rows[0][1][-1].tone) == ("NOT steady again", "bad")


def test_a_fault_is_told_with_stated_and_measured_size_and_cites_its_facts(make_story: Callable[..., Any]) -> None:
    lane = faults.lane(make_story(), None)
    assert lane is not None
    ((label, (mark,)),) = lane.rows
    assert label == "latency-api->db"
    assert (mark.start_s, mark.end_s, mark.tone) == (10.001, 19.95, "fault")
    assert "delay_ms 400" in mark.detail["stated"]
    assert "added_ms 400" in mark.detail["measured"]
    assert len(mark.cites) == 3


def test_arrivals_are_stacked_by_outcome_and_only_by_those_that_were(make_story: Callable[..., Any]) -> None:
    story = make_story()
    lane = arrivals.lane(story, seconds(story))
    assert lane is not None
    assert [one.label for one in lane.series] == ["ok", "5xx"]
    assert arrivals.lane(story, None) is None


def test_a_look_without_an_answer_has_no_height_and_of_too_many_the_worst_are_kept(
    make_story: Callable[..., Any],
) -> None:
    looks = [
        f.Witnessed(edge="a->b", port=1, outcome="answered", connect_ms=1.0, answer_ms=float(i), seen_s=1.0)
        for i in (1, 7, 2)
    ]
    hung = f.Witnessed(edge="a->b", port=1, outcome="hung", limit_ms=1500.0, seen_s=2.0)
    assert witness.thinned([*looks, hung], 2) == [looks[1], hung]
    assert witness.took_ms(hung) is None
    assert witness.took_ms(looks[1]) == 8.0
    story = make_story()
    many = [
        f.Witnessed(edge="x->y", port=1, outcome="answered", connect_ms=1.0, answer_ms=1.0, seen_s=i / 100)
        for i in range(7000)
    ]
    lane = witness.lane(more(story, *many), None)
    assert lane is not None
    assert max(len(row.at_s) for row in lane.rows) <= witness.MOST_LOOKS
    assert "Of every 3 looks the worst is shown." in lane.note


def test_survey_looks_that_saw_the_same_are_one_mark_and_a_bypass_stands_out(make_story: Callable[..., Any]) -> None:
    facts: list[f.Fact] = [
        f.Surveyed(edge="a->b", mediated=n, direct=d, seen_s=float(i))
        for i, (n, d) in enumerate([(2, 0), (5, 0), (3, 1), (0, 0)])
    ]
    facts += [
        f.Surveyed(edge="c->d", mediated=0, direct=2, seen_s=1.0),
        f.Surveyed(edge="e->f", mediated=0, direct=0, how="stated", seen_s=1.0),
        f.Surveyed(edge="g->h", mediated=0, direct=0, how="carried", seen_s=1.0),
        f.Injecting(fault="p/latency", kind="latency", target="a->b", planned_s=0.5, seen_s=0.5),
    ]
    lane = survey.lane(more(dataclasses.replace(make_story(), journal=merged([])), *facts), None)
    assert lane is not None
    marks = lane.rows[0][1]
    (beside,), (stated,), (carried,) = (row[1] for row in lane.rows[1:])
    assert (stated.text, carried.text) == ("the only way, as its owner states", "its proxy carried what was not ours")
    assert stated.detail == {"looks": 1}, "nobody counted connections there"
    assert (beside.tone, beside.text) == ("quiet", "around the edge, where nothing was hurt")
    assert [(m.start_s, m.end_s, m.tone) for m in marks] == [(0.0, 2.0, "good"), (2.0, 3.0, "bad"), (3.0, 3.0, "quiet")]
    assert marks[0].detail["over the edge"] == "2 to 5 connections"


@pytest.mark.parametrize(
    ("event", "detail", "code", "tone"),
    [
        ("die", "", 137, "bad"),
        ("die", "", 0, "plain"),
        ("oom", "", None, "bad"),
        ("start", "", None, "good"),
        ("health_status", "healthy", None, "good"),
        ("health_status", "unhealthy", None, "bad"),
        ("create", "", None, "plain"),
    ],
)
def test_events_of_containers_have_their_tone(event: str, detail: str, code: int | None, tone: str) -> None:
    assert (
        containers.tone(f.ContainerChanged(service="a", container="a-1", event=event, detail=detail, exit_code=code))
        == tone
    )


def test_a_service_that_restarts_for_ever_does_not_fill_the_page(make_story: Callable[..., Any]) -> None:
    events = [
        f.ContainerChanged(service="api", container="a-1", event="die", exit_code=1, seen_s=i / 100)
        for i in range(1000)
    ]
    lane = containers.lane(more(make_story(), *events), None)
    assert lane is not None
    assert max(len(marks) for _, marks in lane.rows) == containers.MOST_EVENTS
    assert "600 more events" in lane.note


def test_cited_log_lines_stand_where_they_were_logged(make_story: Callable[..., Any]) -> None:
    lane = logs.lane(make_story(line="panic: oh"), None)
    assert lane is not None
    ((service, marks),) = lane.rows
    assert service == "api"
    assert [(m.start_s, m.text, m.tone) for m in marks] == [
        (11.0, "the database is slow", "good"),
        (12.0, "panic: oh", "bad"),
    ]


def test_an_alert_lasts_from_pending_to_clear_and_a_page_is_an_instant_at_its_receiver(
    make_story: Callable[..., Any],
) -> None:
    labels = {"service": "api"}
    changes = [
        f.AlertChanged(alert="Slow", state=state, labels=labels, seen_s=at_s, happened_s=at_s)
        for at_s, state in ((4.0, "pending"), (6.0, "firing"), (9.0, "inactive"))
    ]
    page = f.Paged(receiver="oncall", alert="Slow", status="firing", seen_s=7.0, happened_s=6.9)
    story = more(make_story(), *changes, page)
    lane = alerts.lane(story, None)
    assert lane is not None
    ((name, marks),) = lane.rows
    assert name == "Slow"
    assert [(m.text, m.start_s, m.end_s, m.tone) for m in marks] == [
        ("pending", 4.0, 6.0, "warn"),
        ("firing", 6.0, 9.0, "bad"),
    ]
    delivered = pages.lane(story, None)
    assert delivered is not None
    assert [(row, mark.text, mark.start_s) for row, (mark,) in delivered.rows] == [("oncall", "Slow firing", 6.9)]


def test_on_a_target_it_is_said_that_people_were_paged_and_what_stood_in_the_list_before_is_no_page(
    make_story: Callable[..., Any],
) -> None:
    page: dict[str, Any] = {"receiver": "oncall", "alert": "Slow", "status": "firing"}
    story = more(
        make_story(),
        f.TargetChosen(target="staging", load="https://shop.example", seen_s=0.1),
        f.Paged(**page, fingerprint="old", standing=True, seen_s=0.5),
        f.Paged(**page, fingerprint="new", before_s=6.0, happened_s=7.0, seen_s=7.1),
    )
    lane = pages.lane(story, None)
    assert lane is not None
    assert [mark.start_s for _, marks in lane.rows for mark in marks] == [7.0]
    assert "people got it as well" in lane.note


def test_a_rollback_command_that_failed_stands_out_beside_what_was_deployed(make_story: Callable[..., Any]) -> None:
    story = more(
        make_story(),
        f.Deployed(service="api", image="api:bad", by="harness", begun_s=3.0, seen_s=5.0),
        f.LeverPulled(lever="roll", by="runbook", command="./rollback.sh", seen_s=7.0),
        f.LeverEnded(lever="roll", begun_s=7.0, exit_code=1, seen_s=8.0),
    )
    lane = releases.lane(story, None)
    assert lane is not None
    rows = {row: [(m.text, m.start_s, m.end_s, m.tone) for m in marks] for row, marks in lane.rows}
    assert rows == {"api": [("deployed", 3.0, 5.0, "fault")], "roll": [("lever: runbook", 7.0, 8.0, "bad")]}


def test_a_run_without_monitoring_has_no_lanes_for_it(make_story: Callable[..., Any]) -> None:
    assert (
        alerts.lane(make_story(), None) is pages.lane(make_story(), None) is releases.lane(make_story(), None) is None
    )


def test_whatever_ended_the_run_stands_on_its_own_band(make_story: Callable[..., Any]) -> None:
    facts = [
        f.GuardTripped(guard="errors > 50%", detail="errors 60%", seen_s=15.0),
        f.HaltAsked(by="ann", seen_s=16.0),
        f.Interrupted(signal="SIGINT", seen_s=17.0),
        f.Broke(error="KeyError", seen_s=18.0),
        f.NotMended(fault="x", error="wedged", seen_s=19.0),
    ]
    lane = run.lane(more(make_story(), *facts), None)
    assert lane is not None
    bad = [mark.text for mark in lane.rows[0][1] if mark.tone == "bad"]
    assert bad == [
        "guard: errors 60%",
        "halt by ann",
        "interrupted by SIGINT",
        "harness broke: KeyError",
        "NOT MENDED: x",
    ]


# --- the data ---------------------------------------------------------------------------------------------------------


def test_a_lane_that_breaks_says_so_and_hides_no_other(make_story: Callable[..., Any]) -> None:
    def broken(_story: Any, _seconds: Any) -> Bands:
        raise ValueError("no such thing")

    data = data_of(make_story(), [broken, phases.lane])
    assert [lane["id"] for lane in data["lanes"]][1:] == ["phases"]
    assert "This lane broke: ValueError: no such thing" in data["lanes"][0]["note"]


def test_every_fact_that_a_mark_cites_is_in_the_data(make_story: Callable[..., Any]) -> None:
    data = data_of(make_story())
    cited = {
        cite
        for lane in data["lanes"]
        if lane["kind"] == "bands"
        for _, marks in lane["rows"]
        for m in marks
        for cite in m[5]
    }
    assert cited
    assert cited <= set(data["facts"])
    assert all(fact[0] in ("fact", "line") for fact in data["facts"].values())


def test_the_lanes_are_a_literal_tuple_of_functions_with_ids_of_their_own(make_story: Callable[..., Any]) -> None:
    watched = (
        f.AlertChanged(alert="Slow", state="firing", seen_s=4),
        f.Paged(receiver="oncall", alert="Slow", status="firing", seen_s=5),
        f.Deployed(service="api", image="api:bad", by="harness", seen_s=6),
    )
    ids = [lane["id"] for lane in data_of(release_told(make_story(), *watched))["lanes"]]
    assert len(ids) == len(set(ids)) == len(LANES)


def test_a_hundred_thousand_requests_make_no_larger_page_than_a_thousand(make_story: Callable[..., Any]) -> None:
    story = make_story()
    entries = [{"at_s": 1 + i * 29 / 30000, "outcome": "5xx" if i % 3 else "ok"} for i in range(30000)]
    few = len(page(dataclasses.replace(story, rows=rows_of(entries[::30]))))
    many = len(page(dataclasses.replace(story, rows=rows_of(entries))))
    assert many < 1.05 * few


def test_json_in_a_script_can_neither_end_it_nor_open_a_comment() -> None:
    text = script_json({"a": "</script><!-- & \u2028"})
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == {"a": "</script><!-- & \u2028"}


# --- the page ---------------------------------------------------------------------------------------------------------


class Parts(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]


def test_the_page_refers_to_nothing_outside_of_itself(make_story: Callable[..., Any]) -> None:
    parts = Parts(page(make_story(p95="300ms")))
    for tag, attributes in parts.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "img")
        assert "src" not in attributes
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        href = attributes.get("href")
        assert href is None or (href.startswith("#") and href[1:] in parts.ids)
    assert len(parts.ids) == len(set(parts.ids))


def test_its_policy_names_its_own_scripts_and_styles_by_their_digests(make_story: Callable[..., Any]) -> None:
    text = page(make_story())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    for element in ("script", "style"):
        for body in re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
            assert f"sha256-{digest}".replace("+", "&#43;") in policy[1] or f"sha256-{digest}" in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;")


def test_every_finding_is_told_with_its_claim_place_reason_and_citations(make_story: Callable[..., Any]) -> None:
    import html

    story = make_story(p95="300ms", line="panic: x")
    text = html.unescape(page(story))
    for finding in story.document["findings"]:
        for part in (
            finding["id"],
            finding["text"],
            finding["because"],
            finding["reason"],
            finding["where"],
            *finding["cites"],
        ):
            assert part in text, part
    assert "What failed first" in text
    assert "drill-0badcafe-0-" in text


def test_the_same_evidence_gives_the_same_page(make_story: Callable[..., Any]) -> None:
    assert page(make_story()) == page(make_story())


@pytest.mark.parametrize("cut_s", [0.0, 0.05, 0.5, 0.95, 3.0, 9.95, 10.0015, 12.0, 19.99, 20.5, 30.05, 32.0])
def test_a_run_cut_anywhere_has_a_page_and_every_lane_works(make_story: Callable[..., Any], cut_s: float) -> None:
    text = page(make_story(cut_s=cut_s))
    assert "This lane broke" not in text


def test_a_report_that_cannot_be_made_says_so_in_its_place(make_story: Callable[..., Any]) -> None:
    story = dataclasses.replace(make_story(title="<b>"), images=None)
    text = report_page(story)
    assert "This report could not be made" in text
    assert "all 5 expectations passed" in text
    assert "TypeError" in text


def test_what_no_file_can_hold_is_replaced(make_story: Callable[..., Any]) -> None:
    text = page(make_story(line="panic \ud800 half"))
    text.encode("utf-8")
    assert "half" in text
