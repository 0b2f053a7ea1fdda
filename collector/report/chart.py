"""Draw a month of one agency as SVG: hourly means, daily P95, the allocation in force, and gaps shown as gaps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_WIDTH, _PANEL, _LEFT, _RIGHT, _TOP, _BETWEEN = 680.0, 138.0, 46.0, 8.0, 20.0, 36.0
_GRID, _GAP, _INK, _AREA, _LINE, _P95 = "#d5dae0", "#dcdcdc", "#222222", "#b9cde3", "#1f5a96", "#a31621"


@dataclass(frozen=True, slots=True)
class Step:
    """An allocation in force from one hour of the month to another (hours since its start), bit/s."""

    start: float
    end: float
    bps: int


@dataclass(frozen=True, slots=True)
class Panel:
    """One direction: means of each clock hour, P95 of each day (bit/s, None = unknown), steps of the allocation."""

    title: str
    hourly: Sequence[int | None]
    daily: Sequence[int | None]
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Legend:
    """Words beside the signs of the chart."""

    mean: str
    p95: str
    allocation: str
    gap: str


def svg(panels: Sequence[Panel], *, days: int, legend: Legend) -> str:
    """Return the chart of a month of ``days`` days, one panel under another."""
    height = _TOP + len(panels) * (_PANEL + _BETWEEN)
    size = f'viewBox="0 0 {_WIDTH:g} {height:g}" width="{_WIDTH:g}" height="{height:g}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', *_legend(legend)]
    for index, panel in enumerate(panels):
        parts += _Frame(panel, days=days, top=_TOP + index * (_PANEL + _BETWEEN) + 20).draw()
    return "".join(parts) + "</svg>"


def _legend(legend: Legend) -> Iterator[str]:
    yield _box(_LEFT, 3, 18, 9, _AREA) + _line(_LEFT, _LEFT + 18, 3, 3, _LINE, 1) + _text(_LEFT + 23, 11, legend.mean)
    yield _line(206, 224, 7.5, 7.5, _P95, 2) + _text(229, 11, legend.p95)
    yield _line(322, 342, 7.5, 7.5, _INK, 1.4, dash="6 3") + _text(347, 11, legend.allocation)
    yield _box(548, 3, 18, 9, _GAP) + _text(571, 11, legend.gap)


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: int = 400) -> str:
    """Write a text of our own words (never a name) in the chart."""
    face = f'font-family="Libertinus Serif" font-size="10.5" font-weight="{weight}" fill="{_INK}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {face}>{text}</text>'


def _line(x1: float, x2: float, y1: float, y2: float, colour: str, width: float, *, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width:g}"{dashed}/>'


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def ticks(top: float) -> tuple[float, int]:
    """Return step and number of round ticks that reach ``top`` (at most six)."""
    if top <= 0:
        return 1.0, 1
    rough = top / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    return step, math.ceil(top / step)


def runs(values: Sequence[int | None]) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, known) of the stretches of known and of unknown values."""
    start = 0
    for index in range(1, len(values) + 1):
        if index == len(values) or (values[index] is None) != (values[start] is None):
            yield start, index, values[start] is not None
            start = index


class _Frame:
    def __init__(self, panel: Panel, *, days: int, top: float) -> None:
        self._panel, self._days, self._top, self._bottom = panel, days, top, top + _PANEL
        known = [value for value in (*panel.hourly, *panel.daily) if value is not None]
        self._step, self._count = ticks(max([*known, *(step.bps for step in panel.steps)], default=0) / 1e6)
        self._hour = (_WIDTH - _LEFT - _RIGHT) / (days * 24)

    def _x(self, hour: float) -> float:
        return _LEFT + hour * self._hour

    def _y(self, bps: float) -> float:
        return self._bottom - bps / 1e6 / (self._step * self._count) * (_PANEL - 6)

    def draw(self) -> Iterator[str]:
        stretches = list(runs(self._panel.hourly))
        for start, end, known in stretches:
            if not known:
                yield _box(self._x(start), self._top, (end - start) * self._hour, _PANEL, _GAP)
        yield from self._grid()
        for start, end, known in stretches:
            if known:
                yield self._area(start, end)
        for day, value in enumerate(self._panel.daily):
            if value is not None:
                yield _line(self._x(day * 24 + 2), self._x(day * 24 + 22), self._y(value), self._y(value), _P95, 1.6)
        for step in self._panel.steps:
            at = self._y(step.bps)
            yield _line(self._x(step.start), self._x(step.end), at, at, _INK, 1.4, dash="6 3")

    def _grid(self) -> Iterator[str]:
        yield _text(_LEFT, self._top - 5, f"{self._panel.title} (Mbps)", weight=700)
        for tick in range(self._count + 1):
            value = tick * self._step
            at = self._y(value * 1e6)
            yield _line(_LEFT, _WIDTH - _RIGHT, at, at, _GRID, 0.7)
            yield _text(_LEFT - 5, at + 3.5, f"{value:g}".replace(".", ","), anchor="end")
        for day in range(0, self._days, 7):
            yield _line(self._x(day * 24), self._x(day * 24), self._top, self._bottom, _GRID, 0.7)
        for day in range(0, self._days, 2):
            yield _text(self._x(day * 24 + 12), self._bottom + 12, str(day + 1), anchor="middle")
        yield _line(_LEFT, _WIDTH - _RIGHT, self._bottom, self._bottom, _INK, 0.9)

    def _area(self, start: int, end: int) -> str:
        points = [f"M{self._x(start):.1f} {self._bottom:.1f}"]
        for hour in range(start, end):
            points.append(f"V{self._y(self._panel.hourly[hour] or 0):.1f}H{self._x(hour + 1):.1f}")
        path = "".join(points)
        return f'<path d="{path}V{self._bottom:.1f}Z" fill="{_AREA}" stroke="{_LINE}" stroke-width=".6"/>'
