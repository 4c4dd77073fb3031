"""A Compose project that runs already, used as it is: found, looked at, with edges put into it where asked, and given back as it was."""

RECORD = "attached.json"
"""In a run's folder: which project it is played on, what was found there, and how that is put back."""
