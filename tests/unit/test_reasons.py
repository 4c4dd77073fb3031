"""Every reason code that a finding can have is explained, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from harness.reasons import FAILING, REASONS

ROOT = Path(__file__).parents[2] / "harness"
PLACES = (
    ROOT / "verdict.py",
    ROOT / "beside.py",
    ROOT / "bounded.py",
    ROOT / "cleanups.py",
    ROOT / "damage.py",
    ROOT / "ending.py",
    ROOT / "endstate.py",
    ROOT / "left_open.py",
    ROOT / "unplayed.py",
    *(ROOT / "expectations").glob("*.py"),
    *(ROOT / "orders").glob("*.py"),
)


def codes(node: ast.AST) -> Iterator[str]:
    """Strings given, or by default given, to an argument named `reason`; both branches of an `a if b else c`."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.keyword) and inner.arg == "reason":
            yield from strings(inner.value)
        elif isinstance(inner, ast.arguments):
            for argument, default in zip(inner.kwonlyargs, inner.kw_defaults, strict=True):
                if argument.arg == "reason" and default is not None:
                    yield from strings(default)


def strings(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from strings(value.body)
        yield from strings(value.orelse)


def test_every_reason_code_in_use_is_explained_and_no_other() -> None:
    used = {code for path in PLACES for code in codes(ast.parse(path.read_text()))}
    assert used == set(REASONS)


def test_a_reason_is_one_sentence_without_its_full_stop() -> None:
    for code, text in REASONS.items():
        assert re.fullmatch(r"[a-z_]+", code)
        assert len(text) > 20
        assert not text.endswith(".")


def test_what_fails_a_claim_is_listed_as_failing_and_what_leaves_it_open_is_not() -> None:
    """Of the codes that stand in the calls themselves."""
    said: dict[str, set[str]] = {"failed": set(), "inconclusive": set()}
    for path in PLACES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in said:
                said[node.func.id] |= {
                    code for given in node.keywords if given.arg == "reason" for code in strings(given.value)
                }
    either = {"pre_existing", "rule_missing", "rule_broken"}
    assert said["failed"] <= set(FAILING)
    assert not (said["inconclusive"] - either) & set(FAILING)
