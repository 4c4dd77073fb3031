"""A user's Compose project: its edges found, its own file for the run written (`changes/`), brought up and taken
down."""
