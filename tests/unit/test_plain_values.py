"""Variables of a container that are told as they are, and those of which a hash is."""

from __future__ import annotations

import pytest

from harness.run.plain_values import is_plain

SHOWN = [
    ("PRICE_FACTOR", "1"), ("WORKER_DROPS", ""), ("VERSION", "v1.2.3"), ("POWER_PEG", "on"), ("TIMEOUT", "30s"), ("SPINNER", "2"),
    ("RATIO", "-0.25"), ("PORT", "8080"), ("MOST", "512Mi"), ("HEAP", "1.5g"), ("DEBUG", "True"), ("API", "v2"), ("GRACE", "1500ms"),
]  # fmt: skip
HIDDEN = [
    ("DB_PASSWORD", "hotel"), ("API_TOKEN", "1"), ("DB_PW", "natasha1"), ("PIN", "1234"), ("CREDENTIALS", "admin"), ("LOGIN", "admin"),
    ("NEO4J_AUTH", "neo4j/test"), ("ADMIN", "admin"), ("BASIC", "guest:guest"), ("POSTGRES_USER", "hotel"), ("CARD_CODE", "123"),
    ("DATABASE_URL", "postgresql://hotel:hotel@postgres:5432/hotel"), ("DATA", "postgresql://hotel:hotel@postgres:5432/hotel?sslmode=disable"),
    ("HOOK", "https://hooks.slack.com/services/T0/B0/x8Kq2ZpLm4"), ("SENTRY", "https://9f8e7d6c5b4a39281706@o1.ingest.io/2"),
    ("ID", "9f8e7d6c5b4a3928"), ("X", "Zm9vYmFyYmF6cXV4"), ("BUILD", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), ("STORE", "Host=db;Password=x1"),
    ("LONG", "word " * 20), ("PEPPER", "kettle42"), ("PSK", "letmein1"), ("REGISTRY_PSWD", "cat123"), ("MASTER", "hunter2"),
    ("MNEMONIC", "abandon ability able about"), ("INVITE", "summer24"), ("KENNWORT", "sommer2024"), ("RELEASE", "good"),
    ("CACHE_URL", "redis://hunter2@cache:6379/0"), ("DB_HOST", "pgbouncer"), ("PEPPER", "1234567"), ("PSK", "12345.1"), ("PEPPER", "4711x"),
    ("PEPPER", "on\n"), ("PEPPER", "v20241130"), ("PSK", "123456s"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), SHOWN)
def test_a_setting_is_told_as_it_is(name: str, value: str) -> None:
    assert is_plain(name, value)


@pytest.mark.parametrize(("name", "value"), HIDDEN)
def test_what_may_admit_somebody_is_not(name: str, value: str) -> None:
    assert not is_plain(name, value)
