"""Secrets in text: what stands for a password is none, whoever took it out."""

from __future__ import annotations

import re

import pytest

from harness.masking import BYTES, find, masked

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


@pytest.mark.parametrize(
    "text",
    [
        "login user=ada password=S3cr3tPass99",
        "Server=db;User Id=sa;Password=S3cr3tPass99;",
        "env DB_PASSWORD=S3cr3tPass99",
        "ssl.key.password = S3cr3tPass99",
        '{"user":"ada","password":"S3cr3tPass99"}',
        'body "{\\"newPassword\\": \\"S3cr3tPass99\\"}"',
        "LoginRequest(user=ada, password=S3cr3tPass99)",
        "POST /login?password=S3cr3tPass99&next=x",
        "password=0xS3cr3tPass99",
        "password=/S3cr3tPass99",
        'msg="login password=\\"S3cr3tPass99\\""',
        '{"user":"ada","password":"Tr0ub4dor$3x9"}',
        '{"user":"ada","password":"Tr0ub4dor*3x9"}',
        '{"user":"ada","password":"Tr0u,b4dor3x9"}',
        '{"user":"ada","password":"@Tr0ub4dor3x9"}',
        '{"user":"ada","password":"Tr0u(b4dor)3x9"}',
        '{"user":"ada","password":"Tr0u\\"b4dor3x9"}',
        '{"user":"ada","password":"Tr0ub4dor\\u00263x9"}',
        '{"user":"ada","password":"$Tr0ub4dor3x9"}',
        "{'user': 'ada', 'password': 'Tr0u,b4\"dor3x9'}",
        'body "{\\"password\\":\\"Tr0u,b4dor3x9\\"}"',
        "POST /login?user=ada&password=Tr0ub4dor%213x9",
        "POST /login?password=Tr0ub4dor$3x9&next=x",
        "POST /login?password=Tr0ub4dor%3x9",
        "password=@Tr0ub4dor3x9",
        "password=?Tr0ub4dor3x9",
        "password=$Tr0ub4dor3x9",
        "password=%Tr0ub4dor3x9%",
        "password=:Tr0ub4dor3x9",
        "password=$2b$10$N9qo8uLOickgx2ZMRZoMyeTr0ub4dor3x9",
        "password='Tr0u b4, password=Tr0ub4dor$3x9",
    ],
)
def test_what_is_called_a_password_is_found_whosever_it_is(text: str) -> None:
    assert [found.kind for found in find(text)] == ["password"]
    assert not re.search("S3cr3t|dor3x9|3x9", masked(text))
    assert sum(pattern.search(text.encode()) is not None for kind, pattern in BYTES if kind == "password") == 1


@pytest.mark.parametrize(
    "text",
    [
        "password=null", "password=required", "password=********", "password=[DB_PASSWORD]", "password=S3cr3t***", "Password={redacted1}",
        "password=$DB_PASSWORD1", "password=${DB1_PASSWORD}", "SET password=$1, name=$2", "SET password=:password1", "SET password=@password1",
        "User(password=com.shop.Password@1b2c3d4e)", "invalid password: user1234 is unknown", "password has 12 characters", "password=12",
        '{"password":"********"}', '{"password":null,"attempt1":2}', "password=, user=ada1234", "password_hash_rounds=12rounds", "password=12345678",
        "password=%(password1)s", "DB_PASSWORD=/run/secrets/db1_password", "PASSWORD=/etc/shop/db_password_v2", "password=vault:secret/data/db1",
        "password=ssm:/prod/db/password1", '"password": "arn:aws:secretsmanager:eu-west-1:1234:secret:db"', "sasl.password=file:/etc/kafka1",
        "SET password=$1::varchar2 WHERE id=$2", "SET password=:password_1", "SET password=@NewPassword1)", "set PASSWORD=%DB_PASSWORD1%",
        '{"password":"${DB1_PASSWORD}"}', "{'password': '%(password1)s'}", '{"password":"[DB_PASSWORD1]"}', '{"password":"{{.Password1}}"}',
        '{"password":"#{password1}"}', '{"password":"<redacted:1>"}', '{"password":"S3cr3t****"}', "password=S3%2A%2A%2A%2A99x", "password=T*****3x9",
        "GET /login?password=%5BFILTERED%5D&next=x", '{"password":"$DB_PASSWORD1"}', '{"password":"%5BFILTERED%5D"}', "GET /sign-up?error_password=must%20be%20longer",
        '{"password":"must have at least 8 characters, 1 digit"}', '{"password":"don\\u0027t_reuse"}',
        "password=op://shop/db1/password", "cfg password=0xc000123456 user=app",
    ],
)  # fmt: skip
def test_what_stands_behind_the_word_and_is_no_password_is_none(text: str) -> None:
    assert find(text) == []
    assert not any(pattern.search(text.encode()) for _, pattern in BYTES)
