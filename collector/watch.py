"""Looks at the links each minute: keeps since when they are as they are, opens an incident for a certain fall.

The register says which incidents are open, so neither flapping nor a restart opens one twice. What is only learned
afterwards (a backlog) opens none. A recovery is recorded beside the incident; people end it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.clock import MS, Zone
from collector.flips import Fall, LinkSince, Since, Standing, falls, follow
from collector.inventory import Inventory, Link
from collector.judge.now import State
from collector.live import Run, Snapshot
from collector.measure.states import UpsState
from collector.power import Power
from collector.register.book import Book, Papers, Record, Refused
from collector.register.content import utc_ns
from collector.register.kinds import Context
from collector.register.records.incident import FLIP, INCIDENT, OPEN, Attribution, Incident

log = logging.getLogger(__name__)

FILE = "links.json"
AWAY_MS = 900_000
"""After so long without a look nobody knows what was in between."""

MOST_REVISIONS = 200
"""Of an incident whose link comes and goes; then its recovery is left to people."""

MOST_NAMED = 100
_MAINTAINERS: tuple[Attribution, ...] = ("WAN", "LAN", "Penyedia")
_DARK = {UpsState.MATI: "mati", UpsState.BATERAI: "pada baterai", UpsState.BATERAI_LEMAH: "baterai lemah"}


@dataclass(frozen=True, kw_only=True, slots=True)
class IncidentSettings:
    """Whether a fall opens an incident by itself, and after how many seconds it, or a recovery, is certain."""

    open_by_flip: bool = True
    confirm_seconds: int = 180
    settle_seconds: int = 600

    def __post_init__(self) -> None:
        for name, value in (("confirm_seconds", self.confirm_seconds), ("settle_seconds", self.settle_seconds)):
            if not 0 <= value <= 3600:
                raise ValueError(f"{name} is not between 0 and 3600")


class Watch:
    """Watches the links of one data folder; for one thread. ``standing`` may be read by others."""

    def __init__(self, data: Path, settings: IncidentSettings, *, book: Book, zone: Zone) -> None:
        self._path, self._settings, self._book, self._zone = data / FILE, settings, book, zone
        self.standing: Standing = {}
        self._looked_ms = 0
        self._loaded = False

    def look(
        self, snapshot: Snapshot, runs: Mapping[str, Run], inventory: Inventory, incidents: Iterable[Record]
    ) -> None:
        """Look once; RegisterError, OSError."""
        now_ms = snapshot.window.now_ms
        if not self._loaded:
            self._load()
        if not 0 <= now_ms - self._looked_ms <= AWAY_MS:
            self.standing = {}
        self.standing, self._looked_ms = follow(self.standing, snapshot, runs), now_ms
        context = Context(inventory, self._zone, snapshot.now_ns)
        known = list(incidents)
        self._record(known, snapshot, runs, context)
        if self._settings.open_by_flip:
            confirm_ms = self._settings.confirm_seconds * 1000
            for fall in falls(snapshot, self.standing, runs, confirm_ms=confirm_ms):
                if not any(_covers(item, fall) for item in known):
                    self._open(fall, snapshot.power, context)
        self._save()

    # --- incidents ---

    def _open(self, fall: Fall, power: Power, context: Context) -> None:
        link = fall.link
        suspected, evidence = suspicion(link, context.inventory, power)
        form = Incident(
            type="gangguan",
            summary=summary(fall, self._zone),
            reporter=FLIP.name,
            started=self._zone.local(fall.since_ms * MS),
            opd=link.opd,
            link=link.code,
            suspected=suspected,
            evidence=evidence,
        )
        try:
            made = self._book.open(INCIDENT, form, actor=FLIP, context=context)
        except Refused as error:
            log.error("no incident for the fall of %s: %s", link.code, error)
        else:
            log.info("%s opened: %s is down since %s", made.code, link.code, form.started.isoformat())

    def _record(self, known: Iterable[Record], snapshot: Snapshot, runs: Mapping[str, Run], context: Context) -> None:
        for item in known:
            form: Incident = item.form
            seen = self.standing.get(form.link)
            if item.state in OPEN and form.reporter == FLIP.name and seen and item.revision < MOST_REVISIONS:
                values = self._change(form, seen, runs.get(form.link), snapshot, context.inventory)
                if values is not None:
                    self._move(item, values, context)

    def _change(
        self, form: Incident, seen: LinkSince, run: Run | None, snapshot: Snapshot, inventory: Inventory
    ) -> dict[str, Any] | None:
        """Return what is to be recorded: a recovery that stood, or that the link fell again; None for nothing."""
        now_ms, began_ms = snapshot.window.now_ms, utc_ns(form.started) // MS
        if form.recovered is not None:
            shown, confirm_ms = seen.shown, self._settings.confirm_seconds * 1000
            again = shown.state is State.MATI and (shown.since_ms or now_ms) * MS > utc_ns(form.recovered)
            fell = again and now_ms - (shown.since_ms or now_ms) >= confirm_ms
            return {"recovered": None, "restarted": None} if fell else None
        since_ms = seen.measured.since_ms
        if since_ms is None and run is not None:
            since_ms = run.first_ms
        if seen.measured.state is not State.HIDUP or since_ms is None:
            return None
        if since_ms <= began_ms or now_ms - since_ms < self._settings.settle_seconds * 1000:
            return None
        booted_ms = booted(inventory, form.link, snapshot.power)
        restarted = booted_ms is not None and began_ms <= booted_ms <= since_ms
        return {
            "recovered": self._zone.local(since_ms * MS),
            "restarted": self._zone.local((booted_ms or 0) * MS) if restarted else None,
        }

    def _move(self, item: Record, values: dict[str, Any], context: Context) -> None:
        note = "Jatuh lagi menurut pengukuran" if values["recovered"] is None else "Pulih menurut pengukuran"
        try:
            self._book.move(
                INCIDENT, item.code, item.state, actor=FLIP, context=context, values=values, papers=Papers(note=note)
            )
        except Refused as error:  # somebody was faster: the next look sees it
            log.info("%s: not recorded: %s", item.code, error)

    # --- links.json ---

    def _load(self) -> None:
        self._loaded = True
        try:
            table = json.loads(self._path.read_bytes())
            self.standing = {
                code: LinkSince(Since(State(a), b), Since(State(c), d)) for code, (a, b, c, d) in table["links"].items()
            }
            self._looked_ms = int(table["looked_ms"])
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s cannot be read (%s): since when links are as they are is learned anew", self._path, error)
            self.standing, self._looked_ms = {}, 0

    def _save(self) -> None:
        links = {
            code: (item.shown.state, item.shown.since_ms, item.measured.state, item.measured.since_ms)
            for code, item in self.standing.items()
        }
        fresh = self._path.with_suffix(".new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"looked_ms": self._looked_ms, "links": links}, file)
        fresh.replace(self._path)


def _covers(item: Record, fall: Fall) -> bool:
    """Tell whether an incident is about a fall: an open one of the line or its OPD, or one that ended since it fell."""
    form: Incident = item.form
    if form.type != "gangguan":
        return False
    if item.state in OPEN:
        return form.link == fall.link.code or (not form.link and bool(form.opd) and form.opd == fall.link.opd)
    return form.link == fall.link.code and form.ended is not None and utc_ns(form.ended) >= fall.since_ms * MS


def summary(fall: Fall, zone: Zone) -> str:
    """Say in words what fell, since when, and who is behind it."""
    link, when = fall.link, zone.local(fall.since_ms * MS)
    since = "sejak" if fall.dated else "sekurang-kurangnya sejak"
    what = f"Tautan hulu {link.code}" if link.role == "uplink" else f"Tautan {link.code}"
    text = f"{what} mati menurut pengukuran {since} {when:%d-%m-%Y %H.%M.%S} {zone.name}."
    if fall.behind:
        named = ", ".join(fall.behind[:MOST_NAMED])
        more = len(fall.behind) - MOST_NAMED
        text += f" Perangkat Daerah di belakangnya: {named}{f', dan {more} lainnya' if more > 0 else ''}."
    return text[:2000]


def suspicion(link: Link, inventory: Inventory, power: Power) -> tuple[Attribution, str]:
    """Return whose part a fall seems to be, with what says so: the power of the place, else who maintains the line."""
    opd = inventory.opd.get(link.opd)
    site = opd.site if opd else inventory.device[link.device].site
    for ups in power.ups:
        if ups.device.site == site and ups.state in _DARK:
            return "Listrik", f"UPS {ups.device.code} di lokasi {site} {_DARK[ups.state]}"
    found: Attribution = next((name for name in _MAINTAINERS if name == link.maintainer), "")
    return found, f"pengelola tautan menurut inventaris: {found}" if found else ""


def booted(inventory: Inventory, code: str, power: Power) -> int | None:
    """Return when the router at the OPD's end of a link was switched on (UTC ms), by what it told last of itself."""
    link = inventory.link.get(code)
    if link is None:
        return None
    ends = [item for item in inventory.links if item.code == code or code == item.same_as or item.code == link.same_as]
    devices = {item.device for item in ends if item.vantage == "opd"}
    for item in power.latest:
        if item.device.code in devices and not item.tags:
            boot = item.fields.get("boot_time_seconds")
            if item.measurement == "nadi_host" and boot is not None:
                return int(boot * 1000)
            uptime = item.fields.get("uptime_seconds")
            if item.measurement == "nadi_device" and uptime is not None:
                return item.seen_ms - int(uptime * 1000)
    return None
