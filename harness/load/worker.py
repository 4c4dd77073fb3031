"""One worker of a distributed load: `python -m harness.load.worker`, told on standard input where its master is.

The line there is {"host", "port", "token", "number"}, and of a worker on another machine {"folder"}, where it may write; its number is
-1, and the master gives it one. All settings come from the master, and users are started as Locust's master gives them.
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
REFUSED, NOT_WELCOME, NOT_HOME, OTHER_VERSION = 2, 3, 4, 5  # exit codes; the last line that was printed says why


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
    from harness.load.away import Away
    from harness.load.link import Link
    from harness.load.locustfile import Refused
    from harness.load.sharing import Sharing

    install(Keys.of(told["token"]))
    link = Link(told["host"], told["port"], f"{socket.gethostname()}_{os.getpid()}")
    link.tell("join", number=told["number"], version=__version__, machine=socket.gethostname(), pid=os.getpid())
    welcome = _welcome(link)
    if welcome is None or welcome["do"] != "welcome":
        code, why = turned_away(welcome)
        print(why, file=sys.stderr)
        os._exit(code)
    link.beat()
    away = Away(link, Path(told["folder"]), welcome) if told.get("folder") else None
    try:
        if away is None:
            config, ledger = LoadConfig.from_json(welcome["config"])
        else:
            config, ledger = away.config(), away.ledger
            away.begin()
        code = Sharing(config, ledger, link, (told["host"], told["port"])).run()
        if away is not None and not away.end():
            code = NOT_HOME
    except Refused as refused:
        code = _refuse(link, refused.reason, refused.where)
    except (LookupError, OSError) as error:  # a secret that is not on this machine
        code = _refuse(link, f"the worker on {socket.gethostname()}: {error}", "load.workers")
    link.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def turned_away(word: dict[str, Any] | None) -> tuple[int, str]:
    """The exit code of a worker that is not welcome, and why it is not, as the master says (None: it says nothing)."""
    if word is None:
        return NOT_WELCOME, f"the run does not answer within {WELCOME_S:g} s"
    run = word.get("version", __version__)
    if run != __version__:
        return OTHER_VERSION, f"this is drill {__version__}, and the run is of drill {run}"
    return NOT_WELCOME, word["reason"]


def _refuse(link: Any, reason: str, where: str) -> int:
    """The exit code of a worker that cannot take part, told on both sides."""
    print(reason, file=sys.stderr)
    link.tell("refused", reason=reason, where=where)
    return REFUSED


def _welcome(link: Any) -> dict[str, Any] | None:
    """What the master answers; None when it does not."""
    while (word := link.word(WELCOME_S)) is not None:
        if word["do"] in ("welcome", "refused"):
            return dict(word)
    return None


if __name__ == "__main__":
    main()
