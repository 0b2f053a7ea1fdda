"""The forms of the data centre's part of the inventory document: servers, UPSes, generators, backup jobs."""

from __future__ import annotations

from dataclasses import dataclass

from collector.inventory import Backup, Generator, Server, ServerRole, Ups
from collector.register.forms import Day, Item

MOST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class ServerForm:
    """``[[server]]``."""

    device: str
    role: ServerRole
    opd: str = ""
    datacentre: bool = True
    location: str = ""
    insured_until: Day | None = None
    ups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UpsForm:
    """``[[ups]]``."""

    device: str
    battery_installed: Day | None = None
    battery_life_years: int | None = None
    generator: str = ""


@dataclass(frozen=True, slots=True)
class GeneratorForm:
    """``[[generator]]``."""

    code: str
    name: str
    device: str = ""
    ats: str = ""
    transfer_limit_seconds: int = 30
    margin_seconds: int = 120
    test_every_days: int = 30


@dataclass(frozen=True, slots=True)
class BackupForm:
    """``[[backup]]``."""

    code: str
    server: str
    job: str
    engine: str
    device: str = ""
    rpo_hours: int = 24
    full_every_days: int = 7
    verify_every_days: int = 30
    restore_test_every_days: int = 180
    tape_copies: int = 1
    offsite: bool = False


def _between(item: Item, form: object, key: str, least: int, most: int) -> int:
    value: int = getattr(form, key)
    if not least <= value <= most:
        item.wrong(key, f"{value} is not between {least} and {most}")
    return value


def server(item: Item, form: ServerForm) -> Server:
    for i, code in enumerate(form.ups):
        if code in form.ups[:i]:
            item.wrong("ups", f"names {code!r} twice")
    return Server(
        device=form.device,
        role=form.role,
        opd=form.opd,
        datacentre=form.datacentre,
        location=item.text("location", form.location, empty=True),
        insured_until=None if form.insured_until is None else item.day("insured_until", form.insured_until),
        ups=tuple(sorted(form.ups)),
    )


def ups(item: Item, form: UpsForm) -> Ups:
    if form.battery_life_years is not None:
        _between(item, form, "battery_life_years", 1, 30)
    return Ups(
        device=form.device,
        battery_installed=None
        if form.battery_installed is None
        else item.day("battery_installed", form.battery_installed),
        battery_life_years=form.battery_life_years,
        generator=form.generator,
    )


def generator(item: Item, form: GeneratorForm) -> Generator:
    return Generator(
        code=item.name("code", form.code),
        name=item.text("name", form.name),
        device=form.device,
        ats=form.ats,
        transfer_limit_seconds=_between(item, form, "transfer_limit_seconds", 1, 3600),
        margin_seconds=_between(item, form, "margin_seconds", 0, 86_400),
        test_every_days=_between(item, form, "test_every_days", 0, MOST_DAYS),
    )


def backup(item: Item, form: BackupForm) -> Backup:
    return Backup(
        code=item.name("code", form.code),
        server=form.server,
        device=form.device or form.server,
        job=item.text("job", form.job),
        engine=item.name("engine", form.engine),
        rpo_hours=_between(item, form, "rpo_hours", 1, 24 * MOST_DAYS),
        full_every_days=_between(item, form, "full_every_days", 1, MOST_DAYS),
        verify_every_days=_between(item, form, "verify_every_days", 0, MOST_DAYS),
        restore_test_every_days=_between(item, form, "restore_test_every_days", 0, MOST_DAYS),
        tape_copies=_between(item, form, "tape_copies", 0, 16),
        offsite=form.offsite,
    )
