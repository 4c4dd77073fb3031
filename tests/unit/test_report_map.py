"""The map: callers above what they call, no box over another, and what was hurt stands out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import facts as f
from harness.journal import merged
from harness.report.html.layout import GAP_X, layered
from harness.report.html.map import LOAD, curve, map_of

NAMES = [f"s{i}" for i in range(8)]


def test_a_chain_stands_in_one_column() -> None:
    layout = layered(dict.fromkeys("abc", 100.0), [("a", "b"), ("b", "c")])
    assert [layout.boxes[name].y for name in "abc"] == sorted(layout.boxes[name].y for name in "abc")
    assert len({layout.boxes[name].x for name in "abc"}) == 1


def test_an_edge_over_several_ranks_passes_beside_the_boxes_between() -> None:
    layout = layered(dict.fromkeys("abc", 100.0), [("a", "b"), ("b", "c"), ("a", "c")])
    assert len(layout.lines["a", "c"]) == 3
    bend, box = layout.lines["a", "c"][1], layout.boxes["b"]
    assert abs(bend[0] - box.x) > box.width / 2


def test_two_that_call_each_other_are_drawn_all_the_same() -> None:
    layout = layered(dict.fromkeys("ab", 100.0), [("a", "b"), ("b", "a"), ("a", "a"), ("a", "gone")])
    assert set(layout.lines) == {("a", "b"), ("b", "a")}
    assert layout.boxes["a"].y < layout.boxes["b"].y


def test_crossings_are_taken_out_where_order_can() -> None:
    layout = layered(dict.fromkeys("abxy", 100.0), [("a", "y"), ("b", "x")])
    assert (layout.boxes["a"].x < layout.boxes["b"].x) == (layout.boxes["y"].x < layout.boxes["x"].x)


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=20))
def test_no_box_lies_over_another_and_all_lie_within(edges: list[tuple[str, str]]) -> None:
    layout = layered({name: 90.0 + 10 * i for i, name in enumerate(NAMES)}, edges)
    boxes = list(layout.boxes.values())
    for i, one in enumerate(boxes):
        assert one.x - one.width / 2 >= -1e-6
        assert one.x + one.width / 2 <= layout.width + 1e-6
        assert 0 <= one.y <= layout.height
        for other in boxes[:i]:
            apart = abs(one.x - other.x) >= (one.width + other.width) / 2 + GAP_X - 1e-6
            assert apart or one.y != other.y
    for (caller, dependency), points in layout.lines.items():
        assert points[0][0] == layout.boxes[caller].x
        assert points[-1][0] == layout.boxes[dependency].x


def test_what_was_hurt_is_named_and_drawn_last(make_story: Callable[..., Any]) -> None:
    story = make_story()
    killed = f.Injecting(fault="slow/kill", kind="kill", target="db", planned_s=1, seen_s=11.0)
    refused = f.EdgeFound(edge="api->mail", address="", refused="by IP", seen_s=0.1)
    made = map_of(dataclasses.replace(story, journal=merged([*story.journal.facts, killed, refused])))
    assert made is not None
    nodes = {node.name: node for node in made.nodes}
    assert set(nodes) == {LOAD, "api", "db", "mail"}
    assert (nodes["db"].kind, nodes["db"].below) == ("hurt", "hurt: kill")
    assert nodes[LOAD].y < nodes["api"].y < nodes["db"].y
    lines = {line.id: line for line in made.lines}
    assert (lines["api->db"].kind, lines["api->db"].label) == ("hurt", "latency")
    assert (lines["api->mail"].kind, lines["api->mail"].label) == ("refused", "not mediated")
    assert made.lines[-1].id == "api->db"


def test_without_a_service_there_is_no_map(make_story: Callable[..., Any]) -> None:
    assert map_of(make_story(cut_s=0.05)) is None


def test_a_long_name_is_cut_in_its_box_and_whole_in_its_title(make_story: Callable[..., Any]) -> None:
    story = make_story()
    name = "a-service-with-a-name-longer-than-any-box"
    made = map_of(
        dataclasses.replace(
            story, journal=merged([*story.journal.facts, f.EdgeFound(edge=f"api->{name}", address="", seen_s=0.1)])
        )
    )
    assert made is not None
    node = next(node for node in made.nodes if node.name == name)
    assert node.shown.endswith("…")
    assert len(node.shown) * 8 < node.width


@pytest.mark.parametrize("points", [[(0.0, 0.0), (10.0, 20.0)], [(0.0, 0.0), (5.0, 10.0), (10.0, 20.0)]])
def test_a_path_passes_its_points(points: list[tuple[float, float]]) -> None:
    path = curve(points)
    for x, y in points:
        assert f"{x:.1f} {y:.1f}" in path
