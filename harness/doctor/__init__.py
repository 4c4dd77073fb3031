"""What a run needs of this machine, and the cure for what it lacks."""
