"""A workflow of GitHub Actions. It starts when GitHub comes round to it: what is later than the window is refused, and fails the job.

Source: "Workflow syntax", on.schedule (timezone), concurrency, jobs.<job_id>.timeout-minutes.
"""

from __future__ import annotations

import json
import shlex

from harness.schedule.files.job import File, Job, cron_expressions


def workflow(job: Job) -> tuple[File, ...]:
    """`drill` is installed on the runner; the runs go into an artifact."""
    entries = "\n".join(
        f"    - cron: {json.dumps(one)}\n      timezone: {json.dumps(job.almanac.zone.key)}"
        for one in cron_expressions(job.almanac.when)
    )
    command = shlex.join(("drill", *job.arguments, "-o", "results/runs")).replace("${{", "$ {{")
    text = f"""\
# {job.about}
name: {json.dumps(f"rehearsal {job.drill}", ensure_ascii=False)}
on:
  schedule:
{entries}
permissions:
  contents: read
concurrency:
  group: {json.dumps(f"rehearsal-{job.drill}")}
  cancel-in-progress: false
jobs:
  rehearse:
    runs-on: ubuntu-latest
    timeout-minutes: {job.longest_min}
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: python -m pip install drill-harness
      - run: drill doctor --fix
      - name: rehearse
        run: {json.dumps(command, ensure_ascii=False)}
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: {json.dumps(f"rehearsal-{job.drill}")}
          path: results
          if-no-files-found: ignore
"""
    install = (f"git add .github/workflows/drill-{job.drill}.yml",)
    return (File(f"drill-{job.drill}.yml", text, install),)
