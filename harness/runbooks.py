"""A runbook in Markdown as the headings that a reader finds in it, and which of a folder's files a URL leads to. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from harness.urls import pages, place

Place = tuple[tuple[str, int], tuple[str, ...]]
"""Host and port, and the parts of a path."""
SECTIONS = ("Meaning", "Impact", "Diagnosis", "Mitigation")
"""What each has, after prometheus-operator/runbooks."""
_FRONT = re.compile(r"\A\ufeff?(---|\+\+\+)[ \t]*\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_STATED = r"(?:slug|id|url|path|permalink|aliases|redirect_from)[ \t]*[:=]"
_ADDRESS = re.compile(rf"^{_STATED}.*(?:\n(?:[ \t]+\S|-).*)*", re.MULTILINE | re.IGNORECASE)
_COMMENT = re.compile(r"[ \t]#.*")
_BETWEEN = re.compile(rf"(?:^|, ){_STATED}|[,\[\]'\"]|\s-\s", re.IGNORECASE)
_FILLED_IN = re.compile(r"(?:^|/):\w|[{$]")
_OTHER_KIND = re.compile(r"\.[a-z]{2,4}$")
_NUMBERS = re.compile(r"^(?:\d+[-. ]+)+(?=.)")
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


def address(text: str) -> str:
    """The lines of its front matter by which a site may show it elsewhere than where its file lies (`slug: /high-errors`); '' without."""
    front = _FRONT.search(text)
    stated = _ADDRESS.findall(_COMMENT.sub("", front.group(2))) if front else ()
    return ", ".join(" ".join(one.split()) for one in stated)


def stated_in(address: str, url: str, roots: Collection[Place] = ()) -> bool:
    """Whether a URL may lead to a page that states this address: both end with the same part, whatever stands before, or the site
    fills in what that is (`/:title/`). A page at `/` is the first of its site, or of one that is served at one of these roots."""
    named = [_parts(page) for page in pages(url)]
    ends = {_bare(part) for parts in named for part in parts[-1:]} - {""}
    first = named == [[]] or _placed(url) in roots
    for value in map(str.strip, _BETWEEN.split(address)):
        last = {_bare(part) for page in pages(value) for part in _parts(page)[-1:]}
        if ends & last or _FILLED_IN.search(value) or (value == "/" and first):
            return True
    return False


def served_at(links: Sequence[str], files: Sequence[str]) -> set[Place]:
    """The roots at which a folder is served, by the links that do lead to a file of it: what stands before that."""
    found: set[Place] = set()
    for link in links:
        if there := _placed(link):
            host, parts = there
            leads = led_to(link, files)
            found |= {(host, parts[: len(parts) - _in_common(parts, _parts(file))]) for file in leads}
    return found


def led_to(url: str, files: Sequence[str]) -> tuple[str, ...]:
    """The files of a folder, by their paths in it, that a URL may be served from: those that end as it does, and of them those
    with the most parts in common. How much of either stands before is not known: where the folder is served, what leaves its folders out."""
    for parts in map(_parts, pages(url)):
        alike = {file: _in_common(parts, _parts(file)) for file in files}
        most = max(alike.values(), default=0)
        if most:
            return tuple(file for file, common in alike.items() if common == most)
    return ()


def written_otherwise(url: str, files: Sequence[str]) -> str:
    """The file that a URL leads to on a site that writes names in its own way: without the numbers that order them, or what parts
    their words; '' where there is none."""
    for parts in map(_parts, pages(url)):
        for file in files:
            named = _parts(file)
            ends = list(zip(reversed(parts), reversed(named), strict=False))
            if ends and all(_bare(part) in (_bare(name), _bare(_NUMBERS.sub("", name))) for part, name in ends):
                return file
    return ""


def kept_by(url: str, links: Sequence[str], files: Sequence[str]) -> str:
    """The link of others by which a URL that leads to none of the files surely leads nowhere; '' where it may lead to a page all the same.

    A link that ends as a file with its folder does shows from where on a site keeps the folders as they lie: below there, what is neither
    a file nor a folder is nothing, unless it is no page (`.pdf`). Of a site that serves them at its root that holds in their folders alone.
    """
    named = [tuple(_parts(file)) for file in files]
    folders = {parts[:count] for parts in named for count in range(len(parts))}
    here = _placed(url)
    for link in links:
        there = _placed(link)
        if not (here and there and here[0] == there[0]):
            continue
        for file in named:
            root = there[1][: -len(file)] if len(file) > 1 and there[1][-len(file) :] == file else None
            if root is None or here[1][: len(root)] != root:
                continue
            rest = here[1][len(root) :]
            theirs = (
                bool(root) or rest[:1] in folders
            )  # a folder that is served as the whole site may have others' pages beside it
            if theirs and rest not in {*folders, *named} and not _OTHER_KIND.search(rest[-1]):
                return link
    return ""


def _placed(url: str) -> Place | None:
    """None where that is not what names the page."""
    return None if len(list(pages(url))) != 1 or not place(url)[0] else (place(url), tuple(_parts(next(pages(url)))))


def _parts(path: str) -> list[str]:
    """Of a path in a folder or in a URL, as both may be written: 'db/Slow Query.md' and 'DB/slow-query/index.html' are one."""
    parts = [re.sub(r"[\s_]+", "-", part).casefold() for part in path.split("/") if part]
    if parts:
        parts[-1] = re.sub(r"\.(md|markdown|html?)$", "", parts[-1])
    return parts[:-1] if len(parts) > 1 and parts[-1] in ("index", "-index", "readme") else parts


def _bare(part: str) -> str:
    return re.sub(r"[\W_]+", "", part)


def _in_common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts both end with, where one is the end of the other; else 0."""
    shorter = min(len(one), len(other))
    return shorter if shorter and list(one[-shorter:]) == list(other[-shorter:]) else 0
