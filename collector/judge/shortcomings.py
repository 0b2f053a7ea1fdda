"""What is found wanting in the data centre, rule by rule (pure): rows in, findings out.

A finding needs proof: what is unknown is no finding but for backups, whose silence would hide the worst. Values and
limits are seconds (unit "s"), or counts of copies (unit "1"); ``start_ns`` is since when it holds, as far as known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from agent.clock import MS
from collector.inventory import NEED_UPS
from collector.judge.allocation import SEVERITY, Finding, Rule, Unit
from collector.judge.backups import DAY_MS
from collector.judge.rows import BackupRow, BackupState, GeneratorRow, ServerRow, UpsRow
from collector.judge.servers import Since, runtime_limit_ms, runtime_short
from collector.measure.supply import PowerEvent

INSURANCE_DAYS = 90
YEAR_MS = 31_556_952_000
"""The mean Gregorian year."""


@dataclass(frozen=True, slots=True)
class Found:
    """The rows in which shortcomings are looked for, at ``at_ms``; ``start_ms`` begins the time looked at.

    ``today`` is the local date at ``at_ms``.
    """

    ups: Sequence[UpsRow]
    events: Sequence[PowerEvent]
    generators: Sequence[GeneratorRow]
    backups: Sequence[BackupRow]
    servers: Sequence[ServerRow]
    since: Since
    start_ms: int
    at_ms: int
    today: date


def shortcomings(found: Found) -> tuple[Finding, ...]:
    """Return every finding, the gravest and then the oldest first."""
    made = [*_servers(found), *_upses(found), *_backups(found), *_generators(found)]
    return tuple(sorted(made, key=lambda item: (-item.severity, item.start_ns, item.object, item.rule)))


def _made(
    rule: Rule,
    what: str,
    since_ms: int | None,
    found: Found,
    *,
    value: Fraction | int = 0,
    limit: Fraction | int = 0,
    unit: Unit = "",
) -> Finding:
    start_ms = found.start_ms if since_ms is None else min(since_ms, found.at_ms)
    return Finding(rule, what, "", SEVERITY[rule], start_ms * MS, None, Fraction(value), Fraction(limit), unit)


def _seconds(length_ms: int) -> Fraction:
    return Fraction(length_ms, 1000)


def _servers(found: Found) -> Iterator[Finding]:
    for row in found.servers:
        server, since = row.server, found.since
        if not server.ups and server.role in NEED_UPS:
            since_ms = since.get(("without_ups", server.code))
            yield _made("server_without_ups", server.code, since_ms, found)
        lacking = [item for item in row.reasons if item.reason == "tape_none"]
        if lacking:
            known = [item.since_ms for item in lacking if item.since_ms is not None]
            yield _made("server_without_full_tape_copy", server.code, min(known, default=None), found)
        if not server.datacentre:
            since_ms = since.get(("outside", server.code))
            yield _made("server_outside_datacentre", server.code, since_ms, found)
        if not any(item.backup.server == server.code for item in found.backups):
            since_ms = since.get(("without_backup", server.code))
            yield _made("backup_none", server.code, since_ms, found)
        yield from _insurance(row, found)


def _insurance(row: ServerRow, found: Found) -> Iterator[Finding]:
    until = row.insured_until
    left = None if until is None else (until - found.today).days
    if left is not None and left < INSURANCE_DAYS:
        begun_ms = found.at_ms - (INSURANCE_DAYS - left) * DAY_MS
        yield _made(
            "insurance_ending",
            row.server.code,
            begun_ms,
            found,
            value=left * DAY_MS // 1000,
            limit=INSURANCE_DAYS * DAY_MS // 1000,
            unit="s",
        )


def _upses(found: Found) -> Iterator[Finding]:
    generators = {row.generator.code: row for row in found.generators}
    for row in found.ups:
        code, limit_ms = row.ups.code, runtime_limit_ms(row, generators)
        if runtime_short(row, generators) and limit_ms is not None and row.runtime_s is not None:
            value, limit = Fraction(row.runtime_s.last), _seconds(limit_ms)
            since_ms = row.runtime_s.last_ms
            yield _made("ups_runtime_short", code, since_ms, found, value=value, limit=limit, unit="s")
        installed_ms, life = row.battery_installed_ms, row.ups.battery_life_years
        if installed_ms is not None and life is not None and found.at_ms - installed_ms > life * YEAR_MS:
            age = _seconds(found.at_ms - installed_ms)
            since_ms, limit = installed_ms + life * YEAR_MS, _seconds(life * YEAR_MS)
            yield _made("battery_old", code, since_ms, found, value=age, limit=limit, unit="s")


_STATES: dict[BackupState | None, Rule] = {
    None: "backup_unknown",
    BackupState.TIDAK_ADA: "backup_none",
    BackupState.TERLAMBAT: "backup_late",
    BackupState.KRITIS: "backup_critical",
}


def _backups(found: Found) -> Iterator[Finding]:
    for row in found.backups:
        if row.state is not BackupState.BAIK:
            rule = _STATES[row.state]
            known = row.age_ms is not None and row.state is not None
            times = 3 if row.state is BackupState.KRITIS else 2
            since_ms = row.verified_full_ms + times * row.policy_ms // 2 if row.verified_full_ms is not None else None
            yield _made(
                rule,
                row.backup.code,
                since_ms if known else row.seen_ms,
                found,
                value=_seconds(row.age_ms or 0) if known else 0,
                limit=_seconds(row.policy_ms) if known else 0,
                unit="s" if known else "",
            )
        policy = row.backup
        yield from _overdue("verify_overdue", row, row.verify_overdue, row.verified_ms, policy.verify_every_days, found)
        tested_ms = row.restore_test_ms if row.restore_test_passed else None
        yield from _overdue(
            "restore_test_overdue",
            row,
            row.restore_test_overdue,
            tested_ms,
            policy.restore_test_every_days,
            found,
        )


def _overdue(
    rule: Rule, row: BackupRow, overdue: bool | None, last_ms: int | None, every_days: int, found: Found
) -> Iterator[Finding]:
    """Tell what is overdue; one of which no last time is known has no value."""
    if not overdue:
        return
    limit = _seconds(every_days * DAY_MS)
    if last_ms is None:
        yield _made(rule, row.backup.code, None, found, limit=limit)
    else:
        age, since_ms = _seconds(found.at_ms - last_ms), last_ms + every_days * DAY_MS
        yield _made(rule, row.backup.code, since_ms, found, value=age, limit=limit, unit="s")


def _generators(found: Found) -> Iterator[Finding]:
    for row in found.generators:
        terms, last_ms = row.generator, row.last_test_ms
        events = [item for item in found.events if item.supply == terms.code and not item.test]
        limit_ms, every_ms = terms.transfer_limit_seconds * 1000, terms.test_every_days * DAY_MS
        if every_ms and (last_ms is None or found.at_ms - last_ms > every_ms):
            value = 0 if last_ms is None else _seconds(found.at_ms - last_ms)
            since_ms = None if last_ms is None else last_ms + every_ms
            unit: Unit = "" if last_ms is None else "s"
            yield _made(
                "generator_untested",
                terms.code,
                since_ms,
                found,
                value=value,
                limit=_seconds(every_ms),
                unit=unit,
            )
        late = [item for item in events if (item.transfer_low_ms or 0) > limit_ms]
        if late:
            worst = max(late, key=lambda item: item.transfer_low_ms or 0)
            value, limit = _seconds(worst.transfer_low_ms or 0), _seconds(limit_ms)
            yield _made("transfer_late", terms.code, _begun(worst), found, value=value, limit=limit, unit="s")
        failed = [item for item in events if not_carried(item, limit_ms)]
        if failed:
            out, limit = max(_out_ms(item) for item in failed), _seconds(limit_ms)
            since_ms = min(_begun(item) or found.start_ms for item in failed)
            value = _seconds(out)
            yield _made("load_not_carried", terms.code, since_ms, found, value=value, limit=limit, unit="s")


def _begun(event: PowerEvent) -> int | None:
    return event.start.high_ms


def _out_ms(event: PowerEvent) -> int:
    """Return how long the mains were certainly away."""
    if event.start.high_ms is None or event.end.low_ms is None:
        return 0
    return max(event.end.low_ms - event.start.high_ms, 0)


def not_carried(event: PowerEvent, limit_ms: int) -> bool:
    """Tell whether the generator is known not to have taken the load in a failure long enough for it."""
    return event.ever_carried is False and not event.test and _out_ms(event) > limit_ms
