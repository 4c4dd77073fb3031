"""What answers HTTP, and with what: pages asked for with plain GETs, and some seconds of light load on them."""

from __future__ import annotations

import contextlib
import re
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from harness.init.seen import Baseline, Page

WITHIN_S = 5.0
FIRST_S = 15.0
"""The first answer of a service that has just started may take longer: templates are compiled, caches filled."""
WARM_S, AGAIN_S = 20.0, 1.0
"""For so long, and so often, it is asked again while it answers that it cannot yet (5xx)."""
MOST_PAGES = 6
MOST_BYTES = 512 * 1024
WELL_KNOWN = ("/health", "/healthz", "/api", "/status")
"""Asked for only where `/` and what it links to were no page."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""A page that links there means itself, as it is published on the machine of whoever set it up."""
_LINK = re.compile(r"""<(?:a\s[^>]*href|i?frame\s[^>]*src)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_SAMPLE = re.compile(r"(?P<name>[A-Za-z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+\S")
_LABEL = re.compile(r'([A-Za-z_]\w*)="')
_LEAVES = re.compile(r"log-?out|sign-?out|delete|remove|unsubscribe|destroy", re.IGNORECASE)


def ask(
    base: str, path: str, headers: Mapping[str, str] | None = None, within_s: float = WITHIN_S
) -> tuple[Page, str] | None:
    """GET with redirects followed on the same host: the page and its text; None for what is no answer over HTTP.

    headers   sent with it; `Host` is then the same host as well, and a page that was found by way of it has the path it ended at
    """
    import requests

    headers = dict(headers or {})
    here = {urlsplit(base).netloc, headers.get("Host", urlsplit(base).netloc)}
    with requests.Session() as session:
        session.trust_env = False  # a proxy of this machine's is not on the way to a container
        session.verify = False
        url = urljoin(base, path)
        began_s = time.monotonic()
        try:
            for _ in range(5):
                answer = session.get(url, headers=headers, timeout=within_s, allow_redirects=False, stream=True)
                with answer:
                    if not answer.is_redirect:
                        kind = str(answer.headers.get("content-type") or "")
                        body = _body(answer.raw, began_s + 2 * within_s)
                        if body is None:
                            return None
                        text = body.decode("utf-8", "replace")
                        return Page(path, answer.status_code, time.monotonic() - began_s, kind), text
                    to = urlsplit(urljoin(url, str(answer.headers["location"])))
                    if to.netloc not in here:
                        return Page(path, answer.status_code, time.monotonic() - began_s, "elsewhere", to.geturl()), ""
                    url = urljoin(base, _whole(to))
                    if to.netloc != urlsplit(base).netloc:
                        path = _whole(to)
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


def answers_to(base: str, first_s: float = WITHIN_S) -> tuple[tuple[str, str], ...] | None:
    """The headers by which a service is asked so that it answers itself; () for none, None for what does not speak HTTP.

    Many know the name they are reached by, and send whoever asks by another one there, or refuse: a blog at its address in the
    settings, a service behind a proxy that speaks HTTPS. It is asked as that name's visitors ask, if that helps.
    """
    with _unchecked():
        seen = _warm(base, first_s)
        if seen is None:
            return None
        page = seen[0]
        if page.kind == "elsewhere":
            to = urlsplit(page.location)
            tries = [{"Host": to.netloc}]
            if to.scheme == "https" and urlsplit(base).scheme == "http":
                tries.append({"Host": to.netloc, "X-Forwarded-Proto": "https"})
        elif page.status in (400, 403, 421):  # RFC 9110, 15.5.20: misdirected
            tries = [{"Host": "localhost"}]
        else:
            return ()
        for headers in tries:
            again = ask(base, "/", headers)
            if again is not None and 200 <= again[0].status < 300:
                return tuple(headers.items())
    return ()


def _warm(base: str, first_s: float) -> tuple[Page, str] | None:
    """The first answer to `/`; where it is a 5xx, the first that is none, or what it still says after some seconds."""
    end_s = time.monotonic() + WARM_S
    seen = ask(base, "/", within_s=first_s)
    while seen is not None and seen[0].status >= 500 and time.monotonic() < end_s:
        time.sleep(AGAIN_S)
        seen = ask(base, "/") or seen
    return seen


def pages(base: str, checked: str = "/", headers: Mapping[str, str] | None = None) -> tuple[Page, ...]:
    """The pages of a service: `/` and what it links to on the same host; where they are none, the path of its own health check
    (`checked`) and well-known ones. () for what does not speak HTTP."""
    with _unchecked():
        seen = ask(base, "/", headers)
        if seen is None:
            return ()
        page, text = seen
        found = [page]
        good = 200 <= page.status < 300
        names = {urlsplit(base).netloc, (headers or {}).get("Host", "")}
        for path in (*_links(base, page.path, text, names), *(() if good else (checked, *WELL_KNOWN))):
            if len(found) >= MOST_PAGES:
                break
            if path in {one.path for one in found}:
                continue
            more = ask(base, path, headers)
            if more is None or not 200 <= more[0].status < 300 or more[0].path in {one.path for one in found}:
                continue
            found.append(more[0])
    return tuple(found)


def tried(base: str, paths: Sequence[str], headers: Mapping[str, str] | None = None) -> tuple[Page, ...]:
    """Each of these paths asked for once; one without an answer has status 0."""
    with _unchecked():
        answers = [(path, ask(base, path, headers)) for path in paths]
    return tuple(replace(seen[0], path=path) if seen is not None else Page(path, 0) for path, seen in answers)


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


def _links(base: str, path: str, text: str, names: Collection[str]) -> Iterator[str]:
    """Paths that a page links to on its own host, by any of its names, in its order; none that would log out or delete."""
    for link in dict.fromkeys(_LINK.findall(text)):
        try:
            parts = urlsplit(urljoin(urljoin(base, path), link.replace("&amp;", "&").replace("&#038;", "&")))
        except ValueError:
            continue
        whole = _whole(parts)
        own = parts.netloc in names or parts.hostname in LOOPBACK
        if own and not _LEAVES.search(whole) and whole.isprintable():
            yield whole


def _whole(parts: SplitResult) -> str:
    """A URL's path with its query."""
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def baseline(
    base: str,
    wanted: Sequence[Page],
    for_s: float,
    look: Callable[[], object],
    headers: Mapping[str, str] | None = None,
) -> Baseline:
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
            answer = ask(base, page.path, headers)
            took_s = time.monotonic() - began_s
            times.append(took_s)
            errors += answer is None or answer[0].status != page.status
            look()
            time.sleep(max(0.0, 0.2 - (time.monotonic() - began_s)))
    times.sort()

    def at(share: float) -> float:
        return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0

    return Baseline(len(times), errors, at(0.5), at(0.95))
