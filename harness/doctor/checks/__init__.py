"""The checks of `drill doctor`, in the order in which they are made. A new one is one file and one line here."""

from __future__ import annotations

from harness.doctor.checks.base_image import BaseImageCheck
from harness.doctor.checks.clock import ClockCheck
from harness.doctor.checks.compose import ComposeCheck
from harness.doctor.checks.disk import DiskCheck
from harness.doctor.checks.engine import EngineCheck
from harness.doctor.checks.harness_image import HarnessImageCheck
from harness.doctor.checks.ports import PortsCheck
from harness.doctor.checks.processors import ProcessorsCheck
from harness.doctor.checks.python import PythonCheck
from harness.doctor.checks.ranges import RangesCheck
from harness.doctor.checks.service_images import ServiceImagesCheck
from harness.doctor.checks.shadow import ShadowCheck
from harness.doctor.checks.toxiproxy_image import ToxiproxyImageCheck
from harness.doctor.seen import Check

CHECKS: tuple[Check, ...] = (
    PythonCheck(),
    EngineCheck(),
    ComposeCheck(),
    BaseImageCheck(),
    HarnessImageCheck(),
    ToxiproxyImageCheck(),
    ServiceImagesCheck(),
    PortsCheck(),
    RangesCheck(),
    DiskCheck(),
    ClockCheck(),
    ProcessorsCheck(),
    ShadowCheck(),
)
