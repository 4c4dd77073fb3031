"""A Docker that can go away: a socket of our own before the real one, cut and mended at will. The engine is not touched."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

REAL = "/var/run/docker.sock"


class DockerProxy:
    """Listens at `path` from the beginning; use `env` for what shall reach Docker only through it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.back()

    @property
    def env(self) -> dict[str, str]:
        return {"DOCKER_HOST": f"unix://{self._path}"}

    def back(self) -> None:
        """Docker answers (again)."""
        self._path.unlink(missing_ok=True)
        listener = self._listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._path))
        listener.listen(128)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Docker is gone: nobody gets in, and whoever is in loses the connection."""
        with self._lock:
            listener, self._listener = self._listener, None
            ours, self._open = self._open, set()
        for one in (listener, *ours):
            if one is not None:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(REAL)
            with self._lock:
                if self._listener is not listener:
                    near.close()
                    far.close()
                    return
                self._open |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        """Until one side ends its half (`docker run -i` does, and reads on)."""
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
            return
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
