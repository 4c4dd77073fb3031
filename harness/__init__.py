"""Rehearse production: start a stack, load it, hurt it, and judge what it did from recorded evidence."""

__version__ = "0.1.0"
