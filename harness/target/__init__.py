"""A system that runs already, as a drill is played on it: where things are, what it cannot offer, and the clients that reach it."""

RECORD = "target.json"
"""In a run's folder: where its faults are, by which anybody takes them out again (`record`)."""
