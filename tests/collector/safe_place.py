"""A collector's folder with a measured month and its report, a place for backups, and what a restore gives."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.clock import NS, WIB, ManualClock
from collector.folder import Folder
from collector.ledger.journal import Entry
from collector.running import Collector
from collector.safekeeping.form import Backup, find
from collector.safekeeping.making import Made, make
from collector.safekeeping.restoring import Restored, restore
from tests.collector.test_jobs import CLOSING, JULY, measure
from tests.collector.test_journal import batch
from tests.collector.web_visitor import running, settings_at

ACTOR = "cli:test"


def quiet(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Office:
    """A collector that has closed July, and where its backups and the restored folder lie."""

    collector: Collector
    clock: ManualClock
    place: Path
    new: Path

    @property
    def folder(self) -> Folder:
        """The data folder."""
        return self.collector.folder

    def append(self, first: int, count: int) -> list[Entry]:
        """Append batches of an agent; return them."""
        entries = [batch(first + i) for i in range(count)]
        self.folder.journal.append(entries)
        return entries

    def make(self, *, keep: int = 14) -> Made:
        """Make a backup a second later than the last."""
        self.clock.advance(NS)
        return make(self.folder, self.place, configuration=(), actor=ACTOR, keep=keep, tell=quiet)

    def restore(self, backup: Backup | None = None, *, accept_damage: bool = False) -> Restored:
        """Restore the newest backup."""
        return restore(
            backup or find(self.place),
            self.new,
            settings=None,
            clock=self.clock,
            actor=ACTOR,
            accept_damage=accept_damage,
            tell=quiet,
        )

    @contextmanager
    def restored(self) -> Iterator[Folder]:
        """Restore the newest backup and open what came of it."""
        self.restore()
        with Folder(settings_at(self.new), clock=self.clock, writer=True) as folder:
            yield folder


def closed_july(data: Path) -> ManualClock:
    """Make a data folder whose July is measured, sealed and has a report; return the clock as it stands then."""
    clock = ManualClock(WIB.parse("2026-07-30T10:00"), boot_ns=10**15, boot_id="b")
    with running(settings_at(data), clock=clock) as collector:
        measure(collector, clock)
        clock.advance(CLOSING - clock.now().wall_ns + NS)
        collector.jobs.run("seal")
        collector.folder.issue(JULY)
        assert collector.faults() == {}
    return clock


@contextmanager
def office(tmp_path: Path, closed: Path, clock: ManualClock) -> Iterator[Office]:
    """Run a collector on a copy of a folder that ``closed_july`` made."""
    shutil.copytree(closed, tmp_path / "data")
    now = clock.now()
    own = ManualClock(now.wall_ns, boot_ns=now.boot_ns, boot_id=now.boot_id)
    with running(settings_at(tmp_path / "data"), clock=own) as collector:
        yield Office(collector, own, tmp_path / "backups", tmp_path / "new")
