"""Tries a release on a share of the shoppers, and then gives it all of them or none."""
