"""Debian 12 borrows Docker from Debian 13: derives that source from the machine's own (same mirror and keyring)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

APT = Path("/etc/apt")
SOURCES_NAME = "sources.list.d/drill-trixie.sources"
PREFERENCES_NAME = "preferences.d/drill-trixie"
PRIORITY = 100
"""Below the 500 of every other source: nothing comes from there unless it is asked for by `package/trixie`."""

KEPT_OPTIONS = {
    "signed-by": "Signed-By",
    "arch": "Architectures",
    "trusted": "Trusted",
    "check-valid-until": "Check-Valid-Until",
    "check-date": "Check-Date",
}


@dataclass(frozen=True)
class Source:
    """One apt source: where, which suites and components, and its options (deb822 field -> text as written)."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    options: dict[str, str] = field(default_factory=dict)


def parse_deb822(text: str) -> list[Source]:
    """The enabled `deb` entries of a .sources file (man sources.list, DEB822-STYLE FORMAT)."""
    found = []
    for paragraph in _paragraphs(text):
        named = {name.lower(): value for name, value in paragraph.items()}
        if named.get("enabled", "yes").strip().lower() in ("no", "false", "0", "off"):
            continue
        if "deb" not in named.get("types", "deb").split():
            continue
        options = {kept: named[low] for low, kept in _DEB822_OPTIONS.items() if low in named}
        found.append(
            Source(
                tuple(named.get("uris", "").split()),
                tuple(named.get("suites", "").split()),
                tuple(named.get("components", "").split()),
                options,
            )
        )
    return found


def parse_one_line(text: str) -> list[Source]:
    """The `deb` lines of a sources.list (man sources.list, ONE-LINE-STYLE FORMAT)."""
    found = []
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        kind, _, rest = line.partition(" ")
        if kind != "deb":
            continue
        rest, options = rest.strip(), {}
        if rest.startswith("["):
            inside, _, rest = rest[1:].partition("]")
            for pair in inside.split():
                name, _, value = pair.partition("=")
                if name.lower() in KEPT_OPTIONS:
                    options[KEPT_OPTIONS[name.lower()]] = value.replace(",", " ")
        words = rest.split()
        if len(words) >= 2:
            found.append(Source((words[0],), (words[1],), tuple(words[2:]), options))
    return found


def read_sources(apt: Path = APT) -> list[Source]:
    """All enabled sources of this machine, in the order in which apt reads them."""
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]
    found = [source for file in files if file.is_file() for source in parse_one_line(_text(file))]
    for file in sorted((apt / "sources.list.d").glob("*.sources")):
        found += parse_deb822(_text(file))
    return found


def knows_suite(sources: Iterable[Source], suite: str) -> bool:
    """Whether one of the sources already offers the suite."""
    return any(suite in source.suites for source in sources)


def derive(sources: Iterable[Source], codename: str, suite: str) -> str | None:
    """The .sources text that offers `suite` from where the machine has `codename`; None when it has no such source."""
    for source in sources:
        if codename in source.suites and "main" in source.components and source.uris:
            options = "".join(f"{name}: {value}\n" for name, value in source.options.items())
            uris = " ".join(source.uris)
            return f"Types: deb\nURIs: {uris}\nSuites: {suite}\nComponents: main\n{options}"
    return None


def preferences(suite: str) -> str:
    """The pin that keeps everything else of the suite away."""
    return f"Package: *\nPin: release n={suite}\nPin-Priority: {PRIORITY}\n"


_DEB822_OPTIONS = {name.lower(): name for name in KEPT_OPTIONS.values()}


def _paragraphs(text: str) -> list[dict[str, str]]:
    paragraphs: list[dict[str, str]] = [{}]
    name = ""
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if not line.strip():
            paragraphs.append({})
        elif line[0] in " \t":
            if name in paragraphs[-1]:
                paragraphs[-1][name] += f"\n{line}"
        else:
            name, _, value = line.partition(":")
            paragraphs[-1][name] = value.strip()
    return [paragraph for paragraph in paragraphs if paragraph]


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
