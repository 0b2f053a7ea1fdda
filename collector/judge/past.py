"""What is wanted of an earlier month: an evaluation has it, and so has what was kept of one (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from agent.clock import Month
from collector.judge.figures import Direction, Evaluation, Status


class EarlierWay(Protocol):
    """One direction of an agency: P95 of the month, and what its status was made from; as in ``Direction``."""

    @property
    def p95(self) -> Fraction | None: ...
    @property
    def status(self) -> Status | None: ...
    @property
    def status_p95(self) -> Fraction | None: ...
    @property
    def status_coverage(self) -> Fraction | None: ...


class EarlierOpd(Protocol):
    """An agency of an earlier month."""

    @property
    def code(self) -> str: ...
    @property
    def unduh(self) -> EarlierWay: ...
    @property
    def unggah(self) -> EarlierWay: ...


class Earlier(Protocol):
    """An earlier month, whose figures a trend and a need look back at."""

    @property
    def month(self) -> Month: ...
    @property
    def opds(self) -> Sequence[EarlierOpd]: ...


@dataclass(frozen=True, slots=True)
class KeptWay:
    """What was kept of one direction, exact; rates in bit/s, coverage 1 = 100 %."""

    p95: Fraction | None
    status: Status | None
    status_p95: Fraction | None
    status_coverage: Fraction | None


@dataclass(frozen=True, slots=True)
class KeptOpd:
    """What was kept of an agency."""

    code: str
    unduh: KeptWay
    unggah: KeptWay


@dataclass(frozen=True, slots=True)
class KeptMonth:
    """What was kept of the evaluation of a month."""

    month: Month
    opds: tuple[KeptOpd, ...]

    @classmethod
    def of(cls, evaluation: Evaluation) -> KeptMonth:
        """Keep what later months look back at."""
        return cls(
            evaluation.month, tuple(KeptOpd(opd.code, _way(opd.unduh), _way(opd.unggah)) for opd in evaluation.opds)
        )


def _way(found: Direction) -> KeptWay:
    return KeptWay(found.p95, found.status, found.status_p95, found.status_coverage)
