"""What the run's Compose file differs in from the user's: each change is one file, one pure function, dict to (dict,
lines)."""
