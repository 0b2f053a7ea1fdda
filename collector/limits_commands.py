"""``nadi limits``: what routers are set to beside what was determined, and the commands for a person to apply."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Callable
from datetime import date

from agent.clock import SystemClock
from collector import terminal
from collector.config import Settings
from collector.folder import Folder, Impossible
from collector.inventory import Inventory
from collector.judge import drift
from collector.limits import drifts_at

Tell = Callable[[str], None]
Placed = Callable[[argparse.ArgumentParser, Callable[[Settings, Namespace, Tell], int]], None]


def declare(group: argparse.ArgumentParser, placed: Placed) -> None:
    """Add the actions of ``nadi limits``; ``placed`` lets each be told its data folder."""
    adding = group.add_subparsers(metavar="ACTION", required=True)
    made = adding.add_parser("show", help="the limits read from routers beside the determination in force")
    made.add_argument("--opd", metavar="CODE", default="", help="only this OPD")
    placed(made, show)
    made = adding.add_parser("render", help="RouterOS commands of the determination, for a person to apply")
    made.add_argument("--opd", metavar="CODE", default="", help="only this OPD")
    made.add_argument("--date", type=_date, help="of the determination in force when this day begins (default: now)")
    placed(made, render)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-30") from error


def show(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Show each direction of the links whose router should hold the allocation."""
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        inventory, now_ns = folder.register.inventory(), folder.clock.now().wall_ns
        _check(inventory, options.opd, now_ns)
        found = drifts_at(inventory, folder.readings, at_ns=now_ns, opd=options.opd)
    rows = [
        [item.link.opd, item.link.code, item.link.device, item.link.point, item.direction,
         drift.exact_mbps(item.determined_bps), item.words]
        for item in found
    ]  # fmt: skip
    header = ["OPD", "tautan", "perangkat", "titik", "arah", "penetapan", "konfigurasi router"]
    for line in terminal.table(header, rows, right=[5]):
        tell(line)
    return 0


def render(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Print the commands; nothing is sent to any router."""
    with Folder(settings, clock=SystemClock(), writer=False) as folder:
        now_ns = folder.clock.now().wall_ns
        at_ns = folder.zone.day_start(options.date) if options.date else now_ns
        inventory = folder.register.inventory()
        _check(inventory, options.opd, at_ns)
        for line in drift.commands(inventory, at_ns=at_ns, on=folder.zone.day(at_ns), opd=options.opd):
            tell(line)
    return 0


def _check(inventory: Inventory, opd: str, at_ns: int) -> None:
    if opd and opd not in inventory.opd:
        raise Impossible(f"there is no OPD {opd!r}; registered are: nadi inventory show")
    if not drift.limited(inventory, at_ns=at_ns, opd=opd):
        raise Impossible("no active link says limited = true; set it at the links whose router holds the allocation")
