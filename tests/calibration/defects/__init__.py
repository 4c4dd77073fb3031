"""Planted defects: each a function that makes one thing wrong in the simulated world, and the finding that must name it."""

from calibration.defects.alerting import ALERTING
from calibration.defects.instruments import INSTRUMENTS
from calibration.defects.logs import LOGS
from calibration.defects.pages import PAGES
from calibration.defects.paging import PAGING
from calibration.defects.people import PEOPLE
from calibration.defects.planted import Planted
from calibration.defects.release import RELEASE
from calibration.defects.service import SERVICE
from calibration.defects.tracing import TRACING

DEFECTS: tuple[Planted, ...] = (
    *ALERTING,
    *PAGING,
    *PAGES,
    *INSTRUMENTS,
    *LOGS,
    *TRACING,
    *SERVICE,
    *RELEASE,
    *PEOPLE,
)

__all__ = ["DEFECTS", "Planted"]
