"""A module beside a locustfile."""

WORDS = ("lamp",)
