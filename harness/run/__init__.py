"""The one folder with effects in the middle: a plan is run against the world and writes a journal and a ledger."""
