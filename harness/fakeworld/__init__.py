"""A world made of data, and a clock that jumps: whole drills run on it in milliseconds, and any call in it can be made to fail.

For tests, yours too (re-exported by harness.testing). The fake service answers every request of the fake load, slowly or not at all
while something is on upstream of it, just as the faults say.
"""

from harness.errors import NotApplied, NotMended
from harness.fakeworld.clock import Failures, FakeClock
from harness.fakeworld.load import FakeLoad
from harness.fakeworld.watch import InlineWatch
from harness.fakeworld.world import FakeWorld

__all__ = ["Failures", "FakeClock", "FakeLoad", "FakeWorld", "InlineWatch", "NotApplied", "NotMended"]
