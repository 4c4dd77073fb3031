"""All that is fuzzed, in the order of the table."""

from fuzz.targets import evidence, files, world

TARGETS = (*files.TARGETS, *evidence.TARGETS, *world.TARGETS)
