"""When a drill is due: its calendar, what stands against a run, and the files by which other programs start it. Pure."""
