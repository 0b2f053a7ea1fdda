"""Which series of one measurement a device has: its sensors, its backups' volumes, sealed or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from agent.envelope import inflate
from agent.reading import LineError, read_series, series_key
from collector.ledger.columns import Series
from collector.ledger.lines import MAX_DECODED
from collector.ledger.readings import Readings

MOST_NAMES = 512
"""Series of one measurement of a device; of more the first in order of name are told."""

_KEPT = 256
_KEY = re.compile(rb"^(nadi_[a-z_]+),(?:[^ \\\n]|\\.)+", re.MULTILINE)


class Names:
    """Tells the series' names, and remembers what it read of the days that are not sealed. For one thread at a time."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings
        self._open: dict[tuple[str, str, str, date], tuple[int, frozenset[str]]] = {}

    def series(self, *, source: str, device: str, measurement: str, start_ns: int, end_ns: int) -> list[Series]:
        """Return the series with readings in ``[start_ns, end_ns)``, or on a sealed day which that touches."""
        zone, archive = self._readings.journal.zone, self._readings.archive
        first, last = zone.day(start_ns), zone.day(end_ns - 1)
        sealed = archive.series_of(source=source, device=device, measurement=measurement, first=first, last=last)
        keys = {item.key for item in sealed}
        for day in self._unsealed(device, first, last):
            keys |= self._of_day(source, device, measurement, day)
        return [Series(source, device, key) for key in sorted(keys)[:MOST_NAMES]]

    def _unsealed(self, device: str, first: date, last: date) -> Iterator[date]:
        """Yield the days of which the journal holds more than the seals."""
        journal, archive = self._readings.journal, self._readings.archive
        days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        newest = {day: id for day, id in journal.last_ids(device, days).items() if id}
        for day, id in newest.items():
            upto = max((seal.upto_id for seal in archive.seals(day=day) if seal.journal == journal.id), default=0)
            if id > upto:
                yield day

    def _of_day(self, source: str, device: str, measurement: str, day: date) -> frozenset[str]:
        journal = self._readings.journal
        upto_id = journal.last_ids(device, [day])[day]
        after_id, names = self._open.get((source, device, measurement, day), (0, frozenset[str]()))
        if upto_id > after_id:
            start_ns, end_ns = journal.zone.day_start(day), journal.zone.day_start(day + timedelta(days=1))
            rows = journal.rows(device=device, start_ns=start_ns, end_ns=end_ns, after_id=after_id, upto_id=upto_id)
            texts = (inflate(row.body, MAX_DECODED) for row in rows if row.agent == source)
            names |= frozenset(key for text in texts for key in _keys(text, measurement))
            if len(self._open) >= _KEPT:
                self._open.clear()
            self._open[source, device, measurement, day] = upto_id, frozenset(sorted(names)[:MOST_NAMES])
        return names


def _keys(text: bytes, measurement: str) -> Iterator[str]:
    wanted = measurement.encode()
    if wanted + b"," not in text:
        return
    for match in _KEY.finditer(text):
        if match[1] == wanted:
            try:
                yield series_key(*read_series(match[0].decode()))
            except (LineError, UnicodeDecodeError):
                continue  # an odd line, which ingest did not store as a reading
