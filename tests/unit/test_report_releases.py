"""What became of a release, as it is told: who did it, when, upon which evidence, and what never came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from told_release import FAULT, release_told

from harness import facts as f
from harness.report.html.data import NO_ANSWER, data_of
from harness.report.html.lanes import durations, people, releases, versions
from harness.report.html.lanes import story as instants
from harness.report.html.page import page
from harness.report.html.seconds import seconds
from harness.report.markdown import markdown
from harness.report.releases import releases as views
from harness.report.terminal import in_ascii, summary

Make = Callable[..., Any]


def test_each_instant_says_who_and_upon_what_in_the_order_of_time(make_story: Make) -> None:
    (view,) = views(release_told(make_story()))
    told = {step.name: (step.when, step.said) for step in view.steps}
    assert list(told) == [
        "deployed", "exposed", "paged", "hypothesis", "tried", "decided", "last bad answer", "executed", "swept"
    ]  # fmt: skip
    assert told["decided"] == ("15.0 s", "by human: ./back.sh, upon page Slow to oncall")
    assert told["executed"] == ("16.5 s", "exit code 0")
    assert told["exposed"] == ("11.0–11.1 s", "the first answer of v2")
    assert view.never == ("impact", "detected", "restored")


def test_what_a_person_did_stands_among_the_instants_whatever_its_fact_is_called(make_story: Make) -> None:
    (view,) = views(release_told(make_story()))
    tried = next(step for step in view.steps if step.name == "tried")
    assert (tried.low_s, tried.high_s, tried.said, tried.bad) == (
        14.0, 14.5, "by ann: docker compose up, exit code 1", True
    )  # fmt: skip
    assert tried.cite == "people-ann:2"
    noted = next(step for step in view.steps if step.name == "hypothesis")
    assert (noted.when, noted.said) == ("13.5 s", "by bo: v2 is slow")


def test_what_a_person_did_is_not_told_twice_where_an_instant_cites_it(make_story: Make) -> None:
    cited = {"acknowledged": {"low_s": 14.0, "high_s": 14.5, "cite": "people-ann:2"}}
    (view,) = views(release_told(make_story(), **cited))
    assert [step.name for step in view.steps if step.cite.startswith("people-ann")] == ["acknowledged"]
    acknowledged = next(step for step in view.steps if step.name == "acknowledged")
    assert acknowledged.said == "by ann: docker compose up, exit code 1"


def test_what_a_person_did_belongs_to_the_release_that_was_out(make_story: Make) -> None:
    story = release_told(make_story())
    story.document["releases"].append({**story.document["releases"][0], "fault": "later/bad_release-api"})
    later = f.Injecting(fault="later/bad_release-api", kind="bad_release", target="api", planned_s=20.0, seen_s=20.0)
    story = release_told(make_story(), later)
    story.document["releases"].append({**story.document["releases"][0], "fault": "later/bad_release-api"})
    first, second = views(story)
    assert "tried" in [step.name for step in first.steps]
    assert "tried" not in [step.name for step in second.steps]


def test_a_trigger_of_its_own_is_told_and_one_that_is_the_page_is_not(make_story: Make) -> None:
    (same,) = views(release_told(make_story()))
    assert "trigger came" not in [step.name for step in same.steps]
    (other,) = views(release_told(make_story(), trigger={"low_s": 12.0, "high_s": 12.0, "cite": ""}))
    assert "trigger came" in [step.name for step in other.steps]


def test_how_long_it_took_is_drawn_with_its_bounds(make_story: Make) -> None:
    lane = durations.lane(release_told(make_story()), None)
    assert lane is not None
    ((name, marks),) = lane.rows
    assert name == "to page"
    assert [(mark.start_s, mark.end_s, mark.tone, mark.text) for mark in marks] == [
        (11.0, 11.1, "quiet", ""),
        (11.1, 13.0, "plain", "1.9–2.0 s"),
    ]
    assert marks[0].cites == ("row 0:201", "h:6")


def test_a_duration_that_is_not_known_by_name_stands_in_the_table(make_story: Make) -> None:
    (view,) = views(release_told(make_story()))
    assert [(one.name, one.took) for one in view.between] == [("to page", "1.9–2.0 s"), ("to sweep", "4.0–5.1 s")]


def test_the_share_of_a_version_on_one_of_two_replicas_shows(make_story: Make) -> None:
    story = release_told(make_story())
    chart = versions.lane(story, seconds(story))
    assert chart is not None
    v1, v2 = (dict(zip(chart.at_s, one.values, strict=True)) for one in chart.series)
    assert [one.label for one in chart.series] == ["v1", "v2"]
    assert chart.series[1].tone == "fault"
    assert (v1[5.0], v2[5.0]) == (100.0, 0.0)
    assert (v1[13.0], v2[13.0]) == (50.0, 50.0)


def test_without_a_version_in_any_answer_there_is_no_chart_of_versions(make_story: Make) -> None:
    story = make_story()
    assert versions.lane(story, seconds(story)) is None


def test_each_replica_has_a_row_of_the_releases_that_it_ran(make_story: Make) -> None:
    lane = releases.lane(release_told(make_story()), None)
    assert lane is not None
    rows = {row: [(m.text, m.start_s, m.end_s, m.tone) for m in marks] for row, marks in lane.rows}
    assert rows["api-1"] == [("good", 10.6, 33.0, "good")]
    assert rows["api-2"] == [("good", 10.6, 11.0, "good"), ("bad", 11.0, 16.0, "fault")]
    assert rows["roll"] == [("lever: human", 15.0, 16.5, "good")]


def test_people_have_a_row_each_beside_the_terminal(make_story: Make) -> None:
    lane = people.lane(release_told(make_story()), None)
    assert lane is not None
    rows = {row: [(m.text, m.start_s, m.end_s, m.tone) for m in marks] for row, marks in lane.rows}
    assert rows == {
        "terminal": [("asked: Roll back?", 13.2, None, "warn")],
        "bo": [("hypothesis: v2 is slow", 13.5, None, "plain")],
        "ann": [("tried: docker compose up, exit code 1", 14.0, 14.5, "bad")],
    }


def test_every_instant_leads_to_its_fact_or_row(make_story: Make) -> None:
    story = release_told(make_story())
    told = data_of(story)
    (lane,) = (lane for lane in told["lanes"] if lane["id"] == "story")
    assert lane["beside"] is True
    cites = [cite for _, marks in lane["rows"] for mark in marks for cite in mark[5]]
    assert {told["facts"][cite][0] for cite in cites} == {"fact", "request"}
    assert NO_ANSWER not in [mark[0] for _, marks in lane["rows"] for mark in marks]


def test_page_markdown_and_terminal_tell_the_same_instants(make_story: Make) -> None:
    story = release_told(make_story())
    html, text, short = page(story), markdown(story), summary(story.document, "report.html")
    assert "by human: ./back.sh, upon page Slow to oncall" in html
    assert "Never seen: impact, detected, restored." in html
    assert f"### What became of {FAULT.replace('_', chr(92) + '_')}" in text
    assert "| decided | 15.0 s | 3.9–4.0 s | by human: ./back.sh, upon page Slow to oncall | `h:8` |" in text
    assert "to page 1.9–2.0 s, to sweep 4.0–5.1 s." in text
    line = next(line for line in short.splitlines() if "v2 of api" in line)
    assert line.strip().startswith("↩ v2 of api: exposed 11.1 s, deployed 11.2 s, paged 13.0 s, decided 15.0 s")
    assert line.endswith("; never seen: impact, detected, restored")
    assert in_ascii("↩") == "<"


def test_when_it_was_clean_is_told_between_bounds_as_orders_are_looked_at_after_the_load(make_story: Make) -> None:
    story = release_told(make_story(), clean={"low_s": 18.0, "high_s": 60.0, "cite": "h:9"})
    assert "clean 18.0–60.0 s" in summary(story.document, "report.html")


def test_a_run_without_a_release_tells_of_none(make_story: Make) -> None:
    story = make_story()
    assert not views(story)
    assert instants.lane(story, None) is durations.lane(story, None) is people.lane(story, None) is None
    assert "What became of" not in markdown(story) + page(story)


def test_what_was_taken_back_in_part_is_told_with_what_stayed(make_story: Make) -> None:
    half = f.ReleaseSeen(
        service="api", container="api-3", release="other", stayed=("variable A",), seen_s=16.2, writer="h", number=11
    )
    story = release_told(make_story(), half, decided={"low_s": 16.0, "high_s": 16.2, "cite": "h:11"})
    story.document["releases"][0]["halved"] = {"api-3": ["image", "variable A"]}
    (view,) = views(story)
    assert "taken back in part: at the end of its phase api-3 still had its image and its variable A" in view.summary
    assert "api-3 was found to run a part of the bad release (variable A)" in next(
        step.said for step in view.steps if step.name == "decided"
    )
    lane = releases.lane(story, None)
    assert lane is not None
    (mark,) = dict(lane.rows)["api-3"]
    assert (mark.text, mark.tone, mark.detail["still has"]) == ("bad in part", "fault", "variable A")
