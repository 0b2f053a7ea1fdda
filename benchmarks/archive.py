"""The archive: octets a sample of sealed days, decoding, one OPD-day opened cold, and 24 hours that come late.

The data are seeded: routers read once a minute with a jitter of a few ms, traffic of office hours with noise, both
counters of one interface. A sample is one field value at one time. Peer in the same run: a plain SQLite table of
rows (series, ts, value), as small as it gets (WITHOUT ROWID, no other index).

``python -m benchmarks.archive [--json FILE] [--opd N] [--runs N]``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from agent.clock import MS, WIB
from agent.reading import encode as encode_lines
from agent.reading import reading
from collector.inventory import Device, Link
from collector.ledger.archive import Archive, Chunk, SealRecord
from collector.ledger.binstore import BinStore
from collector.ledger.chunks import Place, encode
from collector.ledger.columns import Column, Columns, interface_series
from collector.ledger.journal import Entry, Journal, batch_key
from collector.ledger.readings import Readings
from collector.ledger.seal import root_of

FIRST = date(2026, 9, 1)
DAYS = 30
MINUTES = 1440
START_MS = WIB.day_start(FIRST) // MS
BOOT_MS = START_MS - 10**9
BOOT = "01234567-89ab-cdef-0123-456789abcdef"
MONTH_SAMPLES = 500 * DAYS * MINUTES * 2
LATE_DAY = 20


def month_of(opd: int) -> Columns:
    """Make one router's month."""
    rng = np.random.default_rng(opd)
    minute = np.arange(DAYS * MINUTES)
    hour = minute / 60 % 24
    office = 0.15 + np.exp(-(((hour - 11) / 3.5) ** 2))
    top = rng.lognormal(15.2, 1.0) * 60
    grown = [top * share * office * rng.lognormal(0, 0.4, len(minute)) for share in (1.0, 0.25)]
    octets = [np.cumsum(part.astype(np.uint64), dtype=np.uint64) + np.uint64(10**12) for part in grown]
    time_ns = MS * (START_MS + minute * 60_000 + rng.integers(0, 6, len(minute)))
    zero = np.zeros(len(minute), dtype=np.int64)
    # Both clocks are cut to whole ms, so their difference flickers by one.
    boot_ns = time_ns - BOOT_MS * MS - MS * rng.integers(0, 2, len(minute))
    names = ("receive_bytes_total", "transmit_bytes_total")
    fields = {name: Column(values) for name, values in zip(names, octets, strict=True)}
    series = interface_series(source=f"agen-{opd}", device=f"opd-{opd}", interface="ether1")
    return Columns(series, time_ns, zero, zero, (BOOT,), zero, boot_ns, fields)


def write_month(archive: Archive, journal: Journal, opds: int) -> None:
    """Seal a month of ``opds`` routers; of the last one the late day is left out."""
    digests: dict[date, list[bytes]] = {FIRST + timedelta(days=i): [] for i in range(DAYS)}
    for opd in range(opds):
        whole = month_of(opd)
        for i, day in enumerate(digests):
            if (opd, i) == (opds - 1, LATE_DAY):
                continue
            part = whole.take(np.arange(i * MINUTES, (i + 1) * MINUTES))
            place = Place(whole.series, day, 0)
            archive.put([Chunk(place, part.digest(), encode(part, place))])
            digests[day].append(part.digest())
    for day, found in digests.items():
        record = SealRecord(day, 0, journal.id, 0, 1, b"", chained=False)
        record = replace(record, root=root_of(record, found))
        journal.seal(day, 0, record.root)
        archive.record(replace(record, chained=True))


def write_rows(path: Path, opds: int) -> None:
    """Write the same month of a few routers as plain rows."""
    db = sqlite3.connect(path)
    db.execute(
        "CREATE TABLE sample (series INTEGER, ts INTEGER, value INTEGER, PRIMARY KEY (series, ts)) WITHOUT ROWID"
    )
    for opd in range(opds):
        whole = month_of(opd)
        for i, column in enumerate(whole.fields.values()):
            rows = zip(whole.time_ns.tolist(), column.values.tolist(), strict=True)
            db.executemany("INSERT INTO sample VALUES (?,?,?)", ((2 * opd + i, ts, value) for ts, value in rows))
    db.commit()
    db.close()


def late_day(opd: int) -> list[Entry]:
    """Return the late day as a router sends it after a cut: 24 envelopes of an hour."""
    whole = month_of(opd)
    entries = []
    for seq in range(24):
        span = slice(LATE_DAY * MINUTES + seq * 60, LATE_DAY * MINUTES + (seq + 1) * 60)
        times = whole.time_ns[span].tolist()
        counters = zip(*(column.values[span].tolist() for column in whole.fields.values()), strict=True)
        lines = [
            reading(
                "nadi_interface",
                dict(zip(whole.fields, values, strict=True)),
                time_ns,
                device=whole.series.device,
                interface="ether1",
            )
            for time_ns, values in zip(times, counters, strict=True)
        ]
        body = zlib.compress(encode_lines(lines))
        entries.append(
            Entry(
                key=batch_key(whole.series.source, "0" * 16, seq),
                agent=whole.series.source,
                device=whole.series.device,
                run="0" * 16,
                seq=seq,
                boot_id=BOOT,
                wall_ns=times[0],
                boot_ns=times[0] - BOOT_MS * MS,
                received_ns=times[-1],
                shift_ns=0,
                flags=0,
                first_ns=times[0],
                last_ns=times[-1],
                sha256=hashlib.sha256(body).digest(),
                header=b"",
                signature=b"s" * 64,
                body=body,
            )
        )
    return entries


def timed(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """Return the medians of CPU and wall milliseconds of some runs."""
    cpu, wall = [], []
    for _ in range(runs):
        begun, begun_wall = time.process_time(), time.perf_counter()
        work()
        cpu.append(1000 * (time.process_time() - begun))
        wall.append(1000 * (time.perf_counter() - begun_wall))
    return statistics.median(cpu), statistics.median(wall)


class Bench:
    """The files of one run and what is measured on them."""

    def __init__(self, folder: Path, opds: int, runs: int) -> None:
        self.folder, self.opds, self.runs = folder, opds, runs
        self.journal = Journal(folder / "journal.db", zone=WIB, floor_bytes=0)
        self.archive = Archive(folder / "chunks.db", zone=WIB)
        write_month(self.archive, self.journal, opds)
        write_rows(folder / "rows.db", 5)

    def sealed(self) -> dict[str, float]:
        """Octets a sample of file (with hashes, index and pages) and of chunks alone."""
        samples = (self.opds * DAYS - 1) * MINUTES * 2
        with sqlite3.connect(self.folder / "chunks.db") as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (chunks,) = db.execute("SELECT sum(length(blob)) FROM chunk").fetchone()
        rows = (self.folder / "rows.db").stat().st_size / (5 * DAYS * MINUTES * 2)
        size = (self.folder / "chunks.db").stat().st_size
        return {"file": size / samples, "chunks": chunks / samples, "sqlite_rows": rows}

    def decoding(self) -> float:
        """CPU seconds to read 500 OPD-months of both counters (scaled from fewer)."""
        readings = Readings(journal=self.journal, archive=self.archive)
        span = {"start_ns": START_MS * MS, "end_ns": (START_MS + DAYS * MINUTES * 60_000) * MS}

        def read() -> None:
            for opd in range(self.opds - 1):
                found = readings.counter(device=f"opd-{opd}", interface="ether1", source=f"agen-{opd}", **span)
                assert len(found["receive"].octets) == DAYS * MINUTES

        read()
        return timed(read, self.runs)[0] / 1000 / (self.opds - 1) * 500

    def cold_day(self) -> dict[str, tuple[float, float]]:
        """One OPD-day from a file just opened, as arrays."""
        series, day = month_of(0).series, FIRST + timedelta(days=7)
        start_ns = WIB.day_start(day)

        def chunk() -> None:
            archive = Archive(self.folder / "chunks.db", zone=WIB)
            readings = Readings(journal=self.journal, archive=archive)
            found = readings.columns(series, start_ns=start_ns, end_ns=start_ns + 86_400 * 10**9)
            assert found is not None
            assert len(found) == MINUTES
            archive.close()

        def rows() -> None:
            db = sqlite3.connect(self.folder / "rows.db")
            sql = "SELECT ts, value FROM sample WHERE series = ? AND ts >= ? AND ts < ?"
            for number in (0, 1):
                found = db.execute(sql, (number, start_ns, start_ns + 86_400 * 10**9)).fetchall()
                assert np.array(found).shape == (MINUTES, 2)
            db.close()

        return {"chunks": timed(chunk, 15 * self.runs), "sqlite_rows": timed(rows, 15 * self.runs)}

    def late(self) -> dict[str, tuple[float, float]]:
        """24 hours of one OPD that come after the day was sealed: stored (fsync), bins of the days made again."""
        opd = self.opds - 1
        link = Link(
            "l", "o", f"opd-{opd}", "ether1", "receive", "opd", "", "", "", "", "wan", None, None, False, 0, None
        )
        device = Device(link.device, "", "", f"agen-{opd}", "router", 0)
        store = BinStore(journal=self.journal, archive=self.archive, devices={link.device: device})
        days = [FIRST + timedelta(days=LATE_DAY + i) for i in (-1, 0, 1)]
        store.link_span(link, days)
        entries = late_day(opd)
        first = {"stored": timed(lambda: self.journal.append(entries), 1)}
        first["bins"] = timed(lambda: store.link_span(link, days), 1)
        before = store.link_span(link, days)
        first["again"] = timed(lambda: (self.journal.append(entries), store.link_span(link, days)), 1)
        assert all(a.same(b) for a, b in zip(before, store.link_span(link, days), strict=True))
        assert not (before[0].covered_ms[5:-5] < 290_000).any()
        return first


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--opd", type=int, default=40)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), given.opd, given.runs)
        sealed, decoding, day, late = bench.sealed(), bench.decoding(), bench.cold_day(), bench.late()
    merged = late["stored"][0] + late["bins"][0]
    print("| what | Nadi | SQLite rows | goal |\n|---|---|---|---|")
    print(f"| sealed octets a sample (file) | {sealed['file']:.2f} | {sealed['sqlite_rows']:.2f} | 4 |")
    print(f"| sealed octets a sample (chunks) | {sealed['chunks']:.2f} | - | - |")
    print(f"| decode 500 OPD-months, CPU s ({MONTH_SAMPLES / 1e6:.1f} M samples) | {decoding:.2f} | - | < 1.5 |")
    print(f"| one OPD-day, cold, CPU ms | {day['chunks'][0]:.2f} | {day['sqlite_rows'][0]:.2f} | 2 |")
    print(f"| late 24 h of one OPD, stored with fsync and merged, CPU ms | {merged:.1f} | - | 10 |")
    print(f"| the same once more, CPU ms | {late['again'][0]:.1f} | - | - |")
    if given.json:
        figures = {"sealed_octets": sealed, "decode_cpu_s": decoding, "opd_day_ms": day, "late_ms": late}
        given.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
