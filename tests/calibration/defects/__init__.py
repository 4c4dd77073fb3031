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

_OFTEN = """
no_rule threshold_too_high waits_too_long no_for wrong_severity wrong_service never_clears flaps dead_panel
inhibited silenced routed_to_the_board url_leads_nowhere one_page_for_each_replica no_runbook no_numbers
lossy_counter counts_twice swallowed_5xx errors_uncounted timeouts_uncounted optimistic_timeouts hidden_crash
late_timer top_bucket_too_low metric_vanishes born_with_its_first_error
generic_line lines_without_id names_nobody blames_another secret_in_the_log accuses_everybody grumbles_on_good_days
context_lost_in_the_queue no_root calls_another friendly_failure
acknowledges_before_commit charges_twice kept_down_by_retries retry_storm slow_leak crashes
nobody_acts decides_too_late rollback_does_nothing one_replica_left another_hand leaves_poison healthy_taken_back
"""
MET_OFTEN = frozenset(_OFTEN.split())
"""What people meet most: the long mode gives each of these the full number of runs, and the others fewer."""

__all__ = ["DEFECTS", "MET_OFTEN", "Planted"]
