"""Power failures as one event each: mains, battery, generator, mains again (pure).

Every instant is between two readings, so each is told by its bounds, and a transfer time by the least and the most
it can have been: an exact second which nobody measured is never told. What several devices saw of one failure is put
together; what nobody saw is unknown. Times are UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal, get_args

from collector.measure.failures import AWAY, CARRYING, NEAR_MS, Failure, Word, failures, grouped
from collector.measure.states import Bounds, Samples, Span, spans, together


class Carrier(IntEnum):
    """What carries the load; unknown is None."""

    NOTHING = 0
    MAINS = 1
    BATTERY = 2
    GENERATOR = 3


@dataclass(frozen=True, slots=True)
class PowerEvent:
    """One failure of the mains at one supply (a generator with its UPSes and switch, or a UPS by itself).

    supply       code of the generator, or of the UPS where none stands behind it; ``ups`` the UPSes that noticed
    start, end   when the mains were lost, and when they carried the load again (``high_ms`` None: not by any reading);
                 where only UPSes speak, when they had their input again
    battery_ms   time for which a UPS was seen on battery (a lower bound), of several UPSes the longest
    carrying     when the generator took the load; None where no reading and no entry of the log shows that it did
    transfer_low_ms, transfer_high_ms  mains lost to generator carrying; None where either bound is missing
    carriers     who carried the load when, between the first and the last reading that tell of the failure
    ever_carried whether the generator took the load at all; None is unknown, or that there is no generator
    low_battery  a battery told that it was nearly empty
    load_lost    a UPS gave no output; None where nobody was heard of while on battery
    test         the switch saw the mains all the time: a transfer that somebody tried
    manual       the event is known from the log alone, nothing measured it
    """

    supply: str
    ups: tuple[str, ...]
    start: Bounds
    end: Bounds
    battery_ms: int
    carrying: Bounds | None
    transfer_low_ms: int | None
    transfer_high_ms: int | None
    carriers: tuple[Span[Carrier], ...]
    ever_carried: bool | None
    low_battery: bool
    load_lost: bool | None
    test: bool = False
    manual: bool = False

    @property
    def over(self) -> bool:
        """Tell whether the mains are known to carry the load again."""
        return self.end.high_ms is not None


@dataclass(frozen=True, slots=True)
class UpsWords:
    """What a UPS said: words, and its readings of a battery nearly empty (1)."""

    code: str
    words: Samples
    low_battery: Samples


Logged = Literal["padam", "pulih", "genset-memikul", "uji-genset"]
LOGGED: tuple[Logged, ...] = get_args(Logged)


@dataclass(frozen=True, slots=True)
class LogLine:
    """An entry of the log that says something of a failure."""

    kind: Logged
    at_ms: int


@dataclass(frozen=True, slots=True)
class Supply:
    """All that tells of one supply; ``switches`` are transfer switch and generator's controller, the first to prevail.

    ``generator`` says whether there is one.
    """

    code: str
    generator: bool
    ups: tuple[UpsWords, ...]
    switches: tuple[Samples, ...] = ()
    log: tuple[LogLine, ...] = ()


def power_events(supply: Supply, *, start_ms: int, end_ms: int) -> tuple[PowerEvent, ...]:
    """Return the failures whose first reading (or entry of the log) lies in ``[start_ms, end_ms)``, in order."""
    seen: list[Failure] = []
    for ups in supply.ups:
        noticed = (item for item in failures(ups.words, until_ms=end_ms) if item.said(Word.LOST))
        seen += [replace(item, ups=ups.code) for item in noticed]
    for place, words in enumerate(supply.switches):
        seen += [replace(item, place=place) for item in failures(words, until_ms=end_ms)]
    found = [_event(supply, group) for group in grouped(seen)]
    found += _told(supply, found)
    begun = [(_first(item.start), item) for item in found]
    return tuple(item for at, item in sorted(begun, key=lambda pair: pair[0]) if start_ms <= at < end_ms)


def _first(bounds: Bounds) -> int:
    return bounds.high_ms if bounds.high_ms is not None else bounds.low_ms or 0


def _event(supply: Supply, group: Sequence[Failure]) -> PowerEvent:
    upses = [item for item in group if item.ups]
    switches = [item for item in group if not item.ups]
    start, end = _start(group), _end(upses, switches)
    near = [line for line in supply.log if _near(line.at_ms, group)]
    carrying = _carrying(supply, upses, switches, near)
    low, high = _difference(start, carrying)
    last_ms = max(item.last_ms for item in group)
    return PowerEvent(
        supply=supply.code,
        ups=tuple(sorted({item.ups for item in upses})),
        start=start,
        end=end,
        battery_ms=max((sum(run.last_ms - run.first_ms for run in item.said(Word.LOST)) for item in upses), default=0),
        carrying=carrying,
        transfer_low_ms=low,
        transfer_high_ms=high,
        carriers=_carriers(supply, _first(start), last_ms),
        ever_carried=_ever_carried(supply, upses, carrying, _first(start), last_ms),
        low_battery=any(
            run.value == 1 and run.last_ms >= _first(start) and run.first_ms <= last_ms
            for ups in supply.ups
            for run in ups.low_battery.runs()
        ),
        load_lost=_load_lost(upses),
        test=_is_test(upses, switches, near),
    )


def _near(at_ms: int, group: Sequence[Failure]) -> bool:
    return min(item.low_ms for item in group) - NEAR_MS <= at_ms <= max(item.high_ms for item in group) + NEAR_MS


def _start(group: Sequence[Failure]) -> Bounds:
    """Return when the mains were lost: by the first word of it, after the last good word that does not contradict."""
    high = min(item.first_ms for item in group)
    lows = [item.before_ms for item in group if item.before_ms is not None and item.before_ms < high]
    return Bounds(max(lows, default=None), high)


def _end(upses: Sequence[Failure], switches: Sequence[Failure]) -> Bounds:
    """Return when the load was back: by the switch where it noticed, else by the UPS that was last."""
    first = min((item.place for item in switches), default=0)
    telling = [item for item in switches if item.place == first] or upses
    last = max(telling, key=lambda item: (item.last_ms, item.after_ms is None, item.after_ms or 0))
    return Bounds(last.last_ms, last.after_ms)


def _carrying(
    supply: Supply, upses: Sequence[Failure], switches: Sequence[Failure], near: Sequence[LogLine]
) -> Bounds | None:
    """Return when the generator took the load."""
    taken = [run.first_ms for item in switches for run in item.said(*CARRYING)]
    if taken:
        high = min(taken)
        lows = [at for words in supply.switches if (at := _last_before(words, high)) is not None]
        low = max(lows, default=None)
        fed = [at for item in upses if (at := _fed(item, upses, high)) is not None and (low is None or at > low)]
        return Bounds(low, min([high, *fed]))
    out_ms = max((run.last_ms for item in switches for run in item.said(Word.LOST_ONLY)), default=None)
    fed_at = [
        Bounds(item.before_ms, item.after_ms)  # a UPS may wait before it trusts its input again
        for item in upses
        if out_ms is not None and item.after_ms is not None and item.after_ms <= out_ms and not item.said(Word.NOTHING)
    ]
    if fed_at:
        return max(fed_at, key=lambda bounds: bounds.high_ms or 0)
    told = [line.at_ms for line in near if line.kind == "genset-memikul"]
    return Bounds(told[0], told[0], manual=True) if told and supply.generator else None


def _last_before(words: Samples, at_ms: int) -> int | None:
    """Return the last reading before ``at_ms`` that said that the generator did not carry."""
    against = (Word.OK, Word.LOST, Word.NOTHING, Word.AT_MAINS)
    place = int(words.time_ms.searchsorted(at_ms)) - 1
    while place >= 0 and int(words.value[place]) not in against:
        place -= 1
    return int(words.time_ms[place]) if place >= 0 else None


def _fed(item: Failure, upses: Sequence[Failure], by_ms: int) -> int | None:
    """Return when a UPS had its input again, if that was before ``by_ms`` and lasted."""
    at = item.after_ms
    if at is None or at > by_ms:
        return None
    return None if any(other.ups == item.ups and at <= other.first_ms <= by_ms for other in upses) else at


def _difference(start: Bounds, carrying: Bounds | None) -> tuple[int | None, int | None]:
    if carrying is None or carrying.manual or carrying.high_ms is None:
        return None, None
    if carrying.low_ms is None or start.low_ms is None or start.high_ms is None:
        return None, None
    return max(carrying.low_ms - start.high_ms, 0), max(carrying.high_ms - start.low_ms, 0)


def _ever_carried(
    supply: Supply, upses: Sequence[Failure], carrying: Bounds | None, first_ms: int, last_ms: int
) -> bool | None:
    if carrying is not None:
        return True
    if not supply.generator:
        return None
    for words in supply.switches:
        told = {span.state for span in spans(words, start_ms=first_ms, end_ms=last_ms + 1)}
        if not told & {None, Word.LOST_ONLY}:
            return False  # somebody who would have seen it spoke all the time
    ended = [item.runs[-1].value == Word.NOTHING and not item.broken for item in upses]
    return False if ended and all(ended) else None


def _load_lost(upses: Sequence[Failure]) -> bool | None:
    if any(item.said(Word.NOTHING) for item in upses):
        return True
    return None if not upses or any(item.broken for item in upses) else False


def _is_test(upses: Sequence[Failure], switches: Sequence[Failure], near: Sequence[LogLine]) -> bool:
    words = {run.value for item in switches for run in item.runs if run.value in AWAY}
    if words != {Word.TRIED}:
        return False
    tried = any(line.kind == "uji-genset" for line in near)
    first_ms = min(item.first_ms for item in switches)
    return tried or all(item.first_ms >= first_ms for item in upses)


def _carriers(supply: Supply, first_ms: int, last_ms: int) -> tuple[Span[Carrier], ...]:
    """Return who carried the load: a UPS's battery, the generator by the switch's word, or nothing."""
    if last_ms <= first_ms:
        return ()
    upses = [spans(ups.words, start_ms=first_ms, end_ms=last_ms) for ups in supply.ups]
    switches = [spans(words, start_ms=first_ms, end_ms=last_ms) for words in supply.switches]
    count = len(upses)

    def judge(states: tuple[int | None, ...]) -> Carrier | None:
        fed, placed = states[:count], states[count:]
        if Word.LOST in fed:
            return Carrier.BATTERY
        if Word.NOTHING in fed:
            return Carrier.NOTHING
        if CARRYING & set(placed):
            return Carrier.GENERATOR
        return Carrier.MAINS if Word.OK in placed or (not supply.generator and Word.OK in fed) else None

    return together([*upses, *switches], judge)


def _told(supply: Supply, found: Sequence[PowerEvent]) -> Iterator[PowerEvent]:
    """Yield the failures that only the log tells of."""
    lines = sorted(supply.log, key=lambda line: line.at_ms)
    for i, line in enumerate(lines):
        measured = any(_first(item.start) - NEAR_MS <= line.at_ms <= _until(item) + NEAR_MS for item in found)
        if line.kind != "padam" or measured:
            continue
        again = next((n for n in range(i + 1, len(lines)) if lines[n].kind in ("padam", "pulih")), len(lines))
        back = lines[again].at_ms if again < len(lines) and lines[again].kind == "pulih" else None
        taken = [item.at_ms for item in lines[i:again] if item.kind == "genset-memikul"]
        yield PowerEvent(
            supply=supply.code,
            ups=(),
            start=Bounds(line.at_ms, line.at_ms, manual=True),
            end=Bounds(back if back is not None else line.at_ms, back, manual=True),
            battery_ms=0,
            carrying=Bounds(taken[0], taken[0], manual=True) if taken else None,
            transfer_low_ms=None,
            transfer_high_ms=None,
            carriers=(),
            ever_carried=True if taken else None,
            low_battery=False,
            load_lost=None,
            manual=True,
        )


def _until(item: PowerEvent) -> int:
    return item.end.high_ms or item.end.low_ms or _first(item.start)
