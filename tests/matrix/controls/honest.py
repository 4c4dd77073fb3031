"""Honest: nothing is changed, and everything is as it should be."""

from matrix.cell import Cell

CELLS = (Cell("honest", "nothing", "friday-traffic", exit_code=0, times=5),)
