"""What is physically possible, by field and by unit; a value outside is unknown.

Wide on purpose: a bound here must hold for every device (a freezer at -25 degC, an overloaded UPS); a table narrows it.
"""

from __future__ import annotations

from agent.catalogue import RAW

_FIELDS: dict[str, tuple[float, float]] = {
    "load_ratio": (0, 3),
    "input_voltage_volts": (0, 600),
    "output_voltage_volts": (0, 600),
    "bypass_voltage_volts": (0, 600),
    "input_frequency_hertz": (30, 80),
    "output_frequency_hertz": (30, 80),
    "bypass_frequency_hertz": (30, 80),
    "time_on_battery_seconds": (0, 30 * 86400),
    "battery_runtime_seconds": (0, 30 * 86400),
    "battery_voltage_volts": (0, 1000),
    "battery_temperature_celsius": (-40, 100),
    "ambient_temperature_celsius": (-40, 100),
}
_UNITS: dict[str, tuple[float, float]] = {
    "degC": (-100, 250),
    "0-1": (0, 1),
    "V": (-2000, 50_000),
    "A": (-10_000, 10_000),
    "W": (-10_000_000, 10_000_000),
    "Wh": (0, 1e15),
    "Hz": (30, 500),
    "dBm": (-150, 60),
    "dB": (-150, 150),
    "rpm": (0, 100_000),
    "unix s": (946_684_800, 4_102_444_800),
}
_MAY_BE_ZERO = frozenset({"Hz"})
"""A dead input has 0 Hz, which is a reading; 5 Hz is a wrong scale, which is not."""


def impossible(measurement: str, field: str, value: float, least: float | None, most: float | None) -> str:
    """Return why ``value`` cannot be, empty when it can; ``least`` and ``most`` are the table's own bounds."""
    declared = RAW[measurement].fields[field]
    low, high = _FIELDS.get(field) or _UNITS.get(declared.unit, (float("-inf"), float("inf")))
    low = low if least is None else least
    high = high if most is None else most
    if declared.kind == "counter":
        low = max(low, 0)
    if low <= value <= high or (value == 0 and declared.unit in _MAY_BE_ZERO and least is None):
        return ""
    return f"{value:g} {declared.unit} is outside {low:g}..{high:g}"
