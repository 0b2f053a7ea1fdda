"""Holds the figures of a written report against those that a simulation made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from collector.report.frozen import FrozenTable
from collector.simulation.truth import Truth


def shown(value: Fraction | int | None, unit: int, places: int) -> float | None:
    """Round once, half away from zero, as the report prints."""
    if value is None:
        return None
    exact = Fraction(value) / unit
    quotient = Decimal(exact.numerator) / Decimal(exact.denominator)
    return float(quotient.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))


def wrong_figures(told: Mapping[str, FrozenTable], known: Sequence[Truth]) -> list[str]:
    """Say where volume, valid bins or P95 of a report (annex A) are not those that were made."""
    found = {(row["kode_pd"], row["arah"]): row for row in told["lampiran-a-angka"].rows}
    problems = []
    for one in known:
        for name, way in (("Unduh", one.unduh), ("Unggah", one.unggah)):
            row = found[one.code, name]
            told_of = (row["volume_gb"], row["interval_sah"], row["interval_seharusnya"], row["p95_mbps"])
            made = (shown(way.volume_octets, 10**9, 1), way.valid, way.expected, shown(way.p95, 10**6, 2))
            if told_of != made:
                problems.append(f"{one.code} {name}: {told_of} is not {made}")
    return problems
