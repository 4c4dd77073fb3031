"""The images of ours: their names, and how each comes to be on a machine with or without an image registry."""

from harness.doctor.images.base import ensure_base_image
from harness.doctor.images.harness import ensure_harness_image
from harness.doctor.images.tags import BASE_TAG, TOXIPROXY_TAG, TOXIPROXY_VERSION, harness_tag
from harness.doctor.images.toxiproxy import ensure_toxiproxy_image, toxiproxy_binary

__all__ = [
    "BASE_TAG",
    "TOXIPROXY_TAG",
    "TOXIPROXY_VERSION",
    "ensure_base_image",
    "ensure_harness_image",
    "ensure_toxiproxy_image",
    "harness_tag",
    "toxiproxy_binary",
]
