"""The receiver that a target's Alertmanager posts its pages to: a webhook on this machine, which writes down what is delivered."""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import ThreadingHTTPServer
from typing import Any

from harness.errors import CannotRun, Missing, NotApplied
from harness.facts import Blinded, Paged, ReceiverSeen
from harness.inside.pager import Taken
from harness.target.paging import Pages
from harness.world.alertmanager import Alertmanager
from harness.world.handles import Clock
from harness.world.pager import MOST_PAGES, heard_of
from harness.world.receivers import paging


class _Post(Taken):
    """One delivery; with the wrong token it is refused, and not a page."""

    server: Receiver

    def do_POST(self) -> None:
        at_ns = time.monotonic_ns()
        body, cut = self._body()
        if not hmac.compare_digest(str(self.headers.get("Authorization") or "").encode(), self.server.wanted.encode()):
            self._answer(401)
            return
        agent = str(self.headers.get("User-Agent") or "")
        self.server.take(at_ns, body.decode("utf-8", "replace"), agent, self.client_address[0], cut=cut)
        self._answer(200)

    do_PUT = do_POST


class Receiver(ThreadingHTTPServer):
    """Implements probes.pages.Mailbox. `heard` gets each page as a fact, before its sender is answered, and a
    Blinded for a delivery that could not be read."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(
        self, listen: Pages, token: str, clock: Clock, opened_ns: int, heard: Callable[[Paged | Blinded], object]
    ) -> None:
        assert listen.listen is not None
        host, _, port = listen.listen.rpartition(":")
        self.wanted = f"Bearer {token}" if token else ""
        self._clock, self._opened_ns, self._heard = clock, opened_ns, heard
        self._place = listen.listen
        self._lock = threading.Lock()
        self._number = self._kept = 0
        try:
            super().__init__((host.strip("[]"), int(port)), _Post)
        except OSError as error:
            raise CannotRun(Missing(f"pages cannot be taken at {listen.listen}: {error.strerror}")) from error
        threading.Thread(target=self.serve_forever, args=(0.1,), name="pages", daemon=True).start()

    def take(self, at_ns: int, body: str, agent: str = "", sender: str = "", *, cut: bool = False) -> None:
        host, _, port = self._place.rpartition(":")
        with self._lock:
            self._number += 1
            come = {"at_ns": at_ns, "from": sender, "agent": agent, "body": body, "cut": cut}
            delivery = {"host": host, "port": port, **come}
            for page in heard_of(delivery, self._number, self._opened_ns, self._clock):
                self._kept += 1
                if self._kept <= MOST_PAGES:
                    self._heard(page)

    def blind(self) -> str:
        return f"more than {MOST_PAGES} pages came" if self._kept > MOST_PAGES else ""

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that went away."""


def receivers(wanted: Pages, alertmanager: Alertmanager) -> list[ReceiverSeen]:
    """Every receiver of the target's configuration; those that post to us, or are in a list of pages, can be seen. Raises NotApplied, CannotRun for a name that it
    does not have."""
    try:
        known = paging(alertmanager.config()).receivers
    except ValueError as error:
        raise NotApplied(f"Alertmanager's configuration cannot be read: {error}") from error
    names = [seen.receiver for seen in known]
    if lost := [name for name in wanted.receivers if name not in names]:
        raise CannotRun(f"the target's Alertmanager has no receiver {', '.join(lost)}; it has {', '.join(names)}")
    told = []
    for seen in known:
        if seen.receiver in wanted.receivers:
            url = wanted.poll.url if wanted.poll else f"http://{wanted.listen}"
            kind = seen.kind if wanted.poll else "webhook"
            told.append(replace(seen, kind=kind, url=url, observable=True, why=""))
        else:
            how = "is in the list of pages" if wanted.poll else "posts to this machine"
            why = f"the target's configuration does not say that it {how} (pages.receivers)"
            told.append(replace(seen, observable=False, why=why))
    resolved = {seen.receiver for seen in told if seen.send_resolved}
    one_each = {seen.receiver: seen for seen in told}.values()
    return [replace(seen, send_resolved=seen.receiver in resolved) for seen in one_each]
