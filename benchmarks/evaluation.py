"""The monthly evaluation: 500 and 2,000 agencies, 30 days, a reading a minute, both directions.

Four ways to every figure of the month, each in a process of its own: from counter arrays, from bins in memory, from
stored bins, and from sealed chunks (decode included); CPU seconds, peak memory, sealed bytes per sample. A sample is
one field value at one time: two octet counters a minute. The data are seeded: office hours, weekends, restarts, gaps,
jittered polls. Making them is not counted.

Peer: VictoriaMetrics with the same counters of 50 agencies, asked by PromQL for what of it PromQL can say: P95, mean,
maximum, count and time at the limit of 5-minute rates, volume, daily P95 and hourly means (no bounds, busy hour, gaps,
resets, and rates that are extrapolated); its CPU seconds are scaled to the number of agencies, and said so.

``python -m benchmarks.evaluation [--json FILE] [--runs N] [--opd N ...]``
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from agent.clock import DAY_S, MS, NS, WIB, Month
from benchmarks._victoria import PEER, peer_cpu_seconds
from collector.inventory import Device, Link
from collector.judge.month import AllocationSpan, LinkInput, MonthInput, OpdInput, Parameters, evaluate
from collector.ledger.archive import Archive, Chunk, SealRecord
from collector.ledger.binstore import BinStore
from collector.ledger.chunks import Place, encode
from collector.ledger.columns import Column, Columns, interface_series
from collector.ledger.journal import Journal
from collector.ledger.readings import Readings
from collector.measure.bins import Bins, bins
from collector.measure.counters import CounterSeries, Int64s, Uint64s, deltas

MONTH = Month(2026, 9)
START_MS = MONTH.start_ns(WIB) // MS
MINUTES = len(MONTH.days) * 1440
COUNT = len(MONTH.days) * 288
GOAL_CPU_S = {500: 2.0, 2000: 8.0}
GOAL_STORED_S = {500: 0.4, 2000: 1.6}
PEER_OPDS = 50


@dataclass(frozen=True)
class Made:
    """A month of one link: times, boots, and both counters."""

    time_ms: Int64s
    boot: Int64s
    boot_ms: Int64s
    unduh: Uint64s
    unggah: Uint64s

    def series(self, octets: Uint64s) -> CounterSeries:
        """Return one direction as the archive gives it: what never changes is a broadcast constant."""
        size = len(self.time_ms)
        speed, bits, none, index = (np.broadcast_to(np.int64(value), size) for value in (10**9, 64, -1, 2))
        return CounterSeries(self.time_ms, self.boot, self.boot_ms, octets, bits, speed, none, none, index)


def made(number: int) -> Made:
    """Make the readings of one agency from the minute before the month to the minute after it."""
    rng = np.random.default_rng(number)
    minute = np.arange(-1, MINUTES + 1)
    hour = minute // 60 % 24
    office = np.where((hour >= 7) & (hour < 16) & (minute // 1440 % 7 < 5), 1.0, 0.15)
    top = rng.uniform(2e6, 60e6) / 8 * 60
    grown = rng.gamma(4.0, top / 4, (2, len(minute))) * office * np.array([[1.0], [0.2]])
    octets = np.cumsum(grown.astype(np.uint64), axis=1, dtype=np.uint64) + np.uint64(rng.integers(2**40))
    time_ms = START_MS + minute * 60_000 + rng.integers(0, 180, len(minute)) + number % 60 * 1000
    boot = np.zeros(len(minute), np.int64)
    if number % 5 == 0:
        restart = int(rng.integers(len(minute)))
        boot[restart:] = 1
        octets[:, restart:] -= octets[:, restart : restart + 1]
    boot_ms = time_ms - START_MS + 10**9 + rng.integers(0, 2, len(minute))
    keep = np.ones(len(minute), np.bool_)
    for at in rng.integers(0, len(minute), int(rng.integers(0, 4))):
        keep[at : at + int(rng.integers(1, 300))] = False
    return Made(time_ms[keep], boot[keep], boot_ms[keep], octets[0][keep], octets[1][keep])


def opd(number: int, unduh: Bins, unggah: Bins) -> OpdInput:
    """Return one agency of one link with an allocation of 50 Mbps."""
    link = LinkInput(f"l{number}", f"r{number}", "ether1", "opd", unduh, unggah, 0)
    return OpdInput(
        f"PD{number}", f"Dinas {number}", "sedang", (link,), (AllocationSpan(0, None, 50_000_000, 50_000_000),)
    )


def judged(series: CounterSeries) -> Bins:
    """Return the bins of the month."""
    return bins(deltas(series, port_bps=10**9), start_ms=START_MS, count=COUNT)


class Cost:
    """CPU seconds spent inside ``with``; what makes the data lies outside."""

    def __init__(self) -> None:
        self.spent = 0.0

    def __enter__(self) -> None:
        self._since = time.process_time()

    def __exit__(self, *_: object) -> None:
        self.spent += time.process_time() - self._since


def evaluated(opds: Iterator[OpdInput], count: int) -> None:
    """Evaluate the month and make sure that every agency has its figures."""
    case = MonthInput(MONTH, WIB, "Kabupaten Contoh", 0, opds)
    found = evaluate(case, Parameters())
    assert len(found.opds) == count
    assert sum(one.unduh.p95 is not None for one in found.opds) > 0.9 * count


def from_arrays(count: int, _: Path) -> dict[str, float]:
    """Counters to bins to figures."""
    cost, binning, making = Cost(), Cost(), Cost()

    def opds() -> Iterator[OpdInput]:
        for number in range(count):
            with making:
                one = made(number)
                unduh, unggah = one.series(one.unduh), one.series(one.unggah)
            with binning:
                both = judged(unduh), judged(unggah)
            yield opd(number, *both)

    with cost:
        evaluated(opds(), count)
    return {"cpu_s": cost.spent - making.spent, "bins_cpu_s": binning.spent}


def from_bins(count: int, _: Path) -> dict[str, float]:
    """Bins in memory to figures."""
    cost, making = Cost(), Cost()

    def opds() -> Iterator[OpdInput]:
        for number in range(count):
            with making:
                one = made(number)
                both = judged(one.series(one.unduh)), judged(one.series(one.unggah))
            yield opd(number, *both)

    with cost:
        evaluated(opds(), count)
    return {"cpu_s": cost.spent - making.spent}


def from_sealed(count: int, folder: Path) -> dict[str, float]:
    """Sealed chunks to counters to bins to figures; agencies beyond those sealed are read again from the first."""
    cost, decoding = Cost(), Cost()
    archive, journal = opened(folder)
    readings = Readings(journal=journal, archive=archive)
    sealed = json.loads((folder / "sealed.json").read_text())

    def opds() -> Iterator[OpdInput]:
        for number in range(count):
            one = number % sealed["opd"]
            with decoding:
                found = readings.counter(
                    device=f"r{one}",
                    interface="ether1",
                    source=f"a{one}",
                    start_ns=MONTH.start_ns(WIB) - DAY_S * NS,
                    end_ns=MONTH.end_ns(WIB) + DAY_S * NS,
                )
            yield opd(number, judged(found["receive"]), judged(found["transmit"]))

    with cost:
        evaluated(opds(), count)
    archive.close()
    return {
        "cpu_s": cost.spent,
        "decode_cpu_s": decoding.spent,
        "bytes_per_sample": sealed["bytes"] / sealed["samples"],
    }


def from_stored(count: int, folder: Path) -> dict[str, float]:
    """Stored bins to figures; agencies beyond those stored are read again from the first."""
    cost = Cost()
    archive, journal = opened(folder)
    sealed = json.loads((folder / "sealed.json").read_text())["opd"]
    store = BinStore(journal=journal, archive=archive, devices={f"r{i}": device(i) for i in range(sealed)})
    for number in range(sealed):
        store.link_span(line(number), MONTH.days)
    with cost:
        evaluated((opd(i, *store.link_span(line(i % sealed), MONTH.days)) for i in range(count)), count)
    archive.close()
    return {"cpu_s": cost.spent}


def device(number: int) -> Device:
    """Return the router of one agency."""
    return Device(f"r{number}", f"Router {number}", "s", f"a{number}", "router", 0)


def line(number: int) -> Link:
    """Return the line of one agency."""
    return Link(
        code=f"l{number}",
        opd=f"PD{number}",
        device=f"r{number}",
        interface="ether1",
        unduh="receive",
        vantage="opd",
        medium="fo",
        owner="",
        provider="",
        maintainer="",
        role="wan",
        contract=None,
        port_bps=10**9,
        limited=True,
        active_from=0,
        active_to=None,
    )


def opened(folder: Path) -> tuple[Archive, Journal]:
    """Open the archive and the (empty) journal beside it."""
    return Archive(folder / "chunks.db", zone=WIB), Journal(folder / "journal.db", zone=WIB)


def seal(count: int, folder: Path) -> None:
    """Write the month of ``count`` agencies as sealed chunks and note their size."""
    archive, journal = opened(folder)
    size = samples = 0
    days: set[date] = set()
    for number in range(count):
        whole = columns(number)
        day = (whole.time_ns + WIB.offset_ns) // (DAY_S * NS)
        for at in np.unique(day).tolist():
            place = Place(whole.series, WIB.day(at * DAY_S * NS - WIB.offset_ns), 0)
            days.add(place.day)
            part = whole.take(day == at)
            blob = encode(part, place)
            archive.put([Chunk(place, part.digest(), blob)])
            size, samples = size + len(blob), samples + 2 * len(part)
    for each in sorted(days):
        archive.record(SealRecord(each, 0, journal.id, 0, 0, b"", chained=True))
    archive.close()
    (folder / "sealed.json").write_text(json.dumps({"opd": count, "bytes": size, "samples": samples}))


def columns(number: int) -> Columns:
    """Return the readings of one agency as they are sealed."""
    one = made(number)
    zero = np.zeros(len(one.time_ms), np.int64)
    fields = {
        "receive_bytes_total": Column(one.unduh),
        "transmit_bytes_total": Column(one.unggah),
        "speed_bits_per_second": Column(zero + 10**9),
        "counter_bits": Column(zero + 64),
        "index": Column(zero + 2),
    }
    series = interface_series(source=f"a{number}", device=f"r{number}", interface="ether1")
    time_ns = one.time_ms * MS
    return Columns(series, time_ns, zero, zero, ("boot-a", "boot-b"), one.boot, one.boot_ms * MS, fields)


def counters() -> Iterator[tuple[str, Int64s, Uint64s]]:
    """Yield labels, times in ms and readings of the counters given to the peer."""
    for number in range(PEER_OPDS):
        one = made(number)
        yield f'opd="{number}",way="receive"', one.time_ms, one.unduh
        yield f'opd="{number}",way="transmit"', one.time_ms, one.unggah


STAGES = {"arrays": from_arrays, "bins": from_bins, "stored": from_stored, "sealed": from_sealed}
NAMES = {
    "arrays": "counter arrays to figures",
    "bins": "bins in memory to figures",
    "stored": "stored bins to figures",
    "sealed": "sealed chunks to figures",
}


def measured(stage: str, count: int, folder: Path, runs: int) -> dict[str, object]:
    """Return medians over processes of their own, and the largest peak of memory."""
    found = []
    for _ in range(runs):
        command = [sys.executable, "-m", "benchmarks.evaluation", "--stage", stage, "--opd", str(count)]
        done = subprocess.run([*command, "--folder", str(folder)], check=True, stdout=subprocess.PIPE, text=True)
        found.append(json.loads(done.stdout))
    return {"way": NAMES[stage], "opd": count} | {
        name: round((max if name == "rss_mib" else statistics.median)(run[name] for run in found), 3)
        for name in found[0]
    }


def table(counts: list[int], runs: int) -> list[dict[str, object]]:
    """Measure every way at every size, and the peer."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seal(min(counts), folder)
        for count in counts:
            rows += [measured(stage, count, folder, runs) for stage in STAGES]
    if shutil.which(PEER):
        with tempfile.TemporaryDirectory() as name:
            one = peer_cpu_seconds(Path(name), counters(), PEER_OPDS)
        way = f"{PEER}, 8 PromQL queries ({PEER_OPDS} agencies, scaled)"
        rows += [{"way": way, "opd": count, "cpu_s": round(one * count, 3)} for count in counts]
    return rows


def main() -> int:
    """Print the table; write it as JSON too when asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--opd", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        cost = STAGES[options.stage](options.opd[0], options.folder)
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
        print(json.dumps({**cost, "rss_mib": int(peak[1]) / 1024 if peak else 0}))
        return 0
    rows = table(options.opd, options.runs)
    print("| way | agencies | CPU s | of which | peak MiB | B/sample |\n|---|---|---|---|---|---|")
    for row in rows:
        part = next((f"{name[:-6]} {row[name]}" for name in ("bins_cpu_s", "decode_cpu_s") if name in row), "")
        cells = (row["way"], row["opd"], row["cpu_s"], part, row.get("rss_mib", ""), row.get("bytes_per_sample", ""))
        print("| " + " | ".join(str(cell) for cell in cells) + " |")
    print(f"goals: sealed {GOAL_CPU_S}, stored {GOAL_STORED_S} CPU s, 100 MiB, 4 B/sample, 3 x ahead of the peer")
    if not shutil.which(PEER):
        print(f"{PEER} is not installed: no peer in this run")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
