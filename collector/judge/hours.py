"""Clock hours and days of a month: Jam Sibuk, peak-day hour, and the series of the charts."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from collector.judge.case import Parameters
from collector.judge.figures import UNKNOWN
from collector.judge.periods import Calendar
from collector.measure.percentile import Floats
from collector.measure.rates import Rates


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """Clock hours of the month: number of ``valid`` bins, about their ``mean`` (bit/s or nan), ``enough`` to count."""

    valid: NDArray[np.int64]
    mean: Floats
    enough: NDArray[np.bool_]

    @classmethod
    def of(cls, rates: Rates, calendar: Calendar, parameters: Parameters) -> Hours:
        """Average the bins of each clock hour."""
        every = np.ones(calendar.per_hour)
        valid = (rates.valid.astype(np.float64).reshape(-1, calendar.per_hour) @ every).astype(np.int64)
        known = rates.approx if rates.valid.all() else np.where(rates.valid, rates.approx, 0.0)
        share = parameters.hour_share
        with np.errstate(invalid="ignore"):
            mean = (known.reshape(-1, calendar.per_hour) @ every) / valid
        return cls(valid, mean, valid * share.denominator >= calendar.per_hour * share.numerator)

    def daily_mean(self) -> Floats:
        """Return the mean of the valid bins of each day, nan without one."""
        total = np.where(self.valid > 0, self.mean * self.valid, 0.0).reshape(-1, 24).sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray(total / self.valid.reshape(-1, 24).sum(axis=1), np.float64)

    def daily_p95(self, rates: Rates, parameters: Parameters) -> Floats:
        """Return the nearest rank percentile of each day in bit/s, nan under the coverage that is printed."""
        valid = self.valid.reshape(-1, 24).sum(axis=1)
        per_day = len(rates.valid) // len(valid)
        expected = rates.expected.reshape(-1, per_day).sum(axis=1)
        known = rates.approx if rates.valid.all() else np.where(rates.valid, rates.approx, np.inf)
        ascending = np.sort(known.reshape(-1, per_day), axis=1)
        number = np.maximum((parameters.percentile * valid + 99) // 100, 1)
        share = parameters.coverage_print
        enough = (valid > 0) & (valid * share.denominator >= expected * share.numerator)
        return np.where(enough, ascending[np.arange(len(valid)), number - 1], np.nan)

    def places(self, rates: Rates, hours: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the valid bins of some clock hours of the month."""
        per_hour = len(rates.valid) // len(self.valid)
        found: NDArray[np.intp] = (hours[:, None] * per_hour + np.arange(per_hour)).reshape(-1)
        valid: NDArray[np.intp] = found[rates.valid[found]]
        return valid

    def busiest(self, rates: Rates, calendar: Calendar, parameters: Parameters) -> tuple[int | None, Fraction | None]:
        """Return the clock hour of highest mean over working days, the earlier on ties (Jam Sibuk)."""
        use = self.enough.reshape(-1, 24) & calendar.working[:, None]
        days = use.sum(axis=0)
        fit = days >= max(parameters.busy_days, 1)
        if not fit.any():
            return None, None
        mean = np.where(use, self.mean.reshape(-1, 24), 0.0).sum(axis=0) / np.maximum(days, 1)
        best: tuple[Fraction, int] | None = None
        for hour in _near_largest(np.where(fit, mean, -1.0)):
            hours = np.flatnonzero(use[:, hour]) * 24 + hour
            places = self.places(rates, hours)
            shares = self.valid[places // calendar.per_hour]
            exact = rates.total(places, shares) / len(hours)
            if best is None or exact > best[0]:
                best = exact, hour
            if not exact:
                break
        return (None, None) if best is None else (best[1], best[0])

    def peak(self, rates: Rates, calendar: Calendar) -> tuple[tuple[date, int] | None, Fraction | None]:
        """Return the (date, hour) of highest mean among hours with enough bins, the earliest on ties."""
        if not self.enough.any():
            return None, None
        best: tuple[Fraction, int] | None = None
        for place in _near_largest(np.where(self.enough, self.mean, -1.0)):
            exact = rates.total(self.places(rates, np.array([place]))) / int(self.valid[place])
            if best is None or exact > best[0]:
                best = exact, place
            if not exact:
                break
        return (None, None) if best is None else ((calendar.days[best[1] // 24], best[1] % 24), best[0])


def _near_largest(values: Floats) -> list[int]:
    """Return the places of all values that could be the largest, in order."""
    found: list[int] = np.flatnonzero(values >= values.max() * (1 - 1e-9)).tolist()
    return found


def whole(values: Floats) -> array[int]:
    """Round to whole bit/s for charts; nan becomes UNKNOWN."""
    known = np.where(np.isnan(values), UNKNOWN, np.floor(values + 0.5))
    return array("q", known.astype(np.int64).tobytes())
