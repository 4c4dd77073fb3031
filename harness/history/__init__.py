"""Runs beside each other: what each came to in numbers, and which numbers stand out of the noise of the runs before. Pure."""
