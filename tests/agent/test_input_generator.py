"""A generator's controller behind a real Modbus TCP server; stand-ins for what is no Modbus."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.config import ConfigError
from agent.gather import look
from agent.inputs import generator
from agent.modbus import registers
from agent.reading import decode, encode
from agent.source import Env
from tests.agent.modbus_server import Controller, Words
from tests.agent.nutd import free_port
from tests.agent.stand_in import StandIn

PAGE_4 = [400, 65486, 32767, 75, 65535, 271, 1500, 500, 0, 2305]
DSE: Words = {772: [1], 1024: PAGE_4, 1536: [0, 12345], 1558: [455], 1798: [1, 2, *[0] * 8, 0, 321]}
READ = {
    **{"up": 1, "auto_mode": 1, "oil_pressure_pascals": 400_000, "coolant_celsius": -50, "fuel_ratio": 0.75},
    **{"battery_voltage_volts": 27.1, "engine_rpm": 1500, "running": 1, "output_frequency_hertz": 50},
    **{"output_voltage_volts": 230.5, "load_watts": 12345, "load_ratio": 0.455, "run_seconds_total": 65538},
    "starts_total": 321,
}


def turn(port: int, **more: object) -> tuple[dict[str, int | float], str]:
    """Return the fields of one turn, sent over the wire and back, and its failure."""
    clock, found, error = SystemClock(), [], ""
    config = generator.Config(host="127.0.0.1", port=port, timeout=1.0, **more)  # type: ignore[arg-type]
    try:
        for item in generator.collect(config, Env("genset-1", look(clock), clock)):
            found.append(item)
    except generator.ModbusError as failed:
        error = str(failed)
    back, bad = decode(encode(found))
    assert bad == []
    assert all(dict(item.tags) == {"generator": "genset-1"} for item in back)
    return dict(back[0].fields) if back else {}, error


def test_a_deep_sea_controller_reads_in_few_requests() -> None:
    with Controller(DSE) as server:
        assert turn(server.port) == (READ, "")
        assert server.requests == 5


def changed(address: int, *words: int) -> Words:
    """Return the registers with some of them changed."""
    start = max(at for at in DSE if at <= address)
    page = list(DSE[start])
    page[address - start : address - start + len(words)] = words
    return {**DSE, start: page}


@pytest.mark.parametrize(
    ("address", "words", "lost"),
    [
        (1024, (0xFFFC,), {"oil_pressure_pascals"}),
        (1024, (10_001,), {"oil_pressure_pascals"}),
        (1025, (0x7FFF,), {"coolant_celsius"}),
        (1025, (0x7FFC,), {"coolant_celsius"}),
        (1025, (201,), {"coolant_celsius"}),
        (1027, (0xFFFF,), {"fuel_ratio"}),
        (1027, (130,), {"fuel_ratio"}),
        (1029, (0xFFFD,), {"battery_voltage_volts"}),
        (1029, (401,), {"battery_voltage_volts"}),
        (1030, (0xFFFF,), {"engine_rpm", "running"}),
        (1030, (6001,), {"engine_rpm", "running"}),
        (1031, (5,), {"output_frequency_hertz"}),
        (1032, (0xFFFF, 0xFFFF), {"output_voltage_volts"}),
        (1032, (1, 0), {"output_voltage_volts"}),
        (1536, (0x7FFF, 0xFFFC), {"load_watts"}),
        (1558, (0x7FFF,), {"load_ratio"}),
        (1798, (0xFFFF, 0xFFFF), {"run_seconds_total"}),
        (1798, (0xFFFF, 0xFFF8), {"run_seconds_total"}),
        (1808, (0xFFFF, 0xFFFF), {"starts_total"}),
    ],
)
def test_a_sentinel_or_an_impossible_word_is_unknown(address: int, words: tuple[int, ...], lost: set[str]) -> None:
    with Controller(changed(address, *words)) as server:
        fields, error = turn(server.port)
    assert error == ""
    assert fields == {key: value for key, value in READ.items() if key not in lost}


@pytest.mark.parametrize(("rpm", "running"), [(0, 0), (220, None), (399, None), (400, 1), (1500, 1)])
def test_an_engine_that_a_starter_turns_is_not_known_to_run(rpm: int, running: int | None) -> None:
    with Controller(changed(1030, rpm)) as server:
        assert turn(server.port)[0].get("running") == running


@pytest.mark.parametrize(("mode", "auto"), [(0, 0), (1, 1), (2, 0), (3, 0), (4, 1), (5, None), (7, 0), (65535, None)])
def test_only_an_automatic_mode_starts_by_itself(mode: int, auto: int | None) -> None:
    with Controller({**DSE, 772: [mode]}) as server:
        assert turn(server.port)[0].get("auto_mode") == auto


def test_a_model_without_power_and_counters_gives_the_rest_without_a_fault() -> None:
    with Controller({772: [1], 1024: PAGE_4}) as server:
        fields, error = turn(server.port)
    assert error == ""
    assert fields.keys() == READ.keys() - {"load_watts", "load_ratio", "run_seconds_total", "starts_total"}


def test_a_refused_register_is_named_and_the_others_are_read() -> None:
    with Controller({1024: PAGE_4[:7], 1798: [1, 2], 1808: [0, 321]}) as server:
        fields, error = turn(server.port)
    assert fields["oil_pressure_pascals"] == 400_000
    assert fields["starts_total"] == 321
    assert "register 772 (function 3, auto_mode): exception 2 (illegal data address)" in error
    assert "register 1032 (function 3, output_voltage_volts)" in error
    assert "1024" not in error


OWN = """\
name = "panel"
extends = "dse-gencomm"
no_data = { u16 = [9999] }
row = [
  { field = "carrying_load", address = 7, function = 1, type = "bit" },
  { field = "alarms", address = 3, function = 4, type = "u16" },
  { field = "load_watts", address = 4, function = 4, type = "s32", low_first = true, times = 100 },
  { field = "mains_present", address = 0, function = 2, type = "bit", inverted = true },
  { field = "mains_present", address = 6, function = 4, type = "bit", bit = 9 },
]
"""


def own(tmp_path: Path, text: str = OWN) -> str:
    path = tmp_path / "panel.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(("lost", "bit", "mains"), [(0, 1, 1), (0, 0, 0), (1, 1, 0), (1, 0, 0)])
def test_an_own_map_reads_bits_and_input_registers_of_every_kind(
    tmp_path: Path, lost: int, bit: int, mains: int
) -> None:
    inputs = {0: [0, 0, 0, 4, 0xFF38, 0xFFFF, bit << 9 | 0b1_0110]}
    with Controller(DSE, inputs=inputs, coils={0: [0, 0, 0, 0, 0, 0, 0, 1]}, discrete={0: [lost, 1]}) as server:
        fields, error = turn(server.port, map=own(tmp_path))
    assert error == ""
    told = {"carrying_load": 1, "alarms": 4, "load_watts": -20_000, "mains_present": mains}
    assert fields == {**READ, **told}


def test_a_state_of_several_registers_is_unknown_when_one_is() -> None:
    assert registers.fields([("mains_present", 1), ("mains_present", None)]) == {}
    assert registers.fields([("mains_present", None), ("mains_present", 0)]) == {"mains_present": 0}
    assert registers.fields([("mains_present", 1), ("mains_present", 1)]) == {"mains_present": 1}


def test_every_map_of_ours_loads() -> None:
    assert registers.shipped() == ["dse-gencomm"]
    for name in registers.shipped():
        assert sum(block.size for block in registers.blocks(registers.load(name))) < 200


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('field = "rpm", address = 1, type = "u16"', "no field of nadi_generator; there are: alarms"),
        ('field = "up", address = 1, type = "u16"', "no field of"),
        ('field = "engine_rpm", address = 1, type = "u17"', "u17"),
        ('field = "engine_rpm", address = 70000, type = "u16"', "address is 0 to 65535"),
        ('field = "engine_rpm", address = 1, type = "u16", function = 6', "function 1, 2, 3 or 4"),
        ('field = "engine_rpm", address = 1, type = "u16", function = 1', 'set type = "bit"'),
        ('field = "running", address = 1, type = "u16"', "needs one of states"),
        ('field = "engine_rpm", address = 1, type = "bit"', "needs one of states"),
        ('field = "running", address = 1, type = "u16", on_at_least = 4', "go together"),
        ('field = "running", address = 1, type = "u16", states = { 1 = 2 }', "into 0 or 1"),
        ('field = "running", address = 1, type = "u16", states = { on = 1 }', "into 0 or 1"),
        ('field = "engine_rpm", address = 1, type = "u16", divided_by = 0', "at least 1"),
        (
            'field = "engine_rpm", address = 1, type = "u16" }, { field = "engine_rpm", address = 2, type = "u16"',
            "only a",
        ),
    ],
)
def test_a_mistake_in_a_map_names_its_place(tmp_path: Path, row: str, words: str) -> None:
    path = own(tmp_path, f'name = "x"\nrow = [{{ {row} }}]\n')
    with pytest.raises(ConfigError, match=words) as failed:
        registers.load(path)
    assert path in str(failed.value)


def test_a_map_that_is_not_there_is_a_mistake_of_the_configuration() -> None:
    with pytest.raises(ValueError, match="neither one of dse-gencomm nor the absolute path"):
        generator.Config(host="127.0.0.1", map="comap")


def test_a_controller_that_is_gone_is_not_up() -> None:
    fields, error = turn(free_port())
    assert fields == {"up": 0}
    assert "is Modbus TCP enabled" in error


def test_a_unit_that_is_not_there_is_said_so() -> None:
    with Controller(DSE) as server:
        fields, error = turn(server.port, unit=9)
    assert fields == {"up": 0}
    assert "unit 9" in error


def babbles(peer: socket.socket) -> None:
    peer.recv(100)
    while True:
        peer.sendall(b"\xff" * 4096)


def drips(peer: socket.socket) -> None:
    while True:
        peer.sendall(b"\0")
        time.sleep(0.05)


def short(peer: socket.socket) -> None:
    while asked := peer.recv(100):
        peer.sendall(asked[:4] + b"\0\5\1\3\2\0\1")


@pytest.mark.parametrize("speak", [babbles, drips, short, lambda peer: peer.recv(100), lambda peer: time.sleep(1.5)])
def test_a_stand_in_that_is_no_controller_gives_no_value(speak: Callable[[socket.socket], object]) -> None:
    stand_in = StandIn(speak)
    begun = time.monotonic()
    fields, error = turn(stand_in.port)
    took = time.monotonic() - begun
    stand_in.close()
    assert fields == {"up": 0}
    assert f"127.0.0.1:{stand_in.port}" in error
    assert took < 5


def test_without_pymodbus_the_input_names_the_extra_and_the_rest_of_the_agent_runs() -> None:
    program = (
        "import sys\nsys.modules['pymodbus'] = None\n"
        "from agent.clock import SystemClock\nfrom agent.gather import Gatherer, look\n"
        "from agent.source import Input, Target\nimport agent.main\nfrom agent.inputs import generator\n"
        "clock = SystemClock()\nsource = Input('generator', generator.Config(host='127.0.0.1'), generator.collect)\n"
        "print(Gatherer(clock).device(Target('g', (source,)), look(clock)).decode())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("nadi_input,device=g,input=generator up=0i")
    assert "pip install 'nadi[agent,modbus]'" in done.stderr
