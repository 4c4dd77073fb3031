"""The drill: its file read strictly, checked with all errors at once, frozen as plain data."""
