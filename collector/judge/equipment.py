"""Rows of UPSes, sensors and generators (chapter X a to c), and availability of devices (pure). Times are UTC ms."""

from __future__ import annotations

from collections.abc import Sequence

from agent.clock import DAY_S
from collector.judge.rows import AvailabilityRow, GeneratorRow, Measured, SensorRow, UpsRow
from collector.judge.shortcomings import not_carried
from collector.judge.told import DeviceTold, GeneratorTold, PowerNote, SensorTold, Told, UpsTold
from collector.measure.failures import Word, failures
from collector.measure.intervals import Intervals
from collector.measure.running import availability, ran
from collector.measure.states import UPS_FIELDS, Samples, spans, times_in, ups_spans
from collector.measure.supply import PowerEvent

DAY_MS = DAY_S * 1000
_SPOKEN = ("temperature_celsius", "humidity_ratio", "water_detected", "smoke_detected", "door_open", "alarm", "ok")
_ALARMS = ("alarm", "water_detected", "smoke_detected", "contact_alarm")


def ups_row(item: UpsTold, *, start_ms: int, end_ms: int, installed_ms: int | None) -> UpsRow:
    """Judge a UPS over ``[start_ms, end_ms)``; ``installed_ms`` is the battery's date by the register."""
    told, words = item.told, item.words.words
    fields = {name: told.samples(name, unless="up") for name in UPS_FIELDS}
    states = ups_spans(fields, start_ms=start_ms, end_ms=end_ms)
    unknown_ms = times_in(states, None).length
    noticed = [one for one in failures(words, until_ms=end_ms) if one.said(Word.LOST)]
    own_ms = _instant(told, "battery_installed_timestamp_seconds", end_ms)
    battery_ms = installed_ms if own_ms is None else own_ms

    def gauge(name: str, only: Samples | None = None) -> Measured | None:
        return told.measured(name, start_ms=start_ms, end_ms=end_ms, only=only)

    return UpsRow(
        ups=item.ups,
        name=item.name,
        site=item.site,
        servers=item.servers,
        state=states[-1].state,
        state_since_ms=None if states[-1].state is None else states[-1].start_ms,
        seen_ms=told.seen_ms(before_ms=end_ms),
        load=gauge("load_ratio"),
        runtime_s=gauge("battery_runtime_seconds", fields["on_battery"]),
        charge=gauge("battery_charge_ratio"),
        battery_celsius=gauge("battery_temperature_celsius"),
        battery_installed_ms=battery_ms,
        battery_told=own_ms is not None,
        battery_age_days=None if battery_ms is None else max(end_ms - battery_ms, 0) // DAY_MS,
        replace_battery=_state(told, "replace_battery", end_ms),
        self_test_ms=_instant(told, "self_test_timestamp_seconds", end_ms),
        self_test_passed=_last(told, "self_test_passed", end_ms),
        battery_events=sum(start_ms <= one.first_ms < end_ms for one in noticed),
        on_battery_ms=times_in(spans(words, start_ms=start_ms, end_ms=end_ms), Word.LOST).length,
        known_ms=end_ms - start_ms - unknown_ms,
        unknown_ms=unknown_ms,
        spans=states,
    )


def _state(told: Told, name: str, at_ms: int) -> bool | None:
    """Return a flag as it is at a time; unknown once its last reading is too old."""
    (found,) = spans(told.samples(name, unless="up"), start_ms=at_ms - 1, end_ms=at_ms)
    return None if found.state is None else bool(found.state)


def _last(told: Told, name: str, before_ms: int) -> bool | None:
    """Return a flag as it was last told: an outcome does not grow old."""
    found = told.newest(name, before_ms=before_ms)
    return None if found is None else bool(found[1])


def _instant(told: Told, name: str, before_ms: int) -> int | None:
    found = told.newest(name, before_ms=before_ms)
    return None if found is None else round(found[1] * 1000)


def sensor_row(item: SensorTold, *, start_ms: int, end_ms: int) -> SensorRow:
    """Judge a sensor; one that is not connected (``ok`` 0) says nothing."""
    told = item.told

    def raised(name: str) -> Intervals:
        return times_in(spans(told.samples(name, unless="ok"), start_ms=start_ms, end_ms=end_ms), 1)

    alarms = Intervals.of(span for name in _ALARMS for span in raised(name).spans)
    return SensorRow(
        device=item.device,
        name=item.name,
        site=item.site,
        sensor=item.sensor,
        temperature=told.measured("temperature_celsius", start_ms=start_ms, end_ms=end_ms),
        humidity=told.measured("humidity_ratio", start_ms=start_ms, end_ms=end_ms),
        alarms=len(alarms.spans),
        alarm_ms=alarms.length,
        water_ms=raised("water_detected").length,
        smoke_ms=raised("smoke_detected").length,
        door_open_ms=raised("door_open").length,
        known_ms=(told.covered(*_SPOKEN, unless="ok") & Intervals.of([(start_ms, end_ms)])).length,
        seen_ms=told.seen_ms(before_ms=end_ms),
    )


def generator_row(
    item: GeneratorTold,
    events: Sequence[PowerEvent],
    history: Sequence[PowerEvent],
    notes: Sequence[PowerNote],
    *,
    start_ms: int,
    end_ms: int,
) -> GeneratorRow:
    """Judge a generator by its ``events`` of ``[start_ms, end_ms)``, those of the year before, and its log."""
    limit_ms = item.generator.transfer_limit_seconds * 1000
    failed = [one for one in events if not one.test]
    timed = [one for one in events if one.transfer_high_ms is not None]
    worst = max(timed, key=lambda one: one.transfer_high_ms or 0, default=None)
    proven = [one.transfer_high_ms for one in (*history, *events) if one.transfer_high_ms is not None]
    test_ms, passed, manual = _tested(item.controller, (*history, *events), notes, end_ms)
    fuel, fuel_ms, fuel_manual = _fuel(item.controller, notes, end_ms)
    running = item.controller.samples("running", unless="up")
    seen = [at for told in (item.controller, item.switch) if (at := told.seen_ms(before_ms=end_ms)) is not None]
    return GeneratorRow(
        generator=item.generator,
        outages=len(failed),
        carried=sum(one.ever_carried is True for one in failed),
        failed=sum(not_carried(one, limit_ms) for one in failed),
        transfer_low_ms=None if worst is None else worst.transfer_low_ms,
        transfer_high_ms=None if worst is None else worst.transfer_high_ms,
        late=sum((one.transfer_low_ms or 0) > limit_ms for one in failed),
        proven_ms=max(proven, default=None),
        last_test_ms=test_ms,
        last_test_passed=passed,
        last_test_manual=manual,
        auto_mode=_state(item.controller, "auto_mode", end_ms),
        running=_state(item.controller, "running", end_ms),
        carrying=_carrying(item, end_ms),
        fuel=fuel,
        fuel_ms=fuel_ms,
        fuel_manual=fuel_manual,
        run_ms=times_in(spans(running, start_ms=start_ms, end_ms=end_ms), 1).length,
        seen_ms=max(seen, default=None),
    )


def _tested(
    controller: Told, events: Sequence[PowerEvent], notes: Sequence[PowerNote], end_ms: int
) -> tuple[int | None, bool | None, bool]:
    """Return the newest proof of the generator: when, whether it passed, and whether a person told it.

    A failure in which it was seen to carry the load is a proof as good as a test.
    """
    found: list[tuple[int, bool | None, bool]] = []
    told_ms = _instant(controller, "last_test_timestamp_seconds", end_ms)
    if told_ms is not None:
        found.append((told_ms, _last(controller, "last_test_passed", end_ms), False))
    for one in events:
        if one.ever_carried and one.carrying is not None and one.carrying.high_ms is not None:
            found.append((one.carrying.high_ms, True, one.carrying.manual))
    for note in notes:
        if note.kind == "uji-genset" and note.at_ms < end_ms:
            found.append((note.at_ms, None if note.value is None else bool(note.value), True))
    return max(found, key=lambda one: (one[0], not one[2]), default=(None, None, False))


def _fuel(controller: Told, notes: Sequence[PowerNote], end_ms: int) -> tuple[float | None, int | None, bool]:
    told = controller.newest("fuel_ratio", before_ms=end_ms)
    found = [] if told is None else [(told[0], float(told[1]), False)]
    found += [
        (note.at_ms, note.value / 100, True)
        for note in notes
        if note.kind == "bahan-bakar" and note.value is not None and note.at_ms < end_ms
    ]
    at_ms, fuel, manual = max(found, default=(None, None, False))
    return fuel, at_ms, manual


def _carrying(item: GeneratorTold, at_ms: int) -> bool | None:
    """Tell whether the generator carries the load at a time: by the switch on the load's side, else the controller."""
    (placed,) = spans(item.switch.samples("source"), start_ms=at_ms - 1, end_ms=at_ms)
    return _state(item.controller, "carrying_load", at_ms) if placed.state is None else placed.state == 2


def availability_row(item: DeviceTold, *, start_ms: int, end_ms: int) -> AvailabilityRow:
    """Reckon how long a device ran in ``[start_ms, end_ms)``, from its first sign of life on."""
    begun_ms = start_ms if item.since_ms is None else min(max(item.since_ms, start_ms), end_ms)
    period = Intervals.of([(begun_ms, end_ms)])
    found = ran(item.beats, witnessed=Intervals.of(item.witnessed))
    figures = availability(found, period)
    return AvailabilityRow(
        device=item.device,
        name=item.name,
        kind=item.kind,
        site=item.site,
        period_ms=figures.period_ms,
        unknown_ms=figures.unknown_ms,
        down_ms=figures.down_ms,
        outages=figures.outages,
        assessed=figures.assessed,
        gross=figures.gross,
        net=None,
        net_missing=True,
        down=found.down & period,
        unknown=found.unknown(period),
    )
