"""Samples of answers: few of each kind, short, masked, and never in the way of the load."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.load import samples
from harness.load.outcome import unreached
from harness.load.samples import Samples, text_of


def kept(folder: Path) -> list[dict[str, Any]]:
    path = folder / "0.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_the_first_of_each_kind_are_kept(tmp_path: Path) -> None:
    found = Samples(tmp_path, "0123abcd", 0)
    for row in range(10):
        found.keep(row, (1, 200, 1), "GET /", "application/json ok", "", b'{"ok": true}')
    found.keep(10, (1, 503, 2), "GET /", "application/json error", "", b'{"error": "gone"}')
    assert [one["request_id"] for one in kept(tmp_path)] == [
        "drill-0123abcd-0-0",
        "drill-0123abcd-0-1",
        "drill-0123abcd-0-10",
    ]
    assert kept(tmp_path)[-1] == {
        "request_id": "drill-0123abcd-0-10",
        "endpoint": "GET /",
        "status": 503,
        "shape": "application/json error",
        "moved": "",
        "size": 17,
        "text": '{"error": "gone"}',
    }


def test_answers_that_never_repeat_do_not_fill_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(samples, "monotonic", lambda: now[0])
    found = Samples(tmp_path, "r", 0)
    for row in range(200):
        found.keep(row, (1, 200, row), "GET /", "text/html", "", b"x")
    assert len(kept(tmp_path)) == samples.AT_ONCE
    now[0] = 3.0
    for row in range(200, 400):
        found.keep(row, (1, 200, row), "GET /", "text/html", "", b"x" * 100_000)
    assert len(kept(tmp_path)) == samples.AT_ONCE + 3
    assert len(kept(tmp_path)[-1]["text"]) == samples.LONGEST
    assert kept(tmp_path)[-1]["size"] == 100_000


@pytest.mark.parametrize(
    ("body", "secret"),
    [
        (b'{"access_token": "abcd1234efgh"}', "abcd1234"),
        (b"<input name='wpLoginToken' value='deadbeef99'>", "deadbeef99"),
        (b"sessionid=0123456789; path=/", "0123456789"),
        (b"postgres://u:hunter2@db/x", "hunter2"),
        (b"card 4111111111111111", "4111111111111111"),
        (b"-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----", "MIIEvQ"),
    ],
)
def test_secrets_are_masked(body: bytes, secret: str) -> None:
    text = text_of(body, "text/html")
    assert secret not in text
    assert "[" in text


def test_what_is_no_text_is_not_shown() -> None:
    assert text_of(b"\x89PNG", "image/png") == ""


def test_a_full_disk_costs_a_sample_and_nothing_else(
    tmp_path: Path, full_disk: Callable[[Path], Callable[[], None]]
) -> None:
    found = Samples(tmp_path, "r", 0)
    found.keep(0, (1, 200, 1), "GET /", "text/html", "", b"x")
    full_disk(tmp_path / "0.jsonl")
    found.keep(1, (1, 200, 2), "GET /", "text/html", "", b"x")
    assert len(kept(tmp_path)) == 1


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Samples(tmp_path / "file", "r", 0).keep(0, (1, 200, 1), "GET /", "text/html", "", b"x")


@pytest.mark.parametrize(
    ("error", "never"),
    [
        (ConnectionRefusedError(111, "no"), True),
        (ConnectionResetError(104, "reset"), False),
        (TimeoutError("read"), False),
        (None, False),
    ],
)
def test_whether_a_request_got_a_connection_is_told_from_its_error(error: Exception | None, never: bool) -> None:
    assert unreached(error, SimpleNamespace(error=None)) is never
