"""What a UPS says becomes fields of nadi_ups, by whatever protocol it says it. Pure: no clock, no network."""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from datetime import date

from agent.ranges import impossible

LINE, BATTERY, BYPASS, OFF, BOOST, TRIM, ECO, TEST = range(1, 9)
"""What carries the load, the field ``status`` of nadi_ups."""
STALE, NO_DRIVER, NO_SERVER, NO_UPS, REFUSED, NOT_UNDERSTOOD = range(1, 7)
"""Why nothing is known, the field ``cause`` of nadi_ups."""

_FLAGS = {"low_battery": "LB", "replace_battery": "RB", "overload": "OVER"}
_TELLING = frozenset(("OL", "OB", "OFF", "BYPASS"))
_NO_DATA = frozenset((-1, -273, 655.35, 6553.5, 65535, 2147483647, 4294967295))
_NUMBER = re.compile(r"([+-]?\d{1,15})(?:\.(\d{1,9}))?", re.ASCII)
_DAY_S = 86_400


class UpsError(Exception):
    """Nothing is known of a UPS, for ``cause``; the message names it, its server and the mend."""

    def __init__(self, cause: int, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def add_implied(fields: dict[str, int | float]) -> None:
    """Add what ``status`` implies, where the device does not say it by itself."""
    status = fields.get("status")
    if status is None:
        return
    fields.setdefault("on_battery", int(status in (BATTERY, TEST)))
    fields.setdefault("on_bypass", int(status == BYPASS))
    fields.setdefault("output_off", int(status == OFF))


def from_words(words: Collection[str]) -> dict[str, int | float]:
    """Return the states that the words of NUT's ``ups.status`` tell; words that contradict each other tell nothing.

    Words: NUT developer guide, "Status data".
    """
    if not _TELLING & set(words):
        return {}
    fields: dict[str, int | float] = {field: int(word in words) for field, word in _FLAGS.items()}
    status = _carrier(words)
    if status is not None:
        fields["status"] = status
        add_implied(fields)
    return fields


def _carrier(words: Collection[str]) -> int | None:
    """Return what carries the load; None where that is not certain."""
    if "OFF" in words:
        return OFF
    line, battery = "OL" in words, "OB" in words
    if line and battery:
        return None
    if battery:
        if "BYPASS" in words:
            return None
        return TEST if "CAL" in words else BATTERY
    # A calibration runs on the battery; and some units say "OL DISCHRG" when the mains has failed (usbhid-ups(8),
    # onlinedischarge), others when they do not.
    if "CAL" in words or "DISCHRG" in words:
        return None
    if "BYPASS" in words:
        return BYPASS
    special = [state for word, state in (("BOOST", BOOST), ("TRIM", TRIM), ("ECO", ECO)) if word in words]
    return special[0] if len(special) == 1 else LINE


def measured(
    measurement: str,
    field: str,
    text: str,
    *,
    times: int = 1,
    divided_by: int = 1,
    no_data: Collection[int] = (),
    most: float | None = None,
) -> float | None:
    """Return the number that ``text`` gives for a field, exactly scaled; None for words, sentinels, impossible values.

    ``no_data`` are sentinels beside the usual ones, unscaled; ``most`` is a bound narrower than ``agent.ranges``.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return None
    # Whole numbers divided once round correctly, and cost no package of exact numbers.
    digits = match[2] or ""
    raw, unit = int(match[1] + digits), 10 ** len(digits)
    if raw / unit in _NO_DATA or raw / unit in no_data:
        return None
    value = raw * times / (unit * divided_by)
    return None if impossible(measurement, field, value, None, most) else value


_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T].*)?", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?:[ T].*)?", re.ASCII)


def day(text: str, *, month_first: bool, now_s: float) -> float | None:
    """Return the Unix time at which a date of this host begins; None where it is no date, ambiguous or absurd.

    A date with its year last is read month first where that is the maker's way (APC's PowerNet-MIB: mm/dd/yy), else
    only when one reading is possible. Absurd is before 2000 and after tomorrow.
    """
    text = text.strip()
    first, last = _YEAR_FIRST.fullmatch(text), _YEAR_LAST.fullmatch(text)
    if first is not None:
        found = {_midnight(*map(int, first.groups()))}
    elif last is not None:
        one, two, year = map(int, last.groups())
        year += 2000 if year < 100 else 0
        found = {_midnight(year, one, two)} | (set() if month_first else {_midnight(year, two, one)})
    else:
        return None
    possible = [at for at in found if at is not None and at <= now_s + _DAY_S]
    return possible[0] if len(possible) == 1 else None


def _midnight(year: int, month: int, day: int) -> float | None:
    if not 2000 <= year <= 2100:
        return None
    try:
        date(year, month, day)
    except ValueError:
        return None
    return time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))


_LONGEST = 200


def label(text: str) -> str:
    """Return ``text`` as a tag's value: what can be printed, at most 200 characters, without blanks around it."""
    return "".join(char for char in text if char.isprintable()).strip()[:_LONGEST].strip()
