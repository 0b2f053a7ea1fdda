"""Limits and enumerations of the boards: one constant each, for panels, alert rules and the manual.

The limits of the report stand in ``collector/judge/case.py`` too; a test holds that both are equal.
"""

from __future__ import annotations

from typing import NamedTuple

GREY = "#808080"
"""Unknown: neither green nor red."""

Steps = tuple[tuple[float | None, str], ...]
"""Colours from a value on, the first without a value."""

PLAIN: Steps = ((None, "text"),)


class Word(NamedTuple):
    """What a number means, and its colour."""

    text: str
    colour: str


States = dict[int, Word]

UTILISATION_LOW, UTILISATION_ATTENTION, UTILISATION_FULL = 0.3, 0.7, 0.9
AT_LIMIT = 0.05
COVERAGE_LEAST, COVERAGE_FIRM, COVERAGE_BOUNDS = 0.75, 0.9, 0.99


def rising(warn: float, bad: float) -> Steps:
    """Return the colours of a value that is better small."""
    return ((None, "green"), (warn, "yellow"), (bad, "red"))


def falling(bad: float, warn: float) -> Steps:
    """Return the colours of a value that is better large."""
    return ((None, "red"), (bad, "yellow"), (warn, "green"))


NONE_RED: Steps = ((None, "green"), (1, "red"))
NONE_YELLOW: Steps = ((None, "green"), (1, "yellow"))
UTILISATION: Steps = (
    (None, "blue"),
    (UTILISATION_LOW, "green"),
    (UTILISATION_ATTENTION, "yellow"),
    (UTILISATION_FULL, "red"),
)
CEILING: Steps = ((None, "green"), (AT_LIMIT, "red"))
COVERAGE: Steps = (
    (None, "red"),
    (COVERAGE_LEAST, "orange"),
    (COVERAGE_FIRM, "yellow"),
    (COVERAGE_BOUNDS, "green"),
)
LOSS = rising(0.01, 0.05)
ROUND_TRIP = rising(0.08, 0.2)
PROCESSOR = rising(0.8, 0.95)
MEMORY = rising(0.85, 0.95)
DISK_FULL = 0.9
DISK = rising(0.8, DISK_FULL)
BUSY = rising(0.7, 0.9)
ROOM_CELSIUS = rising(27, 32)
UPS_LOAD = rising(0.7, 0.9)
UPS_SECONDS = falling(600, 1200)
UPS_CHARGE = falling(0.5, 0.9)
FUEL = falling(0.25, 0.5)
TRANSFER = rising(0.8, 1.0)
SPARE_SECONDS = falling(60, 300)
BACKUP = rising(1.0, 1.5)
CONTRACT_DAYS = falling(30, 90)
CERTIFICATE_DAYS = falling(7, 30)
CLOCK_SECONDS = rising(1, 5)
POLL_SECONDS = rising(30, 50)
BIN_AGE_SECONDS = rising(480, 900)
AGENT_SECONDS = rising(300, 600)
SINK_SECONDS = rising(120, 600)
OWN_BACKUP_SECONDS = rising(26 * 3600, 48 * 3600)
SPOOL = rising(0.5, 0.8)
SIGNATURE_SECONDS = 7 * 86400
BATTERY_DAYS = 1095
TEST_DAYS = 92
DUE_HOURS = falling(0, 4)
"""What is left until something is due; negative is overdue."""

DUE_DAYS = falling(0, 7)
KEPT = falling(0.9, 0.95)
AVAILABLE = falling(0.98, 0.99)

LINK: States = {
    0: Word("Mati", "red"),
    1: Word("Hidup", "green"),
    2: Word("Terganggu", "orange"),
    3: Word("Tidak diketahui", GREY),
    4: Word("Pemeliharaan", "blue"),
    5: Word("Pemutusan sementara", "purple"),
}
EVALUATION: States = {
    0: Word("DATA TIDAK CUKUP", GREY),
    1: Word("RENDAH", "blue"),
    2: Word("WAJAR", "green"),
    3: Word("PERLU PERHATIAN", "yellow"),
    4: Word("JENUH", "red"),
}
COPY: States = {
    0: Word("Tidak ada", "red"),
    1: Word("Baik", "green"),
    2: Word("Terlambat", "yellow"),
    3: Word("Kritis", "red"),
    4: Word("Tidak diketahui", GREY),
}
REPORT: States = {
    0: Word("Belum ditutup", GREY),
    1: Word("Draf", "yellow"),
    2: Word("Diperiksa", "yellow"),
    3: Word("Disahkan", "blue"),
    4: Word("Disampaikan", "green"),
}
LIMIT: States = {0: Word("Berbeda", "red"), 1: Word("Sesuai", "green"), 2: Word("Tidak terbaca", GREY)}
UPS: States = {
    0: Word("Mati", "red"),
    1: Word("Listrik PLN", "green"),
    2: Word("Baterai", "orange"),
    3: Word("Baterai lemah", "red"),
    4: Word("Bypass", "yellow"),
    5: Word("Tidak diketahui", GREY),
}
ATS: States = {0: Word("Tidak ada sumber", "red"), 1: Word("PLN", "green"), 2: Word("Genset", "orange")}
TROUBLE: States = {0: Word("Tidak", "green"), 1: Word("Ya", "red")}
GOOD: States = {0: Word("Gagal", "red"), 1: Word("Baik", "green")}
VALID: States = {0: Word("Tidak sah", GREY), 1: Word("Sah", "green")}
ALIVE: States = {0: Word("Mati", "red"), 1: Word("Hidup", "green")}
PRESENT: States = {0: Word("Tidak ada", "red"), 1: Word("Ada", "green")}
PROTECTED: States = {
    0: Word("Belum terlindung", "red"),
    1: Word("Terlindung", "green"),
    2: Word("Tidak diketahui", GREY),
}
AUTOMATIC: States = {0: Word("Manual", "red"), 1: Word("Otomatis", "green")}
YES: States = {0: Word("Tidak", "#37474f"), 1: Word("Ya", "blue")}
