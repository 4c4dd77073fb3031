"""A first drill for a project that has none: read its Compose files, look at it once while it runs, write what fits it."""
