"""A person's own command: run on their terminal as it would be without us, while what it writes is hashed and its tail kept."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pty
import select
import shlex
import signal
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any, BinaryIO

from harness.facts import Injecting
from harness.lodgers import RELEASE
from harness.run.folder import RunFolder
from harness.run.people import facts_of
from harness.safety.compose import compose_of
from harness.stack.release import BAD

TAIL_BYTES = 4000
REST_S = 0.3  # what a command that has ended wrote last is there by then; who holds its output open longer is a child left behind
CANNOT_START, NOT_FOUND = 126, 127  # as shells have them


class Kept:
    """What was written, on both streams in the order in which it came: size, hash of all of it, and the end."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()
        self._tail = b""
        self._lock = threading.Lock()

    def take(self, data: bytes) -> None:
        with self._lock:
            self.size += len(data)
            self._hash.update(data)
            self._tail = (self._tail + data)[-TAIL_BYTES:]

    def sha256(self) -> str:
        return self._hash.hexdigest()

    def tail(self) -> str:
        return self._tail.decode(errors="replace").replace("\r\n", "\n")


def environment(folder: RunFolder) -> dict[str, str]:
    """What a lever's command is told too (stack.release.Releases.told), read from the run's folder."""
    told = {**compose_of(folder).told(), "DRILL_RUN": folder.run}
    out = [fact.target for fact in facts_of(folder, Injecting) if fact.kind == RELEASE]
    if out:
        services = out[-1].split("+")
        told["DRILL_SERVICE"] = " ".join(services)
        told["DRILL_GOOD_IMAGE"] = _image(folder, "compose.yaml", services[0])
        told["DRILL_BAD_IMAGE"] = _image(folder, BAD, services[0])
    return told


def _image(folder: RunFolder, file: str, service: str) -> str:
    try:
        body: Any = json.loads((folder.path / file).read_text(encoding="utf-8"))["services"][service]
        return str(body.get("image") or "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def attended(words: Sequence[str], env: Mapping[str, str], kept: Kept) -> tuple[int, str]:
    """Run it to its end: its exit code as a shell would tell it, and why it could not be started ('' when it was).

    On a terminal it gets one of its own, so that it behaves as always (colours, questions, Ctrl-C); else both of its streams
    pass through. A signal to us is passed on to it, and its end is waited for.
    """
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        code = _on_terminal(words, env, kept) if on_terminal else _through(words, env, kept)
    except OSError as error:
        why = f"{shlex.join(words)} could not be started: {error.strerror or error}"
        return (NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_START), why
    return (code if code >= 0 else 128 - code), ""


@contextlib.contextmanager
def _passing_on(child: Callable[[], subprocess.Popen[bytes] | None], *, interrupts: bool) -> Iterator[None]:
    """Signals go to the command. Ctrl-C reaches it by itself where it is on our terminal: then we only live through it."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        running = child()
        if running is not None and (interrupts or number != signal.SIGINT):
            running.send_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _through(words: Sequence[str], env: Mapping[str, str], kept: Kept) -> int:
    started: list[subprocess.Popen[bytes]] = []
    with _passing_on(lambda: started[0] if started else None, interrupts=False):
        child = subprocess.Popen(words, env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.append(child)
        assert child.stdout is not None
        assert child.stderr is not None
        pairs = ((child.stdout.fileno(), sys.stdout.buffer), (child.stderr.fileno(), sys.stderr.buffer))
        copying = [threading.Thread(target=_copy, args=(source, out, kept), daemon=True) for source, out in pairs]
        for one in copying:
            one.start()
        code = child.wait()
        for one in copying:
            one.join(REST_S)
        return code


def _copy(source: int, out: BinaryIO, kept: Kept) -> None:
    with contextlib.suppress(OSError):
        while data := os.read(source, 1 << 16):
            kept.take(data)
            with contextlib.suppress(OSError, ValueError):  # nobody reads our output any more: the command goes on
                out.write(data)
                out.flush()


def _on_terminal(words: Sequence[str], env: Mapping[str, str], kept: Kept) -> int:
    ours, theirs = pty.openpty()
    _resize(ours)
    try:
        child = subprocess.Popen(
            words,
            env=dict(env),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_own_terminal,  # noqa: PLW1509 (there is no other thread)
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    here, there = sys.stdin.fileno(), sys.stdout.fileno()
    before = termios.tcgetattr(here)
    resized = signal.signal(signal.SIGWINCH, lambda *_: _resize(ours))
    try:
        tty.setraw(here, termios.TCSADRAIN)  # what was typed ahead is the command's
        with _passing_on(lambda: child, interrupts=True):
            _converse(child, here, there, ours, kept)
            return child.wait()
    finally:
        signal.signal(signal.SIGWINCH, resized)
        termios.tcsetattr(here, termios.TCSADRAIN, before)
        os.close(ours)


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _resize(terminal: int) -> None:
    with contextlib.suppress(OSError):
        size = fcntl.ioctl(sys.stdin.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)


def _converse(child: subprocess.Popen[bytes], here: int, there: int, ours: int, kept: Kept) -> None:
    """What is typed goes to the command, what it writes to the terminal, until it has ended and nothing more comes."""
    sources = [here, ours]
    while True:
        over = child.poll() is not None
        ready, _, _ = select.select([ours] if over else sources, [], [], REST_S)
        if over and not ready:
            return
        try:
            if ours in ready:
                data = os.read(ours, 1 << 16)
                if not data:
                    return
                kept.take(data)
                with contextlib.suppress(OSError):
                    os.write(there, data)
            if here in ready:
                typed = os.read(here, 1 << 16)
                if not typed:
                    sources = [ours]
                os.write(ours, typed)
        except OSError:  # the command's side of its terminal is closed: all was read
            return
