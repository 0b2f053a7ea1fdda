"""A TCP peer for what no real one can be made to say; a test that uses it says so in its name."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable


class StandIn:
    """A server on loopback that answers each connection by ``speak``, then closes it."""

    def __init__(self, speak: Callable[[socket.socket], object]) -> None:
        self._speak, self._socket = speak, socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            with peer:
                try:
                    self._speak(peer)
                except OSError:
                    continue

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)
