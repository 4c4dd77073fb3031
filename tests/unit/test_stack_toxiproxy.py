"""Lanes and Toxiproxy are waited for together, and what they said is told where they do not come."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.errors import CannotRun
from harness.stack import toxiproxy

SAID = {"drill-lanes": "placed 2 addresses", "drill-toxiproxy": "no such file"}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether Toxiproxy answers, look by look. Containers are known by their labels alone."""
    answers: list[bool] = []

    def docker(*words: str) -> SimpleNamespace:
        if words[0] == "logs":
            return SimpleNamespace(out=SAID[words[1]])
        assert "label=com.docker.compose.project=drill-0badcafe" in words
        service = words[-1].removeprefix("label=com.docker.compose.service=")
        return SimpleNamespace(out=f"{service}\n")

    monkeypatch.setattr(toxiproxy, "docker", docker)
    monkeypatch.setattr(toxiproxy, "api_answers", lambda api: answers.pop(0) if answers else False)
    monkeypatch.setattr(toxiproxy.time, "sleep", lambda s: None)
    return answers


def test_it_is_waited_for_until_it_answers(waits: list[bool]) -> None:
    waits += [False, False, True]
    toxiproxy.await_toxiproxy("drill-0badcafe", ("127.0.0.1", 20000))
    assert waits == []


def test_what_both_said_is_told_once_it_is_late(waits: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toxiproxy, "API_WITHIN_S", 0.0)
    with pytest.raises(CannotRun, match="did not start within 0 s:\nplaced 2 addressesno such file"):
        toxiproxy.await_toxiproxy("drill-0badcafe", ("127.0.0.1", 20000))
