"""Taking faults out from outside of the run: `drill halt` while it lives, `drill mend` after it died."""
