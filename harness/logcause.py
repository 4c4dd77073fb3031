"""Whether a line tells why something failed: surely, surely not, or perhaps. Pure.

`request failed` in all its spellings tells nothing, wherever it stands: in the message, in a field such as `error`, or as the name of
an exception. `could not process order` may do: it says what failed, and names neither a kind nor a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum

from harness.loglevels import LEVEL_NAME
from harness.logtext import ERROR_KEYS, TRACEBACK, Said
from harness.logwords import METHOD


class Why(IntEnum):
    """What a line tells of the cause."""

    NOTHING = 0
    PERHAPS = 1
    TOLD = 2


_KIND = re.compile(r"\b[A-Za-z_][\w.]{0,120}(?:Error|Exception|Timeout|Refused|Failure)\b")
_SURE = re.compile(
    r"\b(?:ECONN[A-Z]+|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EPIPE)\b|\bSQLSTATE\b|\b[Ee]rrno\b"
    r"|(?i:\bdeadline exceeded\b|\bconnection (?:refused|reset|closed|timed out)\b|\btimed out\b|\bno route\b)"
)
_NO_WORD = re.compile(rf"(?<!\S)\S*[/\d=]\S*|\b(?:{METHOD}|HTTP)\b")
_KEY = re.compile(r'"[\w.]+"\s*:')
_CLAUSE = re.compile(r"[:;,|](?=\s|$)|[()\[\]{}]|\s[-–—]+>?\s|\b(?:because|due to|caused by)\b", re.IGNORECASE)
_CLASS = re.compile(r"(?<![\w$.])(?:[A-Za-z_$][\w$]*\.)+[A-Z][\w$]*")
_PLACE = "aclass"
"""One word for the dotted name of a class, whatever its parts are called: it says where something failed, and not why."""
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")
_GATEWAY_TIMEOUT = re.compile(r"\bgateway[ _-]?time-?out\b", re.IGNORECASE)
_UPSTREAM = "gatewaytimeout"
"""One word for 504's reason phrase: whose time was up it leaves open."""
_REASON_PHRASE = re.compile(r"\b(?:Service Unavailable|SERVICE_UNAVAILABLE|ServiceUnavailable)")

_FAILING = """
error errors failed failure failures failing fail fails exception exceptions unexpected unhandled uncaught wrong oops bad problem
issue defect aborted cannot couldn could unable unsuccessful
"""
_GENERAL = """
a an the of in by to for on at is was and with while during your our ours we it i this that there has have had been be being were
could can not no do does did so if some any but its us you he they all as from or when into under upon after before via will would
unknown internal server occurred happened something went goes gateway service request requests req handling processing processed
process handler handle response responded answered answer returned return status code http https try trying again later please sorry
result exit warn warning info critical fatal completed complete finished finish ended done executing executed execute performing
performed perform running serving served serve called calling call operation action took ms id ids uuid trace span correlation
application app asgi wsgi servlet api controller endpoint route method root main default global base custom runtime web object type
kind other message msg err detail details see logs log threw throw thrown raised raise caught got getting get sent true false none
"""
_STATES = frozenset(("unavailable", "invalid"))
FAILING = frozenset(_FAILING.split())
GENERIC = FAILING | _STATES | frozenset(_GENERAL.split())
"""Words that say nothing of the cause: a message of these alone is generic."""
_TELLING = re.compile(
    r"refus|timeout|timedout|deadlock|unreach|exhaust|den(?:y|ie[ds])$|declin|reject|expir|missing|lock(?:ed|s)?$|quota|limit|exceed|overload"
    r"|insufficient|duplicat|conflict|violat|constraint|null$|nil$|undefined|permission|unauthor|forbid|credential|password|certificate"
    r"|tls$|ssl$|dns$|resolv|lookup|socket|connect|disconnect|pools?$|memory$|disk$|space$|reset|closed?$|broke|pipe$|eof$|cancell?ed"
    r"|deadline|throttl|circuit|breaker|corrupt|malform|pars(?:e|ing)|syntax|mismatch|crash|oom|killed|stale$|down$|gone$|lost$|leak|full$"
    r"|busy|stuck|authenti|authori[sz]|validation|unreadable|unresponsive|found$|exists?$"
)


def why(said: Said, own: frozenset[str] = frozenset()) -> Why:
    """What a line tells of the cause: by an error's kind or text, a stack trace, or a message of more than general words. `own`:
    words of what was asked for, such as `checkout` of `POST /checkout`: that this failed is known."""
    causes = [value if isinstance(value, str) else str(value) for value in said.every(*ERROR_KEYS)]
    if any(TRACEBACK.search(text.replace("\\n", "\n")) for text in (said.text, *causes)) or _SURE.search(said.message):
        return Why.TOLD
    found = [_told(said.message, own, kinds_only=True), *_clauses(said.plain_message, own)]
    return max(*found, *(_of_cause(_KEY.sub(" ", text), own) for text in causes), Why.NOTHING)


def own_words(requests: Iterable[str]) -> frozenset[str]:
    """The words of requests' names, of one and of many: `POST /checkout` gives `checkout` and `checkouts`."""
    found = {piece for name in requests for piece in _pieces(name)}
    return frozenset(found | {f"{one}s" for one in found} | {one.removesuffix("s") for one in found})


def _of_cause(text: str, own: frozenset[str]) -> Why:
    """Of a field that is there for the cause: any word of its own tells, unless it only says once more that something failed."""
    if _SURE.search(text):
        return Why.TOLD
    told = ((clause, _told(clause, own)) for clause in _CLAUSE.split(text))
    return max(Why.TOLD if found == Why.PERHAPS and not _fails(clause) else found for clause, found in told)


def _clauses(text: str, own: frozenset[str]) -> Iterator[Why]:
    return (_told(clause, own) for clause in _CLAUSE.split(text) if clause.strip())


def _told(clause: str, own: frozenset[str], *, kinds_only: bool = False) -> Why:
    if any(set(_pieces(kind[0].rpartition(".")[2])) - GENERIC - own for kind in _KIND.finditer(clause)):
        return Why.TOLD
    if kinds_only or not (rest := _rest(clause, own)):
        return Why.NOTHING
    if any(_TELLING.match(word) for word in rest) or _STATES & set(_pieces(clause)):
        return Why.TOLD
    return Why.PERHAPS if len(set(rest)) == 1 or _fails(clause) else Why.TOLD


def _fails(text: str) -> bool:
    return not (FAILING | {_UPSTREAM}).isdisjoint(_pieces(text))


def _rest(text: str, own: frozenset[str]) -> list[str]:
    """The words of a text that are neither general nor of what was asked for."""
    text = _CLASS.sub(lambda name: f" {_PLACE if any(_words(name[0], own)) else ''} ", _KIND.sub(" ", text))
    return list(_words(LEVEL_NAME.sub(" ", _NO_WORD.sub(" ", text)), own))


def _words(text: str, own: frozenset[str]) -> Iterator[str]:
    return (word for word in _pieces(text) if len(word) > 1 and word not in GENERIC and word not in own)


def _pieces(text: str) -> Iterator[str]:
    """The words in a text, also those that are written as one: `InternalServerError`, `request_id`."""
    text = _GATEWAY_TIMEOUT.sub(_UPSTREAM, _REASON_PHRASE.sub(" ", text))
    return (piece.lower() for piece in _PIECE.findall(text))
