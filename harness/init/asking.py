"""What answers HTTP, and with what: pages asked for with plain GETs, and some seconds of light load on them."""

from __future__ import annotations

import contextlib
import re
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from harness.init.seen import Baseline, Page

WITHIN_S = 5.0
MOST_PAGES = 6
MOST_BYTES = 512 * 1024
WELL_KNOWN = ("/health", "/healthz", "/api", "/status")
"""Asked for only where `/` and what it links to were no page."""
_LINK = re.compile(r"""<a\s[^>]*href\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_SAMPLE = re.compile(r"(?P<name>[A-Za-z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+\S")
_LABEL = re.compile(r'([A-Za-z_]\w*)="')
_LEAVES = re.compile(r"log-?out|sign-?out|delete|remove|unsubscribe|destroy", re.IGNORECASE)


def ask(base: str, path: str) -> tuple[Page, str] | None:
    """GET with redirects followed on the same host: the page and its text; None for what is no answer over HTTP."""
    import requests

    with requests.Session() as session:
        session.trust_env = False  # a proxy of this machine's is not on the way to a container
        session.verify = False
        url = urljoin(base, path)
        began_s = time.monotonic()
        try:
            for _ in range(5):
                answer = session.get(url, timeout=WITHIN_S, allow_redirects=False, stream=True)
                with answer:
                    if not answer.is_redirect:
                        kind = str(answer.headers.get("content-type") or "")
                        body = _body(answer.raw, began_s + 2 * WITHIN_S)
                        if body is None:
                            return None
                        text = body.decode("utf-8", "replace")
                        return Page(path, answer.status_code, time.monotonic() - began_s, kind), text
                    url = urljoin(url, str(answer.headers["location"]))
                    if urlsplit(url).netloc != urlsplit(base).netloc:
                        return Page(path, answer.status_code, time.monotonic() - began_s, "elsewhere"), ""
        except (requests.RequestException, OSError, ValueError, UnicodeError):
            return None
        except Exception as error:  # urllib3's own, while a body is read
            if type(error).__module__.startswith("urllib3"):
                return None
            raise
    return None


def _body(raw: Any, until_s: float) -> bytes | None:
    """The beginning of a body; None for one that has not ended in time, such as a stream of events."""
    parts: list[bytes] = []
    while part := raw.read1(65536, decode_content=True):
        parts.append(part)
        if sum(map(len, parts)) >= MOST_BYTES:
            break
        if time.monotonic() > until_s:
            return None
    return b"".join(parts)


def pages(base: str, checked: str = "/") -> tuple[Page, ...]:
    """The pages of a service: `/` and what it links to on the same host; where they are none, the path of its own health check
    (`checked`) and well-known ones. () for what does not speak HTTP."""
    with _unchecked():
        seen = ask(base, "/")
        if seen is None:
            return ()
        page, text = seen
        found = [page]
        good = 200 <= page.status < 300
        for path in (*_links(base, "/", text), *(() if good else (checked, *WELL_KNOWN))):
            if len(found) >= MOST_PAGES:
                break
            if path in {one.path for one in found}:
                continue
            more = ask(base, path)
            if more is not None and 200 <= more[0].status < 300 and more[0].kind != "elsewhere":
                found.append(more[0])
    return tuple(found)


def tried(base: str, paths: Sequence[str]) -> tuple[Page, ...]:
    """Each of these paths asked for once; one without an answer has status 0."""
    with _unchecked():
        answers = [(path, ask(base, path)) for path in paths]
    return tuple(seen[0] if seen is not None else Page(path, 0) for path, seen in answers)


@contextlib.contextmanager
def _unchecked() -> Iterator[None]:
    """Without a warning for each certificate that nobody here can check."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def metrics(base: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The series that a service serves at /metrics, each name once with the names of its labels; () for no such format."""
    seen = ask(base, "/metrics")
    if seen is None or seen[0].status != 200 or "# TYPE " not in seen[1]:
        return ()
    found: dict[str, dict[str, None]] = {}
    for line in seen[1].splitlines():
        if match := _SAMPLE.match(line):
            found.setdefault(match["name"], {}).update(dict.fromkeys(_LABEL.findall(match["labels"] or "")))
    return tuple((name, tuple(labels)) for name, labels in found.items())


def _links(base: str, path: str, text: str) -> Iterator[str]:
    """Paths that a page links to on its own host, in its order; none that would log out or delete."""
    for link in dict.fromkeys(_LINK.findall(text)):
        try:
            parts = urlsplit(urljoin(urljoin(base, path), link.replace("&amp;", "&")))
        except ValueError:
            continue
        whole = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if parts.netloc == urlsplit(base).netloc and not _LEAVES.search(whole) and whole.isprintable():
            yield whole


def baseline(base: str, wanted: Sequence[Page], for_s: float, look: Callable[[], object]) -> Baseline:
    """Ask for the pages in turn, at most five a second, for so long. `look` is called now and then meanwhile."""
    times: list[float] = []
    errors = 0
    end_s = time.monotonic() + for_s
    number = 0
    with _unchecked():
        while time.monotonic() < end_s and wanted:
            page = wanted[number % len(wanted)]
            number += 1
            began_s = time.monotonic()
            answer = ask(base, page.path)
            took_s = time.monotonic() - began_s
            times.append(took_s)
            errors += answer is None or answer[0].status != page.status
            look()
            time.sleep(max(0.0, 0.2 - (time.monotonic() - began_s)))
    times.sort()

    def at(share: float) -> float:
        return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0

    return Baseline(len(times), errors, at(0.5), at(0.95))
