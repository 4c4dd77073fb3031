"""A headless Chromium on two pipes (the DevTools protocol, no port and no library): open a page, ask it, press keys."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)

SILENT_S = 60  # it answers in milliseconds; a page that never becomes ready must not hold the tests for ever


class Chromium:
    """One browser; each `tab` is a page of its own."""

    def __init__(self, program: Path, profile: str) -> None:
        to_child, self._out = os.pipe()
        self._in, from_child = os.pipe()

        def places() -> None:  # Chromium reads the protocol on 3 and writes it on 4
            for high, source in ((13, to_child), (14, from_child)):
                os.dup2(source, high)
            os.dup2(13, 3)
            os.dup2(14, 4)

        self._process = subprocess.Popen(
            [str(program), *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=places,  # noqa: PLW1509 (no thread of ours holds a lock here)
            close_fds=False,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_child)
        os.close(from_child)
        self._rest = b""
        self._last = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """A method's result. Raises AssertionError with the protocol's own words."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            heard, _, _ = select.select([self._in], [], [], SILENT_S)
            assert heard, f"Chromium has said nothing for {SILENT_S} s"
            more = os.read(self._in, 1 << 20)
            assert more, "Chromium has ended"
            self._rest += more
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def close(self) -> None:
        """In order first, so that it takes its helpers with it."""
        with suppress(AssertionError, OSError):
            self.call("Browser.close")
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        os.close(self._out)
        os.close(self._in)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # it and the helpers that it started
        self._process.wait()

    def tab(self, width: int = 1280, height: int = 900, scheme: str = "light") -> Tab:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            tab.call(f"{domain}.enable")
        tab.size(width, height)
        tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        return tab


@dataclass
class Tab:
    """A page. What it complained of, and what it asked of a network, is kept."""

    browser: Chromium
    session: str
    _seen: int = field(default=0)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self.browser.call(method, self.session, **params)

    def size(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def open(self, page: Path) -> None:
        """Open a file and wait until its script says that it is ready (or that the page has loaded without one)."""
        self.call("Page.bringToFront")
        self.call("Page.navigate", url=page.resolve().as_uri())
        self.ask(
            "new Promise(done => { const look = () => document.readyState === 'complete' ?"
            " requestAnimationFrame(() => setTimeout(done, 50, true)) : setTimeout(look, 10); look(); })"
        )

    def ask(self, script: str) -> Any:
        """The value of an expression; a promise is awaited."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def settle(self) -> None:
        """Wait until what was asked for has been drawn. Only a page in front is drawn."""
        self.call("Page.bringToFront")
        self.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")

    def key(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, text=key if len(key) == 1 and kind == "keyDown" else ""
            )
        self.settle()

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def drag(self, x0: float, y0: float, x1: float) -> None:
        self.mouse("mousePressed", x0, y0, button="left", clickCount=1)
        self.mouse("mouseMoved", x1, y0, button="left", buttons=1)
        self.mouse("mouseReleased", x1, y0, button="left", clickCount=1)
        self.settle()

    def complaints(self) -> list[str]:
        """Errors and warnings of the console, exceptions, and what the page's policy refused."""
        found = []
        for event in self._events():
            params = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                found.append(
                    str(params["exceptionDetails"].get("exception", params["exceptionDetails"]).get("description"))
                )
            elif event["method"] == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                found.append(" ".join(str(arg.get("value", arg.get("description"))) for arg in params["args"]))
            elif event["method"] == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(str(params["entry"]["text"]))
        return found

    def requests(self) -> list[str]:
        """Addresses that the page asked for, itself left out."""
        urls = [e["params"]["request"]["url"] for e in self._events() if e["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(("file:", "data:", "about:"))]

    def _events(self) -> Iterator[dict[str, Any]]:
        self.ask("0")  # what was said before has arrived then
        return (event for event in self.browser.events if event.get("sessionId") == self.session)

    def picture(self, path: Path, *, whole: bool = True) -> None:
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16000), "scale": 1}
            data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
        path.write_bytes(base64.b64decode(data))

    def paper(self, path: Path) -> None:
        """Print to PDF."""
        path.write_bytes(
            base64.b64decode(
                self.call("Page.printToPDF", printBackground=False, paperWidth=8.27, paperHeight=11.69)["data"]
            )
        )


APT = "apt-get install -y chromium"


def program() -> Path | None:
    """The browser that DRILL_CHROMIUM names, else the first that is installed."""
    given = os.environ.get("DRILL_CHROMIUM")
    names = [given] if given else ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    found = next((path for name in names if (path := shutil.which(name))), None)
    return Path(found) if found else None


@contextmanager
def browsing(program: Path) -> Iterator[Chromium]:
    with tempfile.TemporaryDirectory(prefix="drill-chromium-", ignore_cleanup_errors=True) as profile:
        browser = Chromium(program, profile)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """A headless Chromium, one for all tests. Where there is none, they fail and say how to get it."""
    path = program()
    if path is None:
        pytest.fail(f"the report is tested in a real browser, and there is none; cure: {APT}", pytrace=False)
    with browsing(path) as browser:
        yield browser
