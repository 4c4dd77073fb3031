"""A soak: one long drill at a steady rate, looked at from outside all the time (`make soak`, docs/soak.md)."""
