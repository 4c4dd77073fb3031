"""Every reader of foreign input: what once broke it no longer does, a few hundred broken inputs, and bombs in time linear in their size."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.found import FOUND, inputs
from fuzz.mutate import mutated
from fuzz.target import Target, tried
from fuzz.targets import TARGETS

EXAMPLES = int(os.environ.get("DRILL_FUZZ_EXAMPLES", "25"))
BY_NAME = {target.name: target for target in TARGETS}
every = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


@every
def test_what_is_as_it_should_be_is_read(target: Target) -> None:
    assert target.seeds(), "there is nothing to begin from"
    for seed in target.seeds():
        assert tried(target, seed) is None


@pytest.mark.parametrize("path", inputs(), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_broke_a_reader_is_read_or_refused(path: Path) -> None:
    assert tried(BY_NAME[path.parent.name], path.read_bytes()) is None


def test_every_input_that_is_kept_is_of_a_target_that_there_is() -> None:
    assert {path.name for path in FOUND.iterdir()} <= set(BY_NAME)


@every
@settings(
    max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(st.data())
def test_what_is_broken_is_read_or_refused(target: Target, data: st.DataObject) -> None:
    random = Random(data.draw(st.integers(0, 2**64 - 1), label="seed"))
    seeds = target.seeds()
    broken = mutated(random.choice(seeds), random, random.choice(seeds))
    crash = tried(target, broken)
    assert crash is None, (crash, broken[:2000])


BOMBS: dict[str, Callable[[int], bytes]] = {
    "brackets": lambda size: b"[" * size,
    "objects": lambda size: b'{"a":' * (size // 5),
    "one long line": lambda size: b"A" * size,
    "one long text": lambda size: b'"' + b"\\\\" * (size // 2) + b'"',
    "quotes": lambda size: b'"' * size,
    "spaces": lambda size: b"a: " + b" " * size + b"b",
    "equals": lambda size: b"a=" * (size // 2),
    "empty lines": lambda size: b"\n" * size,
    "digits": lambda size: b"9" * size,
    "keys": lambda size: b"{" + b",".join(b'"k%d":0' % number for number in range(size // 9)) + b"}",
    "entries": lambda size: b"- a\n" * (size // 4),
    "dots": lambda size: b"a." * (size // 2),
    "colons": lambda size: b"a:" * (size // 2),
    "at signs": lambda size: b"://" + b"a:" * (size // 4) + b"@" * (size // 4),
    "hyphens": lambda size: b"-----BEGIN PRIVATE KEY-----" * (size // 27),
    "cards": lambda size: b"4000-0000-0000-0000 " * (size // 20),
}
SIZE, LIMIT_S = 100_000, 20.0
"""A reader takes milliseconds for so much (tomllib some seconds for keys of many parts); one that looks at each pair of its characters takes minutes."""


@every
def test_no_input_takes_more_than_its_size(target: Target) -> None:
    for bomb, made in BOMBS.items():
        assert tried(target, made(SIZE), LIMIT_S) is None, bomb


LAUGHS = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (after, after, b",".join([b"*%c" % before] * 9))
    for before, after in zip(b"abcdefgh", b"bcdefghi", strict=True)
)


@pytest.mark.parametrize("name", ["drill", "resolved-drill", "rules", "receivers"])
def test_anchors_within_anchors_do_not_multiply(name: str) -> None:
    assert tried(BY_NAME[name], LAUGHS, limit_s=10.0) is None
    assert tried(BY_NAME[name], b"a: &a\n  b: *a\n  <<: *a\n", limit_s=10.0) is None


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system ['touch ran']", "!!python/name:os.system ", "!ruby/x y"]
)
@pytest.mark.parametrize("name", ["drill", "resolved-drill", "rules", "receivers"])
def test_yaml_runs_nothing(name: str, tag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in BY_NAME[name].seeds()[:2]:
        assert tried(BY_NAME[name], seed + f"\nx: {tag}\n".encode()) is None
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["drill", "resolved-drill"])
def test_a_key_that_stands_twice_is_refused_with_both_places(name: str) -> None:
    from harness.drill.problem import Invalid

    target = BY_NAME[name]
    with pytest.raises(Invalid, match=r"^\S+:\d+:\d+: .*twice; first at line \d+"):
        target.read(target.seeds()[0] + b"\ndrill: other\n")
