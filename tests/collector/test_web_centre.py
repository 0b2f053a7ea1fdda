"""What page and API show of the data centre: unknown is said, never green."""

from __future__ import annotations

from dataclasses import asdict

from collector import terminal
from collector.judge.datacentre import DataCentreNow
from collector.web.centre import centre_view, server_lines
from tests.collector.centre_sample import BARE, CARRIED, END_MS, GENERATOR, GOOD, NEVER, NONE, NOON, PROTECTED, UPS
from tests.collector.report_sample import ZONE

CENTRE = DataCentreNow(
    at_ms=END_MS,
    start_ms=NOON,
    ups=(UPS,),
    events=(CARRIED, NEVER),
    generators=(GENERATOR,),
    backups=(GOOD, NONE),
    servers=(PROTECTED, BARE),
    findings=(),
    notes=(),
)


def test_before_the_first_judgement_nothing_is_claimed() -> None:
    assert centre_view(None, zone=ZONE) is None
    assert server_lines(None) == []


def test_the_matrix_says_what_protects_each_server_and_why_not() -> None:
    good, bare = server_lines(CENTRE)
    assert (good.protected, good.shade, good.reasons) == ("Terlindung", "hidup", "")
    assert (bare.protected, bare.shade) == ("Belum terlindung", "mati")
    assert bare.cells == [
        ("tidak ada", "mati"),
        ("tidak ada", "mati"),
        ("tidak diketahui", "gelap"),
        ("tidak diketahui", "gelap"),
        ("tidak diminta", ""),
    ]
    assert bare.about.endswith("di luar pusat data")


def test_the_api_gives_bounds_and_nulls() -> None:
    view = centre_view(CENTRE, zone=ZONE)
    assert view is not None
    carried, never = view.outages
    assert (carried.transfer_least_seconds, carried.transfer_most_seconds) == (30.001, 49.001)
    assert (never.transfer_most_seconds, never.carried_by_generator, never.restored_by) == (None, False, None)
    good, none = view.backups
    assert (good.state, good.last_full) == ("baik", "2026-10-30T18:00:00+07:00")
    assert (none.state, none.age_hours, none.fault) == ("tidak diketahui", None, "sumber tidak ditemukan")
    assert [(server.code, server.protected) for server in view.servers] == [("srv-simpeg", True), ("srv-db", False)]


def test_the_terminal_shows_the_matrix_and_why_a_server_is_not_protected() -> None:
    view = centre_view(CENTRE, zone=ZONE)
    assert view is not None
    _, head, good, bare = terminal.centre_lines(asdict(view))
    assert head.split()[:4] == ["server", "name", "role", "protected"]
    assert ("aplikasi  yes" in good, good.count("ada")) == (True, 5)
    assert "database  no " in bare
    assert bare.endswith("tanpa UPS; keadaan cadangan tidak diketahui")
    assert terminal.centre_lines(None) == []
