"""The files by which systemd, cron, Kubernetes and GitHub start a drill on time: text, from one job. Pure.

Each starts it at every time of its almanac, or at more of them where it cannot say as much (every second week, the last Friday);
`drill run --scheduled --if-due` begins only what is due, once, and no two at a time.
"""

from harness.schedule.files.cron import crontab
from harness.schedule.files.github import workflow
from harness.schedule.files.job import File, Job
from harness.schedule.files.k8s import cronjobs
from harness.schedule.files.systemd import units

__all__ = ["File", "Job", "cronjobs", "crontab", "units", "workflow"]
