"""What the commands of ``nadi`` do; each says its result through ``tell`` and returns the exit status.

Parts that cost much to import (FastAPI, typst) are imported by the commands that need them.
"""

from __future__ import annotations

import getpass
import json
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from agent.clock import ZONES, SystemClock
from agent.identity import fingerprint
from collector import terminal
from collector.client import ask
from collector.config import JOURNAL, Settings
from collector.folder import Folder, Impossible
from collector.register.document import read

Tell = Callable[[str], None]


def run(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Run the collector."""
    from collector import main

    return main.run(settings)


def status(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Show the live state: of the running collector, else from the data folder."""
    found, centre = ask(settings, "/api/v1/status"), None
    if found is None:
        tell("no answer from a running collector; from the data folder:")
        found, centre = _from_folder(settings)
    else:
        centre = ask(settings, "/api/v1/datacentre")
    if options.json:
        tell(json.dumps({**found, "datacentre": centre}, indent=1))
        return 0
    for line in (*terminal.status_lines(found), *terminal.centre_lines(centre)):
        tell(line)
    return 0


def _existing(settings: Settings, *, writer: bool = False) -> Folder:
    """Open a data folder that is there already."""
    if not (settings.data / JOURNAL).is_file():
        raise Impossible(f"{settings.data}: no {JOURNAL} is in it; start a collector there first: nadi run")
    return Folder(settings, clock=SystemClock(), writer=writer)


def _opened(settings: Settings) -> Folder:
    """Open a data folder, or begin it, so that inventory and tokens can be made before the first start."""
    return Folder(settings, clock=SystemClock(), writer=False)


def _from_folder(settings: Settings) -> tuple[dict[str, Any], dict[str, Any] | None]:
    from collector.running import Collector
    from collector.web.centre import centre_view
    from collector.web.views import status_view

    with _existing(settings) as folder:
        collector = Collector(folder, clock=folder.clock)
        collector.take_up()
        view = status_view(
            collector.snapshot(),
            findings=None,
            region=collector.live.inventory.region,
            label=folder.journal.label,
            zone=folder.zone,
        )
        now = folder.datacentre.now(folder.clock.now().wall_ns)
        centre = centre_view(now, zone=folder.zone) if now else None
    return asdict(view), asdict(centre) if centre else None


def evaluate(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Evaluate a month; one that has not ended is evaluated up to now."""
    from collector.web.months import evaluation_view

    with _existing(settings) as folder:
        now_ns = folder.clock.now().wall_ns
        until_ns = now_ns if options.month.end_ns(folder.zone) > now_ns else None
        found = asdict(evaluation_view(folder.evaluate(options.month, until_ns=until_ns)))
    for line in [json.dumps(found, indent=1)] if options.json else terminal.evaluation_lines(found):
        tell(line)
    return 0


def check(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Check the integrity of everything in the data folder."""
    with _existing(settings) as folder:
        problems = folder.check(progress=tell)
    for problem in problems:
        tell(f"PROBLEM {problem}")
    tell(f"{len(problems)} problem(s)" if problems else "whole: no problem found")
    return 1 if problems else 0


def quarantine(settings: Settings, options: Namespace, tell: Tell) -> int:
    """List what was put aside."""
    with _existing(settings) as folder:
        items = folder.journal.quarantined(limit=options.limit)
        rows = [
            [str(item.id), folder.zone.iso(item.received_ns), item.source, item.device, str(item.number), item.reason]
            for item in items
        ]
    for line in terminal.table(["id", "received", "source", "device", "line", "reason"], rows, right=[0, 4]):
        tell(line)
    return 0


def rebuild(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Make chunks and bins again."""
    from collector.ledger.rebuild import rebuild as again

    with _existing(settings, writer=True) as folder:
        inventory = folder.register.inventory()
        bins = folder.bins(inventory)
        tell(str(again(folder.journal, folder.archive, bins=bins, links=inventory.links, progress=tell)))
    return 0


def seal(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Seal the closed days."""
    from collector.ledger.seal import seal as close_days

    with _existing(settings, writer=True) as folder:
        today = folder.zone.day(folder.clock.now().wall_ns)
        records = close_days(folder.journal, folder.archive, today=today)
    for record in records:
        tell(f"sealed {record.day} part {record.part}: {record.root.hex()}")
    if not records:
        tell("nothing to seal")
    return 0


# --- who may send, who may look ---


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def agents(settings: Settings, options: Namespace, tell: Tell) -> int:
    """List agents and open invitations."""
    with _opened(settings) as folder:
        access, zone, now_ns = folder.register.access, folder.zone, folder.clock.now().wall_ns
        rows = [
            [
                *(key.agent, "revoked" if key.revoked_ns else "enrolled", zone.iso(key.enrolled_ns)),
                *(fingerprint(key.public), " ".join(key.devices)),
            ]
            for key in access.agents()
        ]
        rows += [
            [item.agent, "invited", f"until {zone.iso(item.expires_ns)}", "", " ".join(item.devices)]
            for item in access.invitations(now_ns=now_ns)
        ]
    for line in terminal.table(["agent", "state", "since", "key", "devices"], rows):
        tell(line)
    return 0


def agent_token(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Mint an enrolment token."""
    with _opened(settings) as folder:
        devices = options.device or [options.name]
        now_ns = folder.clock.now().wall_ns
        access = folder.register.access
        tell(access.mint_enrolment(agent=options.name, devices=devices, actor=_actor(), now_ns=now_ns))
    return 0


def bind_agent(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Change an agent's devices."""
    with _opened(settings) as folder:
        now_ns = folder.clock.now().wall_ns
        folder.register.access.bind(options.name, options.device, actor=_actor(), now_ns=now_ns)
    tell(f"{options.name} speaks of {' '.join(options.device)}")
    return 0


def revoke_agent(settings: Settings, options: Namespace, tell: Tell) -> int:
    """End an agent's key."""
    with _opened(settings) as folder:
        folder.register.access.revoke(options.name, actor=_actor(), now_ns=folder.clock.now().wall_ns)
    tell(f"{options.name} is revoked")
    return 0


def tokens(settings: Settings, options: Namespace, tell: Tell) -> int:
    """List write and operator's tokens."""
    with _opened(settings) as folder:
        rows = [
            [
                *(item.name, "operator" if item.operator else "write", folder.zone.iso(item.minted_ns)),
                *("revoked" if item.revoked_ns else "valid", " ".join(item.devices)),
            ]
            for item in folder.register.access.tokens()
        ]
    for line in terminal.table(["token", "kind", "since", "state", "devices"], rows):
        tell(line)
    return 0


def write_token(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Mint a write token."""
    with _opened(settings) as folder:
        now_ns = folder.clock.now().wall_ns
        access = folder.register.access
        tell(access.mint_write_token(name=options.name, devices=options.device, actor=_actor(), now_ns=now_ns))
    return 0


def operator_token(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Mint an operator's token."""
    with _opened(settings) as folder:
        now_ns = folder.clock.now().wall_ns
        tell(folder.register.access.mint_operator_token(name=options.name, actor=_actor(), now_ns=now_ns))
    return 0


def revoke_token(settings: Settings, options: Namespace, tell: Tell) -> int:
    """End a token."""
    with _opened(settings) as folder:
        access, now_ns = folder.register.access, folder.clock.now().wall_ns
        end = access.revoke_operator_token if options.kind == "operator" else access.revoke_write_token
        end(options.name, actor=_actor(), now_ns=now_ns)
    tell(f"{options.kind} token {options.name} is revoked")
    return 0


# --- inventory ---


def apply_inventory(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Record an inventory file as the newest revision."""
    document = read(options.file, zone=settings.place)
    with _opened(settings) as folder:
        changes = folder.register.apply(document, actor=_actor(), now_ns=folder.clock.now().wall_ns)
    tell(str(changes))
    tell(f"revision {changes.revision}" + ("" if changes else " stays"))
    return 0


def diff_inventory(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Show what applying a file would change."""
    document = read(options.file, zone=settings.place)
    with _opened(settings) as folder:
        tell(str(folder.register.diff(document)))
    return 0


def show_inventory(settings: Settings, options: Namespace, tell: Tell) -> int:
    """Show what is registered."""
    with _opened(settings) as folder:
        inventory, now_ns = folder.register.inventory(), folder.clock.now().wall_ns
    tell(f"{inventory.region or 'inventory'}, revision {inventory.revision}")
    rows = []
    for opd in inventory.opds:
        held = inventory.allocation_at(opd.code, now_ns)
        links = " ".join(f"{link.code}={link.device}:{link.point}" for link in inventory.links_of(opd.code))
        down, up = (held.down_bps, held.up_bps) if held else (None, None)
        number = held.decision_number if held else terminal.UNKNOWN
        rows.append([opd.code, opd.name, opd.klass, terminal.mbps(down), terminal.mbps(up), number, links])
    header = ["OPD", "name", "class", "unduh Mbps", "unggah Mbps", "decision", "links"]
    for line in terminal.table(header, rows, right=[3, 4]):
        tell(line)
    return 0


# --- to look at ---


def simulate(options: Namespace, tell: Tell) -> int:
    """Play a simulated month or year into a new data folder."""
    from collector import simulate as of_month
    from collector import simulate_year as of_year
    from collector.simulation.scenario import SimulationError

    zone = ZONES[options.zone]
    place = {"data": options.data, "opd": options.opd, "seed": options.seed, "zone": zone, "progress": tell}
    done: of_month.Simulated | of_year.SimulatedYear
    try:
        if options.year is None:
            done = of_month.run(month=options.month, **place)
        else:
            done = of_year.run(year=options.year, **place)
    except SimulationError as error:
        raise Impossible(str(error)) from error
    tell(f"{done.readings} readings; batches: {', '.join(f'{n} {name}' for name, n in done.verdicts.items())}")
    if options.year is None:
        tell(f"next: nadi report {options.month} --data {options.data}")
    else:
        tell(f"reports and roll-ups: {options.data / 'reports'}; next: nadi report list --data {options.data}")
    return 0


def try_here(options: Namespace) -> int:
    """Start a collector and an agent on this machine."""
    from collector import trial

    return trial.run(options.data)
