"""One worker of a distributed load: `python -m harness.load.worker`, told on standard input where its master is.

The line there is {"host", "port", "token", "number"}; number is -1 where the master gives one. It gets its settings from the master,
and starts the users that Locust's master gives it.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from harness import __version__
from harness.load.child import PR_SET_PDEATHSIG
from harness.load.config import LoadConfig
from harness.load.secured import Keys, install

WELCOME_S = 30.0


def main() -> None:
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)
    told = json.loads(sys.stdin.readline())
    os.dup2(2, 1)  # what the locustfile prints goes to the log
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    import harness.load.session  # noqa: F401  imports locust, and so patches this process
    from harness.load.link import Link
    from harness.load.sharing import Sharing

    install(Keys.of(told["token"]))
    link = Link(told["host"], told["port"], f"{socket.gethostname()}_{os.getpid()}")
    link.tell("join", number=told["number"], version=__version__, machine=socket.gethostname(), pid=os.getpid())
    welcome = _welcome(link)
    if welcome is None or welcome["do"] != "welcome":
        print(f"not welcome: {welcome['reason'] if welcome else 'the master does not answer'}", file=sys.stderr)
        os._exit(3)
    config, ledger = LoadConfig.from_json(welcome["config"])
    link.beat()
    code = Sharing(config, Path(ledger), link, (told["host"], told["port"])).run()
    link.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _welcome(link: Any) -> dict[str, Any] | None:
    """What the master answers; None when it does not."""
    while (word := link.word(WELCOME_S)) is not None:
        if word["do"] in ("welcome", "refused"):
            return dict(word)
    return None


if __name__ == "__main__":
    main()
