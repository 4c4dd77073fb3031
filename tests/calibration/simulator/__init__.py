"""A simulated service under a drill: seeded discrete events that leave a run folder as a real run does.

It imports nothing of the harness that judges (tests/calibration/test_simulator.py holds that): what it writes goes through
the public writers of journal and ledger alone, and what it writes is what the harness would have *seen*.
What is honest stands in world.py; a planted defect replaces fields of it, never the form of the evidence.
"""
