"""What holds for every fault: its docstring makes it, it wants what it says, and it takes away what it wanted."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from harness.fakeworld import FakeWorld
from harness.faults import FAULTS
from harness.faults.base import Fault
from harness.world.toxiproxy import check

BY_WORD = {fault.word: fault for fault in FAULTS}


def example(fault: type[Fault]) -> dict[str, Any]:
    """The YAML in the docstring, as data."""
    lines = textwrap.dedent(fault.__doc__ or "").splitlines()
    begin = lines.index("    faults:")
    block = "\n".join(lines[begin : begin + 2])
    ((word, fields),) = yaml.safe_load(block)["faults"][0].items()
    assert word == fault.word
    return dict(fields)


@pytest.mark.parametrize("fault", FAULTS, ids=BY_WORD)
def test_the_yaml_in_its_docstring_makes_it(fault: type[Fault]) -> None:
    made = fault.model_validate(example(fault))
    assert made.target in (
        "api->postgres",
        "api->payments",
        "api->cache",
        "api->search",
        "postgres",
        "worker",
        "api",
        "long-read",
    )


@pytest.mark.parametrize("fault", FAULTS, ids=BY_WORD)
def test_its_docstring_says_what_the_caller_sees_at_its_beginning_and_its_end(fault: type[Fault]) -> None:
    text = fault.__doc__ or ""
    for part in ("Begins: ", "Ends: ", "Units: ", "Raises: ", "Source: "):
        assert part in text


@pytest.mark.parametrize("fault", FAULTS, ids=BY_WORD)
def test_an_unknown_key_is_refused(fault: type[Fault]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        fault.model_validate({**example(fault), "severity": "high"})


@pytest.mark.parametrize("fault", FAULTS, ids=BY_WORD)
def test_what_it_injects_it_mends_and_mending_again_does_nothing(fault: type[Fault]) -> None:
    fake = FakeWorld(edges=("api->postgres",), services=("api", "postgres"))
    target = {"edge": "api->postgres"} if "edge" in fault.model_fields else {"service": "postgres"}
    made = fault.model_validate({**example(fault), **target}).aimed(fake.world)
    readback = made.inject("it", fake.world)
    assert readback
    assert fake.still_on()
    assert made.mend("it", fake.world) == ""
    assert fake.still_on() == ()
    assert made.mend("it", fake.world) == ""
    for want in fake.proxies.on.values():
        for toxic in want.toxics:
            check(toxic)


@pytest.mark.parametrize("fault", FAULTS, ids=BY_WORD)
def test_without_a_look_nothing_is_claimed(fault: type[Fault]) -> None:
    made = fault.model_validate(example(fault))
    assert made.landing((), ()).outcome == "not_measurable"
    assert made.gone((), ()).outcome == "not_measurable"


@pytest.mark.parametrize("fault", FAULTS, ids=BY_WORD)
def test_its_stated_size_is_plain_data_without_its_times(fault: type[Fault]) -> None:
    times = {"after": "5s"} if fault.outlasts else {"after": "5s", "for": "10s"}
    stated = fault.model_validate({**example(fault), **times}).stated()
    assert not {"after", "for_", "for", "id"} & set(stated)
    assert all(isinstance(value, (str, int, float)) for value in stated.values())


@pytest.mark.parametrize("text", ["postgres", "api->", "->db", "a->b->c"])
def test_what_is_not_an_edge_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="is not an edge"):
        BY_WORD["down"].model_validate({"edge": text})


def test_spaces_around_the_arrow_make_no_other_edge() -> None:
    assert BY_WORD["down"].model_validate({"edge": "api -> db"}).target == "api->db"


@pytest.mark.parametrize("word", ["latency", "hang", "reset", "bandwidth", "slow_close", "limit_data", "slicer"])
def test_a_share_of_nothing_is_refused_and_a_share_below_all_cuts_pooled_connections(word: str) -> None:
    fault = BY_WORD[word]
    with pytest.raises(ValidationError, match="greater than 0"):
        fault.model_validate({**example(fault), "share": "0%"})
    cut = fault.model_validate({**example(fault), "share": "30%"})
    assert cut.stated()["open_connections"] == "cut"
    kept = fault.model_validate({**example(fault), "share": "30%", "open_connections": "keep"})
    assert kept.stated()["open_connections"] == "keep"


@pytest.mark.parametrize(
    ("word", "fields", "message"),
    [
        ("latency", {"delay": "0.4ms"}, "at least 1ms"),
        ("latency", {"delay": "100ms", "jitter": "200ms"}, "jitter is more than the delay"),
        ("latency", {"delay": 400}, "must have a unit"),
        ("bandwidth", {"rate": "64KB"}, "size per second"),
        ("bandwidth", {"rate": "10B/s"}, "at least 1KB/s"),
        ("slicer", {"size": "64B", "variation": "64B"}, "variation must be less"),
        ("kill", {"signal": "HUP"}, "Input should be"),
        ("down", {"share": "50%"}, "Extra inputs"),
    ],
)
def test_what_toxiproxy_or_docker_would_not_obey_is_refused(word: str, fields: dict[str, Any], message: str) -> None:
    fault = BY_WORD[word]
    given = {**example(fault), **fields}
    if "delay" in fields:
        given.setdefault("jitter", "0ms")
    if fields.get("delay") == "0.4ms":
        given["jitter"] = "0ms"
    with pytest.raises(ValidationError, match=message):
        fault.model_validate(given)
