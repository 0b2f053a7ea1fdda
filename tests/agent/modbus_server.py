"""A real Modbus TCP server (pymodbus) on loopback, with registers of a test's choice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

Words = Mapping[int, Sequence[int]]


def _registers(words: Words) -> list[SimData]:
    return [SimData(at, values=list(some), datatype=DataType.REGISTERS) for at, some in sorted(words.items())]


def _bits(bits: Mapping[int, Sequence[int]]) -> list[SimData]:
    # Whole bytes of bits; an address without any would be no block at all.
    return [
        SimData(at, values=[bool(bit) for bit in [*some, *([0] * (-len(some) % 16))]], datatype=DataType.BITS)
        for at, some in sorted((bits or {0: [0]}).items())
    ]


class Controller:
    """The server, unit 1; used with ``with``. ``requests`` counts what it was asked."""

    def __init__(
        self, holding: Words, *, inputs: Words | None = None, coils: Words | None = None, discrete: Words | None = None
    ) -> None:
        blocks = (
            _bits(coils or {}),
            _bits(discrete or {}),
            _registers(holding),
            _registers(inputs or {0: [0]}),
        )
        self._device = SimDevice(1, simdata=blocks)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.requests = 0
        self.port = 0

    def _seen(self, sending: bool, pdu: Any) -> Any:
        self.requests += not sending
        return pdu

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = ModbusTcpServer(self._device, address=("127.0.0.1", 0), trace_pdu=self._seen)
        await self._server.serve_forever(background=True)
        transport: Any = self._server.transport
        self.port = int(transport.sockets[0].getsockname()[1])
        self._ready.set()
        await self._server.serving

    def __enter__(self) -> Controller:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        stopping = self._server.shutdown()  # type: ignore[no-untyped-call]
        asyncio.run_coroutine_threadsafe(stopping, self._loop).result(10)
        self._thread.join(10)
