"""Secrets in a service's logs: what looks like one, and the values of the stack's own. Never shown, only counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness import masking
from harness.expectations.base import Evidence, Line
from harness.expectations.log_limits import Limit, State
from harness.expectations.log_search import found_in, order
from harness.expectations.secret_doubts import Doubt, doubt
from harness.journal import Window
from harness.masking import Secret
from harness.secret_words import is_word, names_more, placed
from harness.verdict import Measure

NEAR_BYTES = 400  # of its line on either side: more than a doubt reads


@dataclass(frozen=True)
class Leaked:
    """A line with a secret of a kind; `doubt`: why it may be none."""

    kind: str
    line: Line
    doubt: Doubt | None = None

    @property
    def what(self) -> str:
        return f"{self.kind} by {self.line.service}"


def secrets(evidence: Evidence, services: Sequence[str], window: Window, limit: int, asked: bool) -> Limit:
    """How many lines of the window have one. `asked`: the claim states its limit; where it does not, what may be none is only told."""
    found = sorted(
        (*_look_alikes(evidence, services, window), *_own(evidence, services, window)),
        key=lambda leak: (order(leak.line), leak.kind),
    )
    counted = [leak for leak in found if asked or leak.doubt is None]
    aside = [leak for leak in found if not asked and leak.doubt is not None]
    looked = _looked(evidence.logs.secrets)
    told = f"; not counted, unless `secrets` is stated: {_listed(aside)}" if aside else ""
    if not counted:
        said = f"no secret was found in the logs{looked}{told}"
    else:
        first, n = counted[0].line, len(counted)
        listed = f"{_listed(counted)}; the first at {first.at_s:.1f} s in {first.container}"
        said = f"{n} in the logs (limit {limit}): {listed}{looked}{told}"
        if n > limit:
            measure = Measure(n, n, "secrets")
            return Limit("secrets", said, State.BROKEN, reason="secret_logged", census=True, measure=measure)
    if any(leak.doubt is Doubt.WORD for leak in aside):
        why = f"{said}: it may stand there by chance, or the password was logged"
        decide = "a password that is no plain word, or `secrets` stated: it counts them then"
        return Limit("secrets", said, State.OPEN, reason="plain_word", decide=decide, why=why)
    if any(leak.doubt is Doubt.READS for leak in aside):
        why = f"{said}: a password may be such a word, and what is said about one, too"
        decide = "passwords in the load that read like no word, or `secrets` stated: it counts them then"
        return Limit("secrets", said, State.OPEN, reason="plain_word", decide=decide, why=why)
    if any(leak.doubt is Doubt.TEST_CARD for leak in aside):
        why = f"{said}: whatever logs a test card's number logs that of a real card"
        decide = "logs without card numbers, or `secrets` stated: it counts them then"
        return Limit("secrets", said, State.OPEN, reason="test_card", decide=decide, why=why)
    return Limit("secrets", said)


def _looked(own: Sequence[Secret] | None) -> str:
    """How the stack's own were looked for, where that says less than one may take it to say."""
    if own is None:
        return "; the stack's own secrets are not known, and were not looked for"
    words = dict.fromkeys(
        one.name for one in own if len(one.value) >= masking.SHORTEST and names_more(one.value, one.public)
    )
    if not words:
        return ""
    what = f"the value of {', '.join(words)} is a word of other things too, and counts"
    return f"; {what} only where a secret stands"


def _listed(leaks: Iterable[Leaked]) -> str:
    counts = Counter(f"{leak.what} ({leak.doubt.value})" if leak.doubt else leak.what for leak in leaks)
    return ", ".join(f"{n}× {what}" for what, n in sorted(counts.items()))


def _look_alikes(evidence: Evidence, services: Sequence[str], window: Window) -> Iterator[Leaked]:
    end_s = min(window.end_s, evidence.journal.end_s)
    for number, (kind, pattern) in enumerate(masking.BYTES):
        counted = [other for same, other in masking.BYTES[:number] if same == kind]
        for line in found_in(evidence.logs, services, pattern, window.start_s, end_s, _is_one(kind)):
            text = line.text.encode()
            if not any(other.search(text) for other in counted):
                yield Leaked(kind, line, _doubt(kind, pattern, text))


def _own(evidence: Evidence, services: Sequence[str], window: Window) -> Iterator[Leaked]:
    own = [one for one in evidence.logs.secrets or () if len(one.value) >= masking.SHORTEST]
    if not own:
        return
    # in the logs that a run keeps its mark stands for the value (harness/run/scrub.py)
    told = dict.fromkeys(word for one in own for word in (*one.written(), *one.encoded(), f"[{one.name}]"))
    values = re.compile(b"|".join(re.escape(word.encode(errors="replace")) for word in told))
    end_s = min(window.end_s, evidence.journal.end_s)
    for line in found_in(evidence.logs, services, values, window.start_s, end_s):
        leaked: dict[str, list[Secret]] = {}
        for one in own:
            if f"[{one.name}]" in line.text or any(one.found_in(line.text)):
                leaked.setdefault(one.name, []).append(one)
        for name, secrets in leaked.items():
            yield Leaked(f"value of {name}", line, _by_chance(secrets, line.text))


def _by_chance(secrets: Sequence[Secret], text: str) -> Doubt | None:
    """A plain word is surely this secret only where one stands, and in base64."""
    for one in secrets:
        if not is_word(one.value) or any(code in text for code in one.encoded()):
            return None
        if placed(one.value).search(text) or placed(f"[{one.name}]").search(text):
            return None
    return Doubt.WORD


def _doubt(kind: str, pattern: re.Pattern[bytes], text: bytes) -> Doubt | None:
    """Why none of what was found in the line need be a secret, the graver first; None where one of it is."""
    is_one, told = _is_one(kind), set[Doubt | None]()
    for match in pattern.finditer(text):
        if is_one(match):
            start, end = match.span()
            around = (text[max(0, start - NEAR_BYTES) : start], match.group(), text[end : end + NEAR_BYTES])
            told.add(doubt(kind, *(part.decode("utf-8", "replace") for part in around)))
    return None if None in told else next((one for one in Doubt if one in told), None)


def _is_one(kind: str) -> Callable[[re.Match[bytes]], bool]:
    return lambda match: masking.is_secret(kind, match.group().decode("utf-8", "replace"))
