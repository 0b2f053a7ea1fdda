"""Plain text for the terminal: tables, rates, and the live state as the API tells it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

UNKNOWN = "-"


def width(text: str) -> int:
    """Return how many cells of a terminal ``text`` takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Lay out rows under a header; the columns numbered in ``right`` are aligned to the right."""
    lines = [header, *([plain(cell) for cell in row] for row in rows)]
    widths = [max(width(line[i]) for line in lines) for i in range(len(header))]

    def laid(line: Sequence[str]) -> str:
        cells = []
        for i, cell in enumerate(line):
            blanks = " " * (widths[i] - width(cell))
            cells.append(blanks + cell if i in right else cell + blanks)
        return "  ".join(cells).rstrip()

    return [laid(line) for line in lines]


def plain(text: str) -> str:
    """Return text without what a terminal would obey."""
    return "".join(char if char.isprintable() else "?" for char in text)


def mbps(rate: float | None) -> str:
    """Write bit/s as Mbps with two decimals; unknown is ``-``, and a little that would round to nothing ``<0.01``."""
    if rate is None:
        return UNKNOWN
    return "<0.01" if 0 < rate < 5000 else f"{_rounded(rate / 1e6, '0.01')}"


def percent(ratio: float | None) -> str:
    """Write a ratio in percent with one decimal; unknown is ``-``."""
    return UNKNOWN if ratio is None else f"{_rounded(ratio * 100, '0.1')} %"


def _rounded(value: float, step: str) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal(step), rounding=ROUND_HALF_UP)


def status_lines(status: dict[str, Any]) -> list[str]:
    """Return the live state (the JSON of /api/v1/status) as lines."""
    head = f"{status['region'] or 'Nadi'}  {status['now']}  open bin since {status['open_bin'][11:16]}"
    if status["label"]:
        head += f"  [{status['label']}]"
    rows = []
    for opd in status["opds"]:
        unduh, unggah = opd["unduh"], opd["unggah"]
        ages = [flow["age_seconds"] for flow in (unduh, unggah)]
        age = UNKNOWN if None in ages else f"{max(ages):.0f} s"
        rows.append(
            [
                *(opd["code"], opd["name"], opd["state"]),
                *(mbps(unduh["rate_bps"]), mbps(unduh["allocation_bps"]), percent(unduh["utilisation"])),
                *(mbps(unggah["rate_bps"]), mbps(unggah["allocation_bps"]), percent(unggah["utilisation"])),
                *(percent(min(unduh["open_share"], unggah["open_share"])), age),
            ]
        )
    header = ["OPD", "name", "state", "unduh*", "alloc", "util*", "unggah*", "alloc", "util*", "open bin", "age"]
    lines = [head, "", *table(header, rows, right=range(3, 11))]
    for item in status["findings"] or ():
        told = [item["rule"], item["object"], item["direction"], _amount(item["value"], item["unit"])]
        lines.append(f"finding: {' '.join(part for part in told if part)}")
    lines += power_lines(status["power"])
    lines += ["", "Mbps; * langsung: from the last valid delta, no figure of the report; - is unknown, not zero"]
    return [plain(line) for line in lines]


def _amount(value: float | None, unit: str) -> str:
    """Write the value of a finding in its unit."""
    if value is None:
        return ""
    if unit == "1":
        return percent(value)
    return f"{mbps(value)} Mbps" if unit == "bit/s" else f"{value:.0f} {unit}"


def power_lines(power: dict[str, Any]) -> list[str]:
    """Return UPSes, transfer switches and sensors (the JSON of /api/v1/power) as lines; none where there are none."""
    rows = []
    for kind in ("ups", "ats", "sensors"):
        for item in power[kind]:
            code = f"{item['code']}/{item['sensor']}" if item.get("sensor") else item["code"]
            values = [f"{title} {write(item[name])}" for name, title, write in _VALUES if item.get(name) is not None]
            seen = item["seen_at"][11:19] if item["seen_at"] else UNKNOWN
            rows.append([code, item["name"], item["state"], seen, ", ".join(values) or UNKNOWN])
    rows += [_part_row(item) for item in power["parts"] if item["state"] == "alarm"]
    rows += [_circuit_row(item) for item in power["circuits"] if item["state"] == "alarm" or _loaded(item)]
    return ["", *table(["power", "name", "state", "seen", "values"], rows)] if rows else []


def _part_row(item: dict[str, Any]) -> list[str]:
    values = ", ".join(f"{name} {value:g}" for name, value in item["values"].items() if name not in ("ok", "code"))
    return [f"{item['code']}/{item['sensor']}", item["name"], item["state"], item["seen_at"][11:19], values or UNKNOWN]


def _loaded(item: dict[str, Any]) -> bool:
    flows = (item["current_amperes"], item["power_watts"])
    return item["load_ratio"] is not None or (item["outlet_on"] is None and flows != (None, None))


def _circuit_row(item: dict[str, Any]) -> list[str]:
    values = [f"{title} {write(item[name])}" for name, title, write in _FLOWS if item[name] is not None]
    code = f"{item['code']}/{item['circuit']}"
    return [code, item["name"], item["state"], item["seen_at"][11:19], ", ".join(values) or UNKNOWN]


_FLOWS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("load_ratio", "load", percent),
    ("current_amperes", "current", lambda value: f"{value:.1f} A"),
    ("power_watts", "power", lambda value: f"{value:.0f} W"),
)


_COVERS = ("ups", "generator", "backup", "tape", "restore_test")


def centre_lines(centre: dict[str, Any] | None) -> list[str]:
    """Return the matrix server x protection (the JSON of /api/v1/datacentre) as lines; none where there is none."""
    rows = []
    for item in centre["servers"] if centre else ():
        known = {True: "yes", False: "no", None: UNKNOWN}[item["protected"]]
        why = "; ".join(dict.fromkeys(reason["reason"] for reason in item["reasons"]))
        cells = [item[name] for name in _COVERS]
        rows.append([item["code"], item["name"], item["role"], known, *cells, (item["since"] or UNKNOWN)[:16], why])
    if not rows:
        return []
    header = ["server", "name", "role", "protected", "UPS", "generator", "backup", "tape", "restore test"]
    return ["", *table([*header, "since", "why not"], rows)]


def _flag(value: bool) -> str:
    return "yes" if value else "no"


_VALUES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("battery_charge_ratio", "charge", percent),
    ("battery_runtime_seconds", "runtime", lambda value: f"{value:.0f} s"),
    ("load_ratio", "load", percent),
    ("input_voltage_volts", "input", lambda value: f"{value:.1f} V"),
    ("replace_battery", "replace battery", _flag),
    ("mains_present", "mains", _flag),
    ("temperature_celsius", "temperature", lambda value: f"{value:.1f} C"),
    ("humidity_ratio", "humidity", percent),
    ("water_detected", "water", _flag),
    ("smoke_detected", "smoke", _flag),
    ("door_open", "door open", _flag),
)


def evaluation_lines(found: dict[str, Any]) -> list[str]:
    """Return an evaluation (the JSON of /api/v1/evaluations) as lines."""
    until = f", up to {found['until']}" if found["until"] else ""
    label = f"  [{found['label']}]" if found["label"] else ""
    rows = [
        [
            *(opd["code"], opd["name"], mbps(opd["allocation_down_bps"]), mbps(opd["allocation_up_bps"])),
            *(mbps(opd["unduh"]["mean_bps"]), mbps(opd["unggah"]["mean_bps"])),
            *(mbps(opd["unduh"]["p95_bps"]), mbps(opd["unggah"]["p95_bps"])),
            *(percent(opd["utilisation"]), percent(opd["at_limit"]), percent(opd["coverage"])),
            (opd["status"] or UNKNOWN) + (" (indikatif)" if opd["indicative"] else ""),
        ]
        for opd in found["opds"]
    ]
    header = ["OPD", "name", "alloc D", "alloc U", "mean D", "mean U", "P95 D", "P95 U", "util", "at limit", "coverage"]
    lines = [f"{found['region']}  {found['month']}{until}  {found['method']}{label}", ""]
    return [*lines, *table([*header, "status"], rows, right=range(2, 11)), "", "D unduh, U unggah, Mbps; - is unknown"]
