"""Drills within pytest: `pytest --drill-run drills/` has one item for each expectation. `plugin` is what pytest loads, always."""
