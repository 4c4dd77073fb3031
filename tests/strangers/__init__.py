"""Applications that nobody wrote for drills, and what `drill init` and `drill run` make of each without an edit."""
