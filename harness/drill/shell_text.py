"""Variables that a shell's text sets for `docker compose`. Pure."""

from __future__ import annotations

import re

_LONGEST_LINE = 1024  # characters; a longer one is data, and the patterns below take the square of its length
_NAME = r"[A-Za-z_]\w*"
_VALUE = r"""(?:"[^"]*"|'[^']*'|`[^`]*`|\$\([^()]*\)|\$\{[^}]*\}|\$(?![({])|[^\s;&|"'`()$])*"""
_ASSIGNED = re.compile(rf"(?<![\w./=-])({_NAME})=({_VALUE})")
_COMPOSE = r"(?:docker[ \t]+compose|docker-compose)(?![\w.-])([^\n;&|]*)"
_FOR_ONE_CALL = re.compile(rf"(?<![\w./=-])((?:{_NAME}={_VALUE}[ \t]+)+)(?:[^\n;&|\"'=]*?[ \t/])?{_COMPOSE}")
_EXPORTED = re.compile(
    rf"\b(?:export|(?:declare|typeset)[ \t]+-x)((?:[ \t]+{_NAME}(?:={_VALUE})?)+)",
)
_WITH_A_WORD = ("-p", "--project-name", "--project-directory", "--profile", "--env-file", "--ansi", "--progress")


def names_set(text: str) -> tuple[str, ...]:
    """Variables that a shell's text sets for a `docker compose` which reads COMPOSE_FILE as it was given.

    One that a container gets by `-e` does reach it, and is left out; so are those of a text that names other files.
    """
    text = re.sub(r"\\\n", " ", text)
    text = re.sub(rf"(?m)^(?:[ \t]*#.*|.{{{_LONGEST_LINE},}})$", "", text)
    if re.search(r"\bunset[^\n;&|]*\bCOMPOSE_FILE\b", text):
        return ()
    if any(name == "COMPOSE_FILE" and "COMPOSE_FILE" not in value for name, value in _ASSIGNED.findall(text)):
        return ()
    found: dict[str, None] = {}
    for assigned, rest in _FOR_ONE_CALL.findall(text):
        if not _names_other_files(rest):
            found |= dict.fromkeys(name for name, _ in _ASSIGNED.findall(assigned))
    for exported in _EXPORTED.finditer(text):
        calls = re.findall(_COMPOSE, text[exported.end() :])
        if any(not _names_other_files(rest) for rest in calls):
            found |= dict.fromkeys(re.findall(rf"[ \t]({_NAME})(?:={_VALUE})?", exported[1]))
    return tuple(name for name in found if not re.search(rf"(?<!\S)(?:-e|--env)[ =]*['\"]?{name}\b", text))


def _names_other_files(rest: str) -> bool:
    """Whether a call has a `-f` of its own before its command, where it does not mean `logs -f` or `rm -f`."""
    words = iter(rest.split())
    for word in words:
        if not word.startswith("-"):
            return False
        if re.match(r"-f|--file", word):
            named = word if len(word) > 2 and word != "--file" else next(words, "")
            return "COMPOSE_FILE" not in named
        if word in _WITH_A_WORD:
            next(words, "")
    return False
