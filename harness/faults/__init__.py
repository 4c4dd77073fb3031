"""Faults: conditions that we cause. One small file each; a new one is its file and one line here."""

from __future__ import annotations

from harness.faults.bad_release import BadRelease
from harness.faults.bandwidth import Bandwidth
from harness.faults.base import Fault
from harness.faults.command import Command
from harness.faults.down import Down
from harness.faults.hang import Hang
from harness.faults.kill import Kill
from harness.faults.latency import Latency
from harness.faults.limit_data import LimitData
from harness.faults.pause import Pause
from harness.faults.reset import Reset
from harness.faults.slicer import Slicer
from harness.faults.slow_close import SlowClose
from harness.faults.stop import Stop

FAULTS: tuple[type[Fault], ...] = (
    Latency,
    Bandwidth,
    Hang,
    Reset,
    Down,
    SlowClose,
    LimitData,
    Slicer,
    Stop,
    Kill,
    Pause,
    BadRelease,
    Command,
)
