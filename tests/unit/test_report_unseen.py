"""What was not observed is said."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from harness import facts as f
from harness.journal import merged
from harness.report.unseen import unseen


def told(story: Any) -> str:
    return "\n".join(f"{one.what} | {one.why} | {one.decide}" for one in unseen(story))


def more(story: Any, *facts: f.Fact) -> Any:
    return dataclasses.replace(story, journal=merged([*story.journal.facts, *facts]))


def test_a_claim_that_was_not_decided_is_told_with_what_would_decide_it(make_story: Callable[..., Any]) -> None:
    story = make_story(cut_s=12.0)
    open_ = [one for one in unseen(story) if one.id]
    assert {one.id for one in open_} == {x["id"] for x in story.document["findings"] if x["outcome"] == "inconclusive"}
    assert all(one.decide for one in open_)
    assert "the run as it was planned | the run did not come to its end" in told(story)


def test_looks_that_failed_are_told_once_for_each_probe_and_target(make_story: Callable[..., Any]) -> None:
    blind = [f.Blinded(probe="witness", target="api->db", error=f"gone {i}", seen_s=float(i)) for i in (3, 5, 9)]
    text = told(more(make_story(), *blind))
    assert "api->db (witness) | 3 times the probe could not look, from 3.0 s to 9.0 s: gone 9" in text


def test_a_refused_edge_and_an_unknown_protocol_are_told(make_story: Callable[..., Any]) -> None:
    story = more(
        make_story(),
        f.EdgeFound(edge="api->mail", address="", refused="addressed by IP", seen_s=0.1),
        f.Witnessed(edge="api->odd", port=9, outcome="answered", connect_ms=1.0, seen_s=2.0),
    )
    assert "what passes over api->mail | the edge stayed as it was: addressed by IP" in told(story)
    assert "answers over api->odd | the witness knows no protocol for it" in told(story)
    assert "answers over api->db" not in told(story)


def test_a_clock_that_was_set_and_what_was_left_behind_are_told(make_story: Callable[..., Any]) -> None:
    story = more(
        make_story(), f.ClockRead(wall_unix_s=1.7e9 + 75, seen_s=15.0), f.Closed(left=("network x",), seen_s=34.0)
    )
    assert "it moved by 60.000 s" in told(story)
    assert "everything taken down | left behind: network x" in told(story)


def test_digests_are_missed_only_where_none_was_recorded(make_story: Callable[..., Any]) -> None:
    story = make_story()
    assert "digests" not in told(story)
    without = [x for x in story.journal.facts if not isinstance(x, f.ContainerSeen)]
    assert "the digests of the images" in told(dataclasses.replace(story, journal=merged(without)))


def test_which_version_answered_is_missed_only_where_a_release_asks_for_it(make_story: Callable[..., Any]) -> None:
    story = make_story()
    story = dataclasses.replace(story, rows=dataclasses.replace(story.rows, versions=("",)))
    assert "which version" not in told(story)
    released = dataclasses.replace(story, document={**story.document, "releases": [{"id": "new"}]})
    assert "which version answered | no answer had the header X-Version" in told(released)
    load = story.plan.drill.load.model_copy(update={"version_header": "X-Build"})
    drill = story.plan.drill.model_copy(update={"load": load})
    named = dataclasses.replace(story, plan=dataclasses.replace(story.plan, drill=drill))
    assert "no answer had the header X-Build" in told(named)
