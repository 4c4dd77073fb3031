"""YAML without its surprises, each value with its place."""

from __future__ import annotations

import pytest

from harness.drill.document import Place
from harness.drill.problem import Invalid
from harness.drill.yaml_strict import LARGEST_BYTES, decode, read


def data(text: str) -> object:
    return read("x.yaml", text).data


def wrong(text: str) -> str:
    with pytest.raises(Invalid) as caught:
        read("x.yaml", text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("true", True),
        ("false", False),
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("True", "True"),
        ("~", None),
        ("null", None),
        ("12", 12),
        ("-3", -3),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("190:20", "190:20"),
        ("2026-11-22", "2026-11-22"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("40/s", "40/s"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("=", "="),
    ],
)
def test_a_plain_scalar_means_what_it_looks_like(text: str, meant: object) -> None:
    assert read("x.yaml", f"a: {text}\n").data == {"a": meant}
    assert type(read("x.yaml", f"a: {text}\n").data["a"]) is type(meant)


def test_keys_are_words_whatever_they_look_like() -> None:
    assert data("on: 1\n8080: 2\nnull: 3\n") == {"on": 1, "8080": 2, "null": 3}


def test_every_value_and_key_has_its_place() -> None:
    document = read("x.yaml", "a:\n  - b: 1\n    cc: [x, yy]\n")
    assert document.place(("a", 0, "b")) == Place(2, 8)
    assert document.place(("a", 0, "cc"), key=True) == Place(3, 5)
    assert document.place(("a", 0, "cc", 1)) == Place(3, 13)
    assert document.place(("a", 0, "not there")) == Place(2, 5)


def test_a_key_that_stands_twice_is_refused_with_both_places() -> None:
    assert (
        wrong("a: 1\nb: 2\na: 3\n") == "x.yaml:3:1: 'a' stands here twice; first at line 1, column 1\n    a: 3\n    ^"
    )


def test_all_double_keys_are_told_at_once() -> None:
    assert wrong("a: {x: 1, x: 2}\nb: {y: 1, y: 2}\n").count("stands here twice") == 2


def test_anchors_and_merges_are_followed() -> None:
    text = "base: &b {x: 1, y: 2}\nover: {<<: *b, y: 3}\nboth: {<<: [*b, {z: 4}]}\nsame: *b\n"
    assert data(text) == {
        "base": {"x": 1, "y": 2},
        "over": {"y": 3, "x": 1},
        "both": {"x": 1, "y": 2, "z": 4},
        "same": {"x": 1, "y": 2},
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x [*x]\n", "x.yaml:1:4: an anchor that contains itself"),
        ("a: &x {<<: *x}\n", "an anchor that contains itself"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2:1: a second document"),
        ("a:\n\t- b\n", "x.yaml:2:1: a tab: YAML indents with spaces only"),
        ("a: !!python/object:os.system x\n", "a drill uses no tags"),
        ("a: !env X\n", "a drill uses no tags"),
        ("? [a, b]\n: 1\n", "a key must be a word"),
        ("a: [1, 2\n", "x.yaml:2:1: not YAML"),
        ("a: b: c\n", "x.yaml:1:5: not YAML: a ':' where none may stand"),
        ('a: "\\UFFFFFFFF"\n', "not YAML"),
        ('a: "\\ud800"\n', "half of a surrogate pair"),
        ("a: *nowhere\n", "x.yaml:1:4: not YAML: found undefined alias 'nowhere'"),
        ("a: \x01\n", "x.yaml:1:4: the character"),
        ("<<: 3\n", "'<<' needs a mapping"),
        ("[" * 70 + "]" * 70, "nested more than 60 levels deep"),
        ("a: {rate: ${RATE}}\n", 'a variable needs quotes: "${VAR}"'),
    ],
)
def test_what_is_not_plain_yaml_is_refused_at_its_place(text: str, says: str) -> None:
    assert says in wrong(text)


def test_anchors_within_anchors_do_not_fill_the_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "once its anchors are followed" in wrong("\n".join(lines))


def test_bytes_that_are_not_utf_8_are_said_with_their_place() -> None:
    with pytest.raises(Invalid, match=r"x.yaml:2:4: not UTF-8: byte 0xff"):
        decode("x.yaml", b"a: 1\nb: \xff\n")


def test_a_byte_order_mark_is_no_trouble() -> None:
    assert decode("x.yaml", b"\xef\xbb\xbfa: 1") == "a: 1"


def test_a_huge_file_is_refused_before_it_is_read() -> None:
    with pytest.raises(Invalid, match="too large for a drill"):
        decode("x.yaml", b"a" * (LARGEST_BYTES + 1))


def test_an_empty_file_has_no_data() -> None:
    assert data("") is None
    assert data("# only a comment\n") is None
