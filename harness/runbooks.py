"""A runbook in Markdown as the headings that a reader finds in it. Pure."""

from __future__ import annotations

import re

SECTIONS = ("Meaning", "Impact", "Diagnosis", "Mitigation")
"""What each has, after prometheus-operator/runbooks."""
_FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1[^\n]*$", re.MULTILINE | re.DOTALL)


def headings(text: str) -> tuple[str, ...]:
    """Its headings in order, in both ways of writing them; what stands in a block of code is none."""
    bare = re.sub(_FENCE, "", text)
    found = re.finditer(
        r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t#]*$|^ {0,3}(\S[^\n]*)\n {0,3}(?:=+|-+)[ \t]*$", bare, re.MULTILINE
    )
    return tuple((match.group(1) or match.group(2)).strip() for match in found)


def lacking(sections: tuple[str, ...]) -> tuple[str, ...]:
    """Those of SECTIONS that are not among its headings, whatever their case."""
    there = {section.casefold() for section in sections}
    return tuple(section for section in SECTIONS if section.casefold() not in there)
