"""Sends lines in bodies of bounded size at a bounded pace, and finds the lines that a server will never take."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from agent.reading import Reading
from collector.feeds.influx import Refused, Server, Unavailable
from collector.feeds.points import Piece, derived_lines

log = logging.getLogger(__name__)

BODY_BYTES = 512 << 10
BODY_POINTS = 2000
MOST_REFUSED = 20
"""Single lines that may be refused of one body; with more it is the server or the way to it that is wrong."""


class Sending:
    """The way to one server; ``per_second`` samples are never passed."""

    def __init__(self, server: Server, per_second: int) -> None:
        self._server, self._per_second = server, per_second
        self._gathered: list[Piece] = []
        self._size = 0
        self._stop = threading.Event()
        self._free_s = 0.0

    def stop(self) -> None:
        """Wait no more for the pace."""
        self._stop.set()

    def pieces(self, points: Iterable[Reading]) -> Iterator[Piece]:
        """Cut derived points into bodies."""
        source = iter(points)
        while some := list(islice(source, BODY_POINTS)):
            yield derived_lines(some)

    def gather(self, piece: Piece, send: Callable[[Piece], None]) -> None:
        """Add lines to the body under way; ``send`` is given it when it is full."""
        self._gathered.append(piece)
        self._size += len(piece.lines)
        if self._size >= BODY_BYTES:
            self.flush(send)

    def flush(self, send: Callable[[Piece], None]) -> None:
        """Hand the body under way to ``send``."""
        gathered, self._gathered, self._size = self._gathered, [], 0
        whole = Piece(b"".join(piece.lines for piece in gathered), sum(piece.samples for piece in gathered))
        if whole.lines:
            send(whole)

    def send(self, piece: Piece) -> int:
        """Send a body in its turn; return how many lines the server refused for good. Raises Unavailable."""
        if not piece.lines:
            return 0
        now = time.monotonic()
        self._stop.wait(max(0.0, self._free_s - now))
        self._free_s = max(now, self._free_s) + piece.samples / self._per_second
        refused: list[str] = []
        self._try(piece.lines, refused)
        for what in refused:
            log.error("feed: %s", what)
        return len(refused)

    def _try(self, lines: bytes, refused: list[str]) -> None:
        """Send; what is refused is halved until the lines that are not taken are found."""
        try:
            self._server.write(lines)
        except Refused as error:
            middle = lines.find(b"\n", len(lines) // 2) + 1 or len(lines)
            if middle == len(lines):
                middle = lines.rfind(b"\n", 0, len(lines) - 1) + 1
            if error.partly or not middle:
                refused.append(f"{error}: {lines[:200]!r}")
                if len(refused) > MOST_REFUSED:
                    raise Unavailable(f"too much is refused: {error}") from None
                return
            self._try(lines[:middle], refused)
            self._try(lines[middle:], refused)
