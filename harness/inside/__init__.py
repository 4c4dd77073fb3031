"""Helpers that run inside the stack, from the harness image: standard library only, JSON lines on their pipes."""
