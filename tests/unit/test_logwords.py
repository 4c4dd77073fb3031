"""Which words of a text may name somebody, and which surely do."""

from __future__ import annotations

import pytest

from harness.logwords import is_somebody, mentions, without_paths


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("POST /payments: PoolTimeout", "POST PoolTimeout"),
        ("GET api/payments/17 503", "GET 503"),
        ('path="/payments?to=redis" gone', 'path=" " gone'),
        ("http://payments:8080/orders/3 refused", "http://payments:8080 refused"),
        ("GET http://payments/charge 503", "GET http://payments 503"),
        ("postgres://orders:pw@pg:5432/search down", "postgres://pg:5432 down"),
        ("dial tcp payments:8080/charge", "dial tcp payments:8080"),
    ],
)
def test_a_path_names_nobody_and_the_host_of_a_url_stays(text: str, left: str) -> None:
    assert " ".join(without_paths(text).split()) == left


@pytest.mark.parametrize(
    "text",
    [
        "payments: refused", "payments refused", "payments is unavailable", "connection to payments lost", "(payments)",
        "timeout after 3 s calling payments", "http://payments/x", "payments:8080", "upstream payments said 503", "host=payments",
    ],
)  # fmt: skip
def test_some_words_surely_mean_a_part(text: str) -> None:
    assert [word[0] for word in mentions(text) if word[0] == "payments" and is_somebody(word)] == ["payments"]


@pytest.mark.parametrize(
    "text",
    [
        "could not store payments row", "payments failed", "error from payments table", "cannot list payments", "added to payments",
        "number of payments exceeded", "api/payments gone", "payments/17 gone", "payments://x", "payments rejected by bank",
        "[payments] gone",
    ],
)  # fmt: skip
def test_others_may_be_things_of_the_business(text: str) -> None:
    assert [is_somebody(word) for word in mentions(text) if word[0] == "payments"] == [False]
