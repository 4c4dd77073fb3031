"""The page's template as Python made of it, kept beside it between processes as Python keeps its own modules. Pure but for that.

What is kept is taken only if the template, this Jinja and this Python are those it was made of (its own checksum, and the
file's name); where the folder cannot be written, it is made each time.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

from jinja2 import __version__
from jinja2.bccache import Bucket, BytecodeCache


class BesideTheTemplate(BytecodeCache):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError):
            bucket.load_bytecode(io.BytesIO(self._place(bucket).read_bytes()))

    def dump_bytecode(self, bucket: Bucket) -> None:
        place = self._place(bucket)
        fresh = place.with_suffix(f".{id(bucket):x}.new")
        try:
            self._folder.mkdir(exist_ok=True)
            fresh.write_bytes(bucket.bytecode_to_string())
            fresh.replace(place)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)

    def _place(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}.{sys.implementation.cache_tag}-jinja2-{__version__}.pyc"
