"""What a worker says of itself to its master, in a process of its own: Locust patches the one that imports it."""

from __future__ import annotations

import subprocess
import sys

BEATS = """
import gevent.monkey; gevent.monkey.patch_all()
import gevent
from locust.exception import RPCSendError
from harness.load import link

link.BEAT_S, said = 0.01, []

class Link(link.Link):
    def __init__(self):
        pass

    def tell(self, event, **data):
        said.append(event)
        if len(said) == 1:
            raise RPCSendError("ZMQ sent failure")

Link().beat()
gevent.sleep(0.2)
print(len(said))
"""


def test_a_worker_whose_beat_could_not_be_sent_goes_on_to_say_that_it_lives() -> None:
    done = subprocess.run([sys.executable, "-c", BEATS], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) > 2, done.stderr
