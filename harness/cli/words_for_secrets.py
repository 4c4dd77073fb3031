"""Passwords of a stack that are words of its drill, load or alerts as well: told before a run, which cannot hide them everywhere."""

from __future__ import annotations

import contextlib
import io
import tokenize
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.masking import SHORTEST, Secret
from harness.secret_names import names_secret
from harness.secret_words import names_more, spoken

if TYPE_CHECKING:
    from pathlib import Path

    from harness.drill.model import Drill
    from harness.facts import ReceiverSeen, RuleSeen
    from harness.stack.project import Project


def words_for_secrets(
    drill: Drill, project: Project, rules: Sequence[RuleSeen] | None, receivers: Sequence[ReceiverSeen] | None
) -> tuple[str, ...]:
    """A sentence for each; no value is shown. What the stack's own names say, or any log (`postgres`), is nothing to tell: it is no surprise
    there, and a pass of `log_coverage` says it."""
    from harness.stack_secrets import secrets_in

    said = drill.masked()
    texts = {
        "the drill": said,
        "the locustfile": _text(drill),
        "an alert's name or labels": _names((rule.rule, *rule.labels.values()) for rule in rules or ()),
        "a receiver's name or route": _names((one.receiver, *one.asks) for one in receivers or ()),
    }
    try:
        everyday = {one.value for one in secrets_in(project.config) if names_more(one.value, one.public)}
        secrets = [one for one in secrets_in(project.config, said) if one.value not in everyday]
    except (KeyError, TypeError, AttributeError, ValueError):  # a file of another shape, which a run refuses by itself
        return ()
    told = ((one, [what for what, text in texts.items() if spoken(one.value, text)]) for one in secrets)
    return tuple(_sentence(one, where) for one, where in told if where and len(one.value) >= SHORTEST)


def _sentence(secret: Secret, where: Sequence[str]) -> str:
    what = f"the value of {secret.name} is also a word of {' and '.join(where)}"
    if names_more(secret.value, secret.public):
        return (
            f"{what}: it is masked, and looked for in logs, only where a secret stands (in a URL, behind `password=`). A password that "
            "names nothing else is hidden everywhere"
        )
    return f"{what}: [{secret.name}] stands there in what the run keeps. Take a password that names nothing else"


def _text(drill: Drill) -> str:
    """What a load can say: its files' strings, and what they are called where that is a secret. Python's and Locust's words are nobody's."""
    told: list[str] = []
    for file in drill.locustfiles:
        with contextlib.suppress(OSError, SyntaxError, tokenize.TokenError):
            told += [token.string for token in tokenize.generate_tokens(_source(file).readline) if _says(token)]
    return "".join(told)


def _source(file: Path) -> io.StringIO:
    """A file as an import reads it, which minds no byte of another encoding in a comment."""
    text = file.read_bytes()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(text).readline)
    except SyntaxError:
        encoding = "utf-8"
    return io.StringIO(text.decode(encoding, "replace"), newline=None)


def _says(token: tokenize.TokenInfo) -> bool:
    return names_secret(token.string) if token.type == tokenize.NAME else token.type != tokenize.COMMENT


def _names(all_names: Iterator[tuple[str, ...]]) -> str:
    return "\n".join(name for names in all_names for name in names)
