"""Readings of the oracle as the arrays of the code, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np

from collector.measure.bins import Bins
from collector.measure.counters import CounterSeries, Deltas, Verdict
from tests.collector.oracle import Bin, Grown, Read


def series(reads: Sequence[Read]) -> CounterSeries:
    """Return the columns of ``reads`` in the order given."""

    def column(values: Sequence[int | None]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array([-1 if value is None else value for value in values], np.int64)

    return CounterSeries(
        time_ms=column([r.time_ms for r in reads]),
        boot=column([r.boot for r in reads]),
        boot_ms=column([r.time_ms if r.boot is None else r.boot_ms for r in reads]),
        octets=np.array([r.octets for r in reads], np.uint64),
        bits=column([r.bits for r in reads]),
        speed=column([r.speed for r in reads]),
        uptime_ticks=column([r.uptime for r in reads]),
        discontinuity_ticks=column([r.discontinuity for r in reads]),
        index=column([r.index for r in reads]),
    )


def as_grown(deltas: Deltas) -> list[Grown]:
    """Return the code's deltas in the oracle's form."""
    columns = (deltas.start_ms.tolist(), deltas.end_ms.tolist(), deltas.octets.tolist(), deltas.verdict.tolist())
    return [Grown(start, end, octets, Verdict(v).name) for start, end, octets, v in zip(*columns, strict=True)]


def as_bins(bins: Bins) -> list[Bin]:
    """Return the code's bins in the oracle's form."""
    columns = (bins.octets_u.tolist(), bins.covered_ms.tolist(), bins.long_u.tolist())
    return [Bin(*row) for row in zip(*columns, strict=True)]


def as_tally(bins: Bins) -> dict[str, int]:
    """Return the code's counts by the oracle's names, zeros left out."""
    names = [*(verdict.name for verdict in Verdict), "CONTRADICTORY"]
    return {name: count for name, count in zip(names, astuple(bins.counts), strict=True) if count}
