"""The load process: `python -P -m harness.load.child CONFIG.json`. Locust with the gate in it, or with the
master of several that have it, told and telling over its channel. Locust is imported at once; CONFIG.json is read, and the user's locustfile imported, when told to start."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
from pathlib import Path

from harness.load.channel import Channel
from harness.load.config import LoadConfig

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a wedged process, too, ends with its harness
    if os.getppid() != parent:
        sys.exit(1)
    channel = Channel()
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    from harness.load.master import Master
    from harness.load.session import Session  # imports locust, and so patches this process

    if not channel.told_to_start():
        os._exit(0)
    config, ledger = LoadConfig.from_json(Path(sys.argv[1]).read_text())
    code = (Master if config.distributed else Session)(config, ledger, channel).run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads and greenlets that the locustfile left are not waited for


if __name__ == "__main__":
    main()
