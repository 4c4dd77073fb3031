"""What looks like a secret and need be none: digits that are a card's number by chance, a number for tests, a broker's own
default, a word, a path, what a form says of a password, how long or when something was done with one. Pure.

Of ids of sixteen digits one in fifty begins as a card's number does and has its check digit by chance; only the words about it tell.
All of it is masked all the same.
"""

from __future__ import annotations

import re
from enum import Enum
from urllib.parse import unquote

from harness.secret_names import reads

BEFORE, AFTER = 64, 24
"""Characters in which a word says what a number is: `"card": {"holder": "Ada", "number": "4…"`, `4… (visa)`."""
_CARD_WORDS = {
    "card", "cards", "creditcard", "debitcard", "cardno", "cardnum", "cardnumber", "ccnum", "ccnumber", "ccn", "cc", "pan",
    "credit", "debit", "visa", "mastercard", "maestro", "amex", "cvv", "cvc", "carte", "karte", "kreditkarte", "tarjeta",
    "cartao",
}  # fmt: skip
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LABEL = re.compile(r"([A-Za-z][\w-]*)[\"']?\s{0,2}[:=#]?\s{0,2}[\"'#]?$")
_IDS = {
    "id", "ids", "order", "trace", "span", "request", "session", "user", "customer", "invoice", "tracking", "shipment",
    "parcel", "message", "transaction", "tx", "txn", "job", "task", "device", "serial",
}  # fmt: skip
_TEST_CARDS = {
    "4111111111111111", "4242424242424242", "4012888888881881", "4222222222222", "4000056655665556", "4917610000000000",
    "4005519200000004", "5555555555554444", "5105105105105100", "5200828282828210", "5454545454545454", "2223003122003222",
    "2222400070000005", "2223000048400011", "378282246310005", "371449635398431", "378734493671000", "6011111111111117",
    "6011000990139424", "6011981111111113",
}  # fmt: skip
"""As Stripe, PayPal, Adyen and Braintree print them for whoever tries their sandboxes."""
_TEST_RANGE = "400000"  # Stripe's for declines and countries
_BROKER = re.compile(r"://(guest:guest|admin:admin|artemis:artemis|system:manager)@")
_BROKERS = re.compile(r"(?:amqps?|amqp\+ssl|pyamqp|stomp(?:\+ssl)?|mqtts?|tcp|ssl|activemq)$")
_CALLED = re.compile(r"\A\w+?\\?[\"']?\s?[=:]\s?\\?[\"']?")
"""What stands before a password."""
_PATH = re.compile(r"(?:~|\.{1,2}|[A-Z]:)?(?:[/\\][a-z][\w.-]*){2,}", re.ASCII)
_RULES = {
    "chars", "characters", "constraint", "constraints", "digits", "errors", "length", "validation", "validator", "validators",
}  # fmt: skip
_ASKED = r"[A-Za-z_ .:,!/()\[\]{}<>=|-]"
_MESSAGE = re.compile(rf"{_ASKED}{{1,80}}(?:\d{{1,3}}{_ASKED}{{0,80}}){{1,2}}")
"""Words with a small number or two: `validation.password.length_8`, `min8chars`, `must_have_>=8_chars`."""
_OF_RULES = re.compile(r"[()\[\]{}<>|]|(?<=[<>])=")
"""What is between the words and numbers of a rule: `between(8,64)`."""
_UNIT = r"(?:[num\u00b5\u03bc]s|secs?|seconds?|mins?|minutes?|hours?|days?)"
_LENGTHS = (
    r"(?=(?:\d[\d.]*[a-z\u00b5\u03bc]+){2})(?:\d{1,3}d)?(?:\d{1,3}h)?(?:\d{1,3}m)?(?:\d{1,2}(?:\.\d{1,12})?s)?(?:\d{1,3}ms)?"
    r"(?:\d{1,3}[u\u00b5\u03bc]s)?(?:\d{1,3}ns)?"
)
"""As Go and Rust write them, the longest unit first: `1m30.5s`, `1m30s250ms`."""
_ISO_LENGTH = r"P(?=[T\d])(?:\d{1,5}D)?(?:T(?=\d)(?:\d{1,5}H)?(?:\d{1,5}M)?(?:\d{1,9}(?:\.\d{1,12})?S)?)?"
"""As Java writes them: `PT0.085S`."""
_MEASURED = re.compile(
    rf"\d{{1,15}}(?:\.\d{{1,12}})?{_UNIT}|\d{{1,9}}\.\d{{1,12}}[smh]|{_LENGTHS}|{_ISO_LENGTH}"
    rf"|\d(?:\.\d{{1,17}})?[eE]-\d{{1,3}}(?:s|{_UNIT})?|\d{{1,2}}(?::\d\d){{1,2}}(?:[.,]\d{{1,9}})?s"
    r"|\d{4}-\d\d-\d\d[T_]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?|\d{8}T\d{6}Z"
    r"|v?\d{1,3}\.\d{1,3}\.\d{1,4}(?:-(?:alpha|beta|rc)[.\d]{0,4})?"
)
"""How long it took, when, in which version: `85.3ms`, `1.5e-05`, `00:00:01.234s`, `2026-11-28T10:00:00Z`, `v1.2.3`. No `123456s`, which is
open as a word is."""
_MADE = re.compile(
    r"[a-z_.:-]*(?<![a-z])(?:argon2(?:id|i|d)?|pbkdf2|sha(?:1|256|384|512)|md5|base64)[a-z_.:-]*", re.IGNORECASE
)
"""How it is hashed or encoded, a word of its own: no `natasha1`."""


class Doubt(Enum):
    """Why it need be none, the graver first."""

    TEST_CARD = "a known test number"
    WORD = "a plain word"
    READS = "it reads like a word"
    NO_CARD = "no word of a card beside it"
    BROKER = "the broker's own default"
    ABOUT = "a path, or about a password"


def doubt(kind: str, before: str, found: str, after: str) -> Doubt | None:
    """Of what was found as this kind between two texts of its line. None: it is taken for a secret."""
    if kind == "card number":
        digits = re.sub(r"\D", "", found)
        known = digits in _TEST_CARDS or digits.startswith(_TEST_RANGE)
        return Doubt.NO_CARD if not _of_card(before, after) else Doubt.TEST_CARD if known else None
    if kind == "password in a URL" and _BROKER.fullmatch(found) and _BROKERS.search(before.lower()):
        return Doubt.BROKER
    return _of_password(_CALLED.sub("", found)) if kind == "password" else None


def _of_password(value: str) -> Doubt | None:
    """People's own passwords are words with a number behind, and so are the keys of messages; `S3**et` may be half taken out."""
    value = unquote(value).rstrip(".")
    rule = _MESSAGE.fullmatch(value) and not _words(value).isdisjoint(_RULES)
    path = _PATH.fullmatch(value) and reads(value)
    if rule or path or _MADE.fullmatch(value) or _MEASURED.fullmatch(value):
        return Doubt.ABOUT
    return Doubt.READS if "**" in value or reads(_OF_RULES.sub(" ", value)) else None


def _of_card(before: str, after: str) -> bool:
    """Whether the words about a number say that it is a card's; the one right before it says it best."""
    label = _LABEL.search(before[-BEFORE:])
    if label is not None and (words := _words(label[1])) & (_CARD_WORDS | _IDS):
        return bool(words & _CARD_WORDS)
    return bool((_words(before[-BEFORE:]) | _words(after[:AFTER])) & _CARD_WORDS)


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
