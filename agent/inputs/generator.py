"""A generator's controller, asked by Modbus TCP with a map of its registers (``agent/modbus``).

A generator is a device: it has a table [[device]] named as in the inventory, and under it [device.inputs.generator].
pymodbus is the extra ``modbus`` of this package: ``pip install 'nadi[agent,modbus]'``; it takes 3 MB of memory.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.config import ConfigError, between
from agent.modbus import registers
from agent.modbus.registers import Block
from agent.reading import Reading, reading
from agent.source import Env

if TYPE_CHECKING:
    from pymodbus.client import ModbusTcpClient

_WORDS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    6: "device busy",
    10: "gateway path unavailable",
    11: "gateway target does not respond",
}
_OF_REGISTERS = (1, 2, 3)
"""Exceptions that refuse what was asked for; the others are the state of the whole controller."""
_MOST_TOLD = 5
_WHOLE = 4
"""A turn may take so many times ``timeout``."""
_Read = list[tuple[str, int | float | None]]


class ModbusError(Exception):
    """The controller cannot be asked, or refuses; the message names it, the registers and the mend."""


class _RefusedError(Exception):
    """The controller answers a request by an exception of the protocol, ``code``."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code} ({_WORDS.get(code, 'of its own')})")


@dataclass(frozen=True, slots=True)
class Config:
    """Where the controller is (``unit``: its Modbus address) and the map of its registers.

    ``map`` is the name of one of ours or the absolute path of a file of the operator's own. ``interval`` and
    ``timeout`` (of one answer) are seconds.
    """

    host: str
    port: int = 502
    unit: int = 1
    map: str = "dse-gencomm"
    interval: int = 10
    timeout: float = 3.0

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError("host is empty; set it to the address of the controller or its gateway")
        between("port", self.port, 1, 65535)
        between("unit", self.unit, 0, 255)
        between("interval", self.interval, 1, 900)
        between("timeout", self.timeout, 0.1, 30)
        try:
            registers.load(self.map)
        except ConfigError as error:
            raise ValueError(str(error)) from error


def collect(config: Config, env: Env) -> Iterator[Reading]:
    """Yield what the controller says; raise ModbusError when it cannot be asked, or refused registers of the map."""
    blocks = registers.blocks(registers.load(config.map))
    client = _client(config)
    refused: list[str] = []
    try:
        read = _asked(client, config, blocks, refused)
    except ModbusError:
        yield reading("nadi_generator", {"up": 0}, env.time_ns(), generator=env.device)
        raise
    yield reading("nadi_generator", {"up": 1, **registers.fields(read)}, env.time_ns(), generator=env.device)
    if refused:
        more = f"; and {len(refused) - _MOST_TOLD} more" if len(refused) > _MOST_TOLD else ""
        raise ModbusError(
            f"{config.host}:{config.port}: refused: {'; '.join(refused[:_MOST_TOLD])}{more}; "
            f"mark them optional in a map of its own (map = {config.map!r})"
        )


def _asked(client: ModbusTcpClient, config: Config, blocks: list[Block], refused: list[str]) -> _Read:
    """Return what all blocks give; what the controller refuses is told in ``refused``."""
    from pymodbus.exceptions import ModbusException

    deadline = time.monotonic() + _WHOLE * config.timeout
    read: _Read = []
    try:
        if not client.connect():  # type: ignore[no-untyped-call]
            raise ModbusError(f"{config.host}:{config.port}: no connection; is Modbus TCP enabled on the controller?")
        for block in blocks:
            read += _block(client, config, block, refused, deadline)
    except (ModbusException, OSError) as error:
        raise ModbusError(f"{config.host}:{config.port}: unit {config.unit}: {_first_line(error)}") from error
    finally:
        client.close()  # type: ignore[no-untyped-call]
    return read


def _client(config: Config) -> ModbusTcpClient:
    try:
        from pymodbus.client import ModbusTcpClient
    except ImportError as error:
        raise ModbusError("pymodbus is not installed; install the extra: pip install 'nadi[agent,modbus]'") from error
    logging.getLogger("pymodbus.logging").addHandler(logging.NullHandler())  # what it would say is in the exception
    return ModbusTcpClient(config.host, port=config.port, timeout=config.timeout, retries=0)


def _block(client: ModbusTcpClient, config: Config, block: Block, refused: list[str], deadline: float) -> _Read:
    """Read a block; where the controller refuses it, its rows one by one."""
    try:
        return registers.values(block, _words(client, config, block, deadline))
    except _RefusedError as error:
        if len(block.rows) > 1:
            return [item for one in registers.alone(block) for item in _block(client, config, one, refused, deadline)]
        (row,) = block.rows
        if not row.optional:
            refused.append(f"register {row.address} (function {row.function}, {row.field}): {error}")
        return []


def _words(client: ModbusTcpClient, config: Config, block: Block, deadline: float) -> list[int]:
    if time.monotonic() > deadline:
        raise ModbusError(f"{config.host}:{config.port}: too slow: not all read within {_WHOLE * config.timeout:g} s")
    ask = {
        1: client.read_coils,
        2: client.read_discrete_inputs,
        3: client.read_holding_registers,
        4: client.read_input_registers,
    }[block.function]
    answer = ask(block.address, count=block.size, device_id=config.unit)
    if answer.isError():
        error = _RefusedError(answer.exception_code)
        if answer.exception_code not in _OF_REGISTERS:
            raise ModbusError(f"{config.host}:{config.port}: unit {config.unit}: {error}; look at unit")
        raise error
    words = [int(bit) for bit in answer.bits[: block.size]] if block.function < 3 else list(answer.registers)
    if len(words) != block.size:
        raise ModbusError(
            f"{config.host}:{config.port}: {block.size} registers from {block.address} asked for, {len(words)} given"
        )
    return words


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
