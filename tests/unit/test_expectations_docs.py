"""Each expectation teaches itself: the YAML in its docstring is what it accepts."""

from __future__ import annotations

import textwrap

import pytest
import yaml

from harness.expectations import EXPECTATIONS
from harness.expectations.base import Expectation


@pytest.mark.parametrize("kind", EXPECTATIONS, ids=lambda kind: kind.word)
def test_the_example_in_the_docstring_is_accepted(kind: type[Expectation]) -> None:
    body = (kind.__doc__ or "").splitlines()[1:]
    until = next(i for i, line in enumerate(body) if line.lstrip().startswith("Units:"))
    data = yaml.safe_load(textwrap.dedent("\n".join(body[:until])))
    entries = next(iter(data.values()))
    assert entries, "no example"
    for entry in entries:
        assert set(entry) == {kind.word}
        kind.model_validate(entry[kind.word])


@pytest.mark.parametrize("kind", EXPECTATIONS, ids=lambda kind: kind.word)
def test_the_docstring_says_units_and_source_and_when_it_decides(kind: type[Expectation]) -> None:
    for heading in ("Units:", "Counts:", "Decides:", "Source:"):
        assert heading in (kind.__doc__ or ""), heading
