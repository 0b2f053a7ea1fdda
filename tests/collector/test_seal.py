"""Closed days are sealed once, what is late becomes a further part, and a broken sealing heals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.clock import MS, WIB
from collector.ledger.archive import Archive, ArchiveError, SealRecord
from collector.ledger.check import check
from collector.ledger.journal import CLOCK_UNSURE, Journal
from collector.ledger.rebuild import rebuild
from collector.ledger.retention import forget_chunks, forgettable
from collector.ledger.seal import seal, sealed_upto
from tests.collector.ledger_sample import DAY_MS, LINK, START_MS, Ledger, Taken, day, steady


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path)
    yield made
    made.close()


def places(seals: list[SealRecord]) -> list[tuple[int, int]]:
    return [((s.day - day(0)).days, s.part) for s in seals]


def everything(ledger: Ledger) -> list[tuple[int, int]]:
    found = ledger.readings.counter(
        device="rt-1", interface="ether1", source="agen-1", start_ns=0, end_ns=(START_MS + 400 * DAY_MS) * MS
    )["receive"]
    return sorted(zip((found.time_ms - START_MS).tolist(), found.octets.tolist(), strict=True))


def as_taken(cycles: list[Taken]) -> list[tuple[int, int]]:
    return sorted((c.at_ms, c.receive) for c in cycles if c.receive is not None)


def test_only_days_that_are_over_are_sealed_and_only_once(ledger: Ledger) -> None:
    cycles = steady(60)
    ledger.take(cycles)
    assert places(seal(ledger.journal, ledger.archive, today=day(2))) == [(0, 0), (1, 0)]
    assert seal(ledger.journal, ledger.archive, today=day(2)) == []
    assert places(seal(ledger.journal, ledger.archive, today=day(3))) == [(2, 0)]
    assert everything(ledger) == as_taken(cycles)
    assert check(ledger.journal, ledger.archive) == []


def test_a_late_batch_becomes_a_further_part_and_rewrites_nothing(ledger: Ledger) -> None:
    cycles = steady(60)
    ledger.take(cycles, order=[i for i in range(60) if i % 5])
    seal(ledger.journal, ledger.archive, today=day(3))
    before = [(c.place, c.blob) for c in ledger.archive.chunks()]
    ledger.take(cycles, order=[i for i in range(60) if i % 5 == 0])
    assert everything(ledger) == as_taken(cycles)
    assert places(seal(ledger.journal, ledger.archive, today=day(3))) == [(0, 1), (1, 1), (2, 1)]
    assert everything(ledger) == as_taken(cycles)
    assert before == [(c.place, c.blob) for c in ledger.archive.chunks() if c.place.part == 0]
    assert check(ledger.journal, ledger.archive) == []


class Cut(Exception):
    """The process dies here."""


@pytest.mark.parametrize("at", range(12))
def test_a_sealing_broken_off_anywhere_heals_at_the_next(tmp_path: Path, at: int) -> None:
    steps = iter(range(100))

    class Mortal(Archive):
        def _dies(self) -> None:
            if next(steps) == at:
                raise Cut

        def put(self, chunks: object) -> None:
            self._dies()
            super().put(chunks)  # type: ignore[arg-type]
            self._dies()

        def record(self, seal: SealRecord) -> None:
            self._dies()
            super().record(seal)
            self._dies()

    ledger = Ledger(tmp_path)
    cycles = steady(60)
    ledger.take(cycles)
    with pytest.raises(Cut):
        seal(ledger.journal, Mortal(tmp_path / "chunks.db", zone=ledger.journal.zone), today=day(2))
    assert everything(ledger) == as_taken(cycles)
    ledger.take([*cycles, Taken(5_000, 5)], order=[60])
    seal(ledger.journal, ledger.archive, today=day(2))
    assert everything(ledger) == as_taken([*cycles, Taken(5_000, 5)])
    assert check(ledger.journal, ledger.archive) == []
    assert len(ledger.journal.seals()) == len(ledger.archive.seals())


def test_readings_of_unsure_time_are_sealed_with_the_day_of_receipt(ledger: Ledger) -> None:
    cycles = [Taken(60_000, 1), Taken(900 * DAY_MS, 2, flags=CLOCK_UNSURE, received_ms=70_000), Taken(80_000, 3)]
    ledger.take(cycles)
    assert places(seal(ledger.journal, ledger.archive, today=day(1))) == [(0, 0)]
    assert sealed_upto(ledger.journal, ledger.archive) == 3
    assert everything(ledger) == [(60_000, 1), (80_000, 3)]
    kept = [c for c in ledger.archive.chunks() if c.place.series.key.startswith("nadi_interface")]
    assert [c.place.day for c in kept] == [day(0)]
    assert seal(ledger.journal, ledger.archive, today=day(2)) == []


def test_the_journal_may_forget_what_is_sealed_old_and_reported(ledger: Ledger) -> None:
    ledger.take(steady(60))

    def upto(*, days: int = 40, issued: str = "2026-03") -> int:
        now_ns = (START_MS + days * DAY_MS) * MS
        return forgettable(ledger.journal, ledger.archive, now_ns=now_ns, is_issued=lambda m: str(m) <= issued)

    assert upto() == 0
    seal(ledger.journal, ledger.archive, today=day(2))
    assert upto() == 48 == sealed_upto(ledger.journal, ledger.archive)
    assert upto(issued="2026-02") == 0
    assert upto(days=36) == 24


def test_what_was_forgotten_is_read_from_the_chunks(ledger: Ledger) -> None:
    cycles = steady(60)
    ledger.take(cycles)
    seal(ledger.journal, ledger.archive, today=day(2))
    ledger.journal.forget(48)
    assert everything(ledger) == as_taken(cycles)
    assert check(ledger.journal, ledger.archive) == []
    seal(ledger.journal, ledger.archive, today=day(4))
    assert everything(ledger) == as_taken(cycles)


def test_rebuild_mends_a_lost_and_a_damaged_chunk_and_changes_nothing_else(ledger: Ledger) -> None:
    ledger.take(steady(60))
    seal(ledger.journal, ledger.archive, today=day(3))
    whole = [(c.place, c.blob) for c in ledger.archive.chunks()]
    made = ledger.bins.link_span(LINK, [day(0), day(1)])
    with ledger.archive._transaction() as db:
        db.execute("DELETE FROM chunk WHERE id = 1")
        db.execute("UPDATE chunk SET blob = zeroblob(50) WHERE id = 4")
    assert len(check(ledger.journal, ledger.archive)) == 2
    done = rebuild(ledger.journal, ledger.archive, bins=ledger.bins, links=[LINK])
    assert (done.chunks, done.kept, done.link_days) == (6, (), 3)
    assert sorted(whole) == sorted((c.place, c.blob) for c in ledger.archive.chunks())
    again = ledger.bins.link_span(LINK, [day(0), day(1)])
    assert all(a.same(b) for a, b in zip(made, again, strict=True))
    assert check(ledger.journal, ledger.archive) == []


def test_rebuild_keeps_chunks_whose_rows_are_forgotten(ledger: Ledger) -> None:
    ledger.take(steady(60))
    seal(ledger.journal, ledger.archive, today=day(3))
    ledger.journal.forget(30)
    done = rebuild(ledger.journal, ledger.archive, bins=ledger.bins, links=[LINK])
    assert places(list(done.kept)) == [(0, 0), (1, 0)]
    assert check(ledger.journal, ledger.archive) == []


def test_chunks_past_their_time_go_and_the_check_knows(ledger: Ledger) -> None:
    ledger.take(steady(60))
    seal(ledger.journal, ledger.archive, today=day(3))
    assert forget_chunks(ledger.archive, today=day(1).replace(year=2031)) == 2
    assert ledger.archive.days("rt-1") == [day(1), day(2)]
    assert check(ledger.journal, ledger.archive) == []


def test_an_archive_of_another_zone_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ArchiveError, match="was made for zone WITA, not WIB"):
        Archive(ledger.archive.path, zone=WIB)


def test_another_journal_does_not_take_over_the_seals_of_the_first(ledger: Ledger, tmp_path: Path) -> None:
    ledger.take(steady(30))
    seal(ledger.journal, ledger.archive, today=day(2))
    ledger.journal = Journal(tmp_path / "new.db", zone=ledger.journal.zone, floor_bytes=0)
    late = Taken(7_000, 77)
    ledger.readings.journal = ledger.journal
    ledger.take([late])
    assert sealed_upto(ledger.journal, ledger.archive) == 0
    assert (7_000, 77) in everything(ledger)
    assert places(seal(ledger.journal, ledger.archive, today=day(2))) == [(0, 1)]
    assert len(everything(ledger)) == 31
    assert check(ledger.journal, ledger.archive) == []
