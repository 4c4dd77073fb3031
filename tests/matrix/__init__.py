"""Matrices of real runs: what was planted against what the judge said of it, in a table that any one can make again.

A **cell** is one way of running a drill, with what must come of it; a **table** is a list of cells (`controls`, one small
file each). `PYTHONPATH=tests python -m matrix controls` plays what is missing, appends a line to docs/controls.jsonl as
each run ends, and renders docs/controls.md. No cell touches the judge: what is changed is a copy of the project.
"""
