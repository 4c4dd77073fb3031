"""What need be no secret fails nobody who did not ask for it, and is told; what is one still fails, and all is masked as ever."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from test_expectation_log_coverage import Run

from harness.expectations.base import Line
from harness.masking import Secret, masked
from harness.verdict import Finding, Outcome

CARD, TEST = "4539578763621486", "4242424242424242"


def logged(*texts: str, **options: Any) -> Finding:
    return Run(extra=[Line("api", "api-1", 12.0 + i / 10, text) for i, text in enumerate(texts)]).check(**options)


MAY_BE_NONE = [
    f"order {CARD} paid",
    "order 4111111111111111 paid",
    "trace 4111-1111-1111-1111",
    f"shipment {CARD} paid by card",
    f'{{"order_id":"{CARD}","card":"visa"}}',
    f"discarded {CARD}",
    f"wildcard match of {CARD}",
    f'{{"id":{CARD},"status":"declined"}}',
    "cannot connect to amqp://guest:guest@rabbitmq:5672//",
    "broker=pyamqp://guest:guest@rabbitmq:5672/",
    "tcp://admin:admin@activemq:61616 is gone",
    '{"errors":{"password":"validation.password.length_8"}}',
    "sign-up rejected: password=minLength8",
    'invalid: {"password": "must_have_8_chars"}',
    'body "{\\"password\\": \\"min8chars\\"}"',
    '{"password": "argon2id"}',
    "Password=Argon2Hasher",
    "password=/srv/shop/db1_password",
    "span checkout hash_password=85.3ms db=3ms",
    "checkout verify_password=12345us",
    "checkout verify_password=123.4µs.",
    "hash_password=1m30.5s",
    "hash_password=1m30s250ms",
    "hash_password=12ms400µs",
    "hash_password=PT0.085S",
    '{"verify_password":"PT15M30S"}',
    "hash_password=P1DT2H30M",
    "hash_password=1.5e-05",
    "hash_password=9.8E-5s",
    "hash_password=00:00:01.234s",
    '{"last_password":"2026-11-28T10:00:00,123"}',
    "user 7 reset_password=2026-11-28T10:00:00Z",
    '{"last_password":"2026-11-28T10:00:00.123+01:00"}',
    "loaded hash_password=v1.2.3",
    '{"password": "must_have_>=8_chars"}',
    '{"password": "min.length(8)"}',
    '{"password": "Must_be_8-64_chars!"}',
    "GET /sign-up?error_password=must%20have%208%20chars",
    "GET /span?reset_password=2026-11-28T10%3A00%3A00Z",
]


@pytest.mark.parametrize("text", MAY_BE_NONE)
def test_what_need_be_no_secret_is_told_and_fails_where_it_was_asked_for_alone(text: str) -> None:
    finding = logged(text)
    assert finding.outcome is Outcome.PASSED, finding.because
    assert "not counted, unless `secrets` is stated: 1× " in dict(finding.details)["secrets"]
    stated = logged(text, secrets=0)
    assert (stated.outcome, stated.reason) == (Outcome.FAILED, "secret_logged")
    assert logged(text, secrets=1).outcome is Outcome.PASSED
    assert masked(text) != text


SECRETS = [
    f"card {CARD} declined",
    "card=4539-5787-6362-1486",
    f"cardNumber={CARD}",
    f"CARD_ID={CARD}",
    f'{{"card":{{"holder":"Ada","exp":"12/30","number":"{CARD}"}}}}',
    f"charging {CARD} (visa)",
    f"PAN: {CARD}",
    f"order 4111111111111111 by card {CARD}",
    "postgres://guest:guest@db/orders",
    "amqp://guest:hunter2@rabbitmq//",
    "login of ada failed, password=S3cr3tPass99",
    "password=Tr0ub4dor",
    "password=hunter22!",
    "sign-up: password=minLength8 for password=S3cr3tPass99",
    '{"password":"5f4dcc3b5aa765d61d8327deb882cf99"}',
    "password=/9j/4AAQSkZJRgAB",
    "password=/k9QzL4xT/pm77vB2n",
    '{"user":"ada","password":"Tr0ub4dor$3x"}',
    '{"user":"ada","password":"Tr0ub4dor*3x"}',
    '{"user":"ada","password":"@Tr0ub4dor3x"}',
    '{"user":"ada","password":"Tr0u,b4dor3x9"}',
    '{"user":"ada","password":"Tr0u(b4)dor3x9"}',
    "POST /login?user=ada&password=Tr0ub4dor%213x",
    "password=2026-11-28T10:00:00Zx9",
    "password=85.3msQx",
    "password=1m30s250msQx",
    "password=30s15m12h",
    "password=PT15M30SxQ",
    "password=PT4SSW0RD",
    "password=P4T15SxM30",
    "password=$2b$10$N9qo8uLOickgx2ZMRZoMye",
    "amqp://guest:guest@rabbitmq// or amqp://shop:hunter2@rabbitmq//",
]


@pytest.mark.parametrize("text", SECRETS)
def test_what_is_one_fails_though_nobody_asked(text: str) -> None:
    finding = logged(text)
    assert (finding.outcome, finding.reason, finding.census) == (Outcome.FAILED, "secret_logged", True)


@pytest.mark.parametrize("text", [f"card={TEST}", "card 4111 1111 1111 1111 declined", '{"cc": "378282246310005"}'])
def test_a_test_number_that_is_called_a_card_is_open(text: str) -> None:
    """A rehearsal has no others to send: what logs them logs the real ones."""
    finding = logged(text)
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "test_card")
    assert "whatever logs a test card's number logs that of a real card" in finding.because
    assert logged(text, secrets=0).reason == "secret_logged"
    assert logged(text, f"order {CARD} paid").reason == "test_card"


@pytest.mark.parametrize(
    "value",
    [
        "hunter22",
        "natasha12",
        "sunflower-rain99",
        "User1234",
        "too_short_min_8",
        "step2/3",
        "123456s",
        "required|min:8|max:64",
        "$ecret99",
    ],
)
def test_a_word_with_a_number_behind_password_is_open_unless_it_was_asked_for(value: str) -> None:
    """Nobody can tell `hunter22`, which is a password, from `too_short_min_8`, which is the key of a message."""
    text = f"rejected: password={value}"
    finding = logged(text)
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "plain_word")
    assert "1× password by api (it reads like a word)" in finding.because
    assert logged(text, secrets=0).reason == "secret_logged"
    assert value not in masked(text)


@pytest.mark.parametrize("value", ["between(8,64)", "@Sunflower99", "${DB_PASSWORD:-hunter2}"])
def test_such_a_word_within_quotes_is_open_too(value: str) -> None:
    text = f'{{"password":"{value}"}}'
    assert logged(text).reason == "plain_word"
    assert logged(text, secrets=0).reason == "secret_logged"
    assert value not in masked(text)


def test_what_is_not_counted_is_told_beside_what_is() -> None:
    finding = logged(f"card {CARD} declined", f"order {CARD} paid", f"card={TEST}")
    assert finding.because.startswith("1 in the logs (limit 0): 1× card number by api; the first at 12.0 s in api-1")
    assert (
        "1× card number by api (a known test number), 1× card number by api (no word of a card beside it)"
        in finding.because
    )
    assert finding.measure is not None
    assert finding.measure.high == 1
    assert "4539" not in repr(finding)


URL = Secret("DATABASE_URL", "orders", public=True)
WORD = Secret("DB_PASSWORD", "sunflower")


def own(secret: Secret, *texts: str, **options: Any) -> Finding:
    extra = [Line("api", "api-1", 12.0 + i / 10, text) for i, text in enumerate(texts)]
    return Run(extra=extra, secrets=(secret,)).check(**options)


def test_a_route_or_a_team_that_is_called_as_the_password_is_no_secret() -> None:
    assert (
        own(URL, "GET /orders 200", 'team="orders"', "orders-oncall", "relation orders is not there").outcome
        is Outcome.PASSED
    )


@pytest.mark.parametrize(
    "text", ["password=orders", "password=[DATABASE_URL]", "dial a://orders:[DATABASE_URL]@db/orders"]
)
def test_the_same_password_where_a_secret_stands_is_one(text: str) -> None:
    finding = own(URL, text)
    assert (finding.outcome, finding.reason) == (Outcome.FAILED, "secret_logged")


@pytest.mark.parametrize("text", ["logged in with sunflower", "logged in with [DB_PASSWORD]"])
def test_a_plain_word_that_is_the_password_is_open_unless_it_was_asked_for(text: str) -> None:
    finding = own(WORD, text)
    assert (finding.outcome, finding.reason) == (Outcome.INCONCLUSIVE, "plain_word")
    assert "value of DB_PASSWORD by api (a plain word)" in finding.because
    assert own(WORD, text, secrets=0).reason == "secret_logged"
    assert own(WORD, "password: sunflower").reason == "secret_logged"
    assert own(WORD, "200 sunflowers, sunflower_total").outcome is Outcome.PASSED


@pytest.mark.parametrize("text", ["mysqladmin ping -uroot -psunflower", "mysqladmin ping -uroot -p[DB_PASSWORD]"])
def test_a_plain_word_where_a_client_is_told_it_fails_though_nobody_asked(text: str) -> None:
    assert own(WORD, text).reason == "secret_logged"


@pytest.mark.parametrize("text", ["auth app/sunflower", "auth app/[DB_PASSWORD]", "GET /sunflower", "got _sunflower_"])
def test_a_plain_word_in_a_path_is_open_unless_it_names_something(text: str) -> None:
    assert own(WORD, text).reason == "plain_word"
    assert own(WORD, text, secrets=0).reason == "secret_logged"
    assert (
        own(dataclasses.replace(WORD, public=True), text.replace("[DB_PASSWORD]", "sunflower")).outcome
        is Outcome.PASSED
    )


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        (Secret("DATABASE_URL", "p%40ssw0rd1"), "connecting as app with p@ssw0rd1"),
        (Secret("DATABASE_URL", "p%40ssw0rd1"), "connecting as app with [DATABASE_URL]"),
        (Secret("DB_PASSWORD", "p@ss/w0rd!1"), "dial db with p%40ss%2Fw0rd%211"),
        (WORD, "Authorization: Basic YXBwOnN1bmZsb3dlcg=="),
        (WORD, "Authorization: Basic YXBwO[DB_PASSWORD]=="),
        (URL, "authorization: basic YXBwOm9yZGVycw=="),
        (URL, "authorization: basic YXBwO[DATABASE_URL]=="),
    ],
)
def test_an_encoded_password_is_found_live_and_in_what_the_run_kept(secret: Secret, text: str) -> None:
    assert own(secret, text).reason == "secret_logged"


def test_a_pass_says_which_values_were_looked_for_only_where_a_secret_stands() -> None:
    assert dict(own(URL, "GET /orders 200").details)["secrets"] == (
        "no secret was found in the logs; the value of DATABASE_URL is a word of other things too, and counts only where a secret stands"
    )
    assert "counts only" not in dict(own(WORD, "200").details)["secrets"]


def test_a_line_is_counted_once_though_two_services_secrets_have_one_name() -> None:
    two = (Secret("DATABASE_URL", "k9QzL4xT"), Secret("DATABASE_URL", "Zb81-pqLL"))
    finding = Run(extra=[Line("api", "api-1", 12.0, "got [DATABASE_URL]")], secrets=two).check()
    assert finding.because.startswith("1 in the logs (limit 0): 1× value of DATABASE_URL by api")
