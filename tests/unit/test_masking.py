"""Secrets in text: what stands for a password is none, whoever took it out."""

from __future__ import annotations

import pytest

from harness.masking import BYTES, find

STAND_INS = [
    "***", "xxxxx", "REDACTED", "redacted", "[REDACTED]", "[FILTERED]", "(hidden)", "<hidden>", "[masked]", "%2A%2A%2A", "%2a%2a",
    "${DB_PASSWORD}", "$PASS", "$(DB_PASSWORD)", "{password}", "{{db.password}}",
]  # fmt: skip


@pytest.mark.parametrize("stand_in", STAND_INS)
def test_what_stands_for_a_password_is_none(stand_in: str) -> None:
    text = f"connecting to postgres://api:{stand_in}@postgres:5432/orders"
    assert find(text) == []
    assert not any(pattern.search(text.encode()) for _, pattern in BYTES)


@pytest.mark.parametrize(
    "password",
    [
        "guest",
        "password",
        "redacted1",
        "xxl-shirt",
        "$ecret",
        "***x",
        "${DB_PASSWORD:-hunter2}",
        "[DB_PASSWORD]",
        "hidden[",
        "%2Ahunter2",
    ],
)
def test_a_password_that_looks_a_little_like_that_is_one(password: str) -> None:
    """`[DB_PASSWORD]` is what a run's own logs have for the value of that variable: it was logged."""
    text = f"connecting to postgres://api:{password}@postgres:5432/orders"
    assert [found.kind for found in find(text)] == ["password in a URL"]
    assert any(pattern.search(text.encode()) for _, pattern in BYTES)


@pytest.mark.parametrize(
    ("token", "kinds"), [("x" * 24, []), ("REDACTED", []), ("xyz-4bf92f3577b34da6a3ce", ["bearer token"])]
)
def test_a_bearer_token_of_nothing_but_x_is_none(token: str, kinds: list[str]) -> None:
    assert [found.kind for found in find(f"Authorization: Bearer {token}")] == kinds
