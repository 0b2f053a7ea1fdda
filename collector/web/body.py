"""Read a request's body without letting anybody fill the memory."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

MIB = 1024 * 1024


class BodyError(Exception):
    """A body that is not read to its end; ``status`` is the HTTP answer and the message its reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Bodies:
    """All request bodies in memory at one time, together at most ``total`` bytes, each sent within ``seconds``."""

    def __init__(self, *, total: int = 32 * MIB, seconds: float = 30.0) -> None:
        self._total = total
        self._seconds = seconds
        self._held = 0

    async def read(self, request: Request, *, limit: int) -> bytes:
        """Return the body of at most ``limit`` bytes, which ``release`` gives free; raise BodyError."""
        declared = request.headers.get("content-length", "0")
        if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
            raise BodyError(413, f"the body is larger than {limit} bytes")
        chunks: list[bytes] = []
        whole = False
        try:
            async with asyncio.timeout(self._seconds):
                await self._collect(request, limit, chunks)
            whole = True
        except TimeoutError as error:
            raise BodyError(408, f"the body did not arrive within {self._seconds:g} s") from error
        except ClientDisconnect as error:
            raise BodyError(400, "the body was cut short") from error
        finally:
            if not whole:
                self.release(sum(map(len, chunks)))
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _collect(self, request: Request, limit: int, chunks: list[bytes]) -> None:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise BodyError(413, f"the body is larger than {limit} bytes")
            if self._held + len(chunk) > self._total:
                raise BodyError(503, "too many bodies at one time")
            if chunk:
                self._held += len(chunk)
                chunks.append(chunk)

    def release(self, size: int) -> None:
        """Forget ``size`` bytes of a body that has been dealt with."""
        self._held -= size
