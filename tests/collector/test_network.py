"""Availability of links from what was sent and recorded: through ingest, journal, seals and registers, none made up."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest

from agent.clock import NS, WIB, ManualClock, Month
from agent.reading import Reading, encode, reading
from collector.feeds.moment import written
from collector.folder import Folder
from collector.ingest import Ingest
from collector.judge.network import NetworkRow
from collector.ledger.seal import seal
from collector.network import network_of
from collector.register.document import reads
from collector.register.kinds import Context
from collector.register.records.disconnection import DISCONNECTION, Disconnection
from collector.register.records.incident import INCIDENT, Incident
from collector.register.records.maintenance import MAINTENANCE, Maintenance
from collector.register.records.service_level import SERVICE_LEVEL, Level, ServiceLevels
from collector.running import Collector
from collector.web.facts import facts
from tests.collector.book_sample import EVERYTHING, NOC, OFFICIAL
from tests.collector.web_visitor import settings_at

MONTH = Month(2026, 9)
BEGUN = WIB.parse("2026-09-01")
MINUTE, HOUR, DAY = 60 * NS, 3600 * NS, 86_400 * NS
DEVICES = ("r0", "r1", "ping")
_DEVICE = '[[device]]\ncode = "{}"\nname = "Perangkat"\nsite = "{}"\nsource = "token:tele"\nkind = "{}"\n'
_LINK = (
    '[[link]]\ncode = "{}"\nopd = "BPKAD"\ndevice = "{}"\ninterface = "{}"\nunduh = "receive"\nvantage = "{}"\n'
    'medium = "FO"\nowner = "Pemkab"\nmaintainer = "WAN"\nactive_from = 2026-09-01\n{}\n'
)
OPD_END = _LINK.format("wan-bpkad", "r1", "ether1", "opd", 'probe = "ping/bpkad"')
NOC_END = _LINK.format("noc-bpkad", "r0", "vlan7", "noc", 'same_as = "wan-bpkad"')
SECOND = _LINK.format("wan-bpkad-2", "r1", "ether2", "opd", "")
PLACE = "".join(
    (
        '[[site]]\ncode = "noc"\nname = "NOC"\n[[site]]\ncode = "kantor"\nname = "Kantor"\n',
        '[[opd]]\ncode = "BPKAD"\nname = "Badan Keuangan"\npriority = "tinggi"\nsite = "kantor"\n',
        _DEVICE.format("r0", "noc", "router"),
        _DEVICE.format("r1", "kantor", "router"),
        _DEVICE.format("ping", "noc", "server"),
    )
)
Fields = dict[str, int | float]
Told = Callable[[int], Fields | None]
"""What is read at a minute of the day, None: nothing."""


def between(first: float, last: float) -> Callable[[int], bool]:
    return lambda minute: first * 60 <= minute < last * 60


def port(when_down: Callable[[int], bool] = lambda _: False, silent: Callable[[int], bool] = lambda _: False) -> Told:
    return lambda minute: None if silent(minute) else {"up": int(not when_down(minute)), "receive_bytes_total": minute}


def probe(fails: Callable[[int], bool] = lambda _: False) -> Told:
    def told(minute: int) -> Fields:
        if fails(minute):
            return {"success": 0, "loss_ratio": 1.0}
        return {"success": 1, "loss_ratio": 0.25 if minute % 2 else 0.0, "rtt_seconds": 0.01 + minute % 100 / 1000}

    return told


def poll(fails: Callable[[int], bool] = lambda _: False, booted: float = -24) -> Told:
    def told(minute: int) -> Fields:
        if fails(minute):
            return {"up": 0}
        since = booted * 60 if minute >= booted * 60 else -1440
        return {"up": 1, "uptime_seconds": float((minute - since) * 60)}

    return told


SERIES = {
    "port": ("nadi_interface", {"device": "r1", "interface": "ether1"}),
    "second": ("nadi_interface", {"device": "r1", "interface": "ether2"}),
    "noc": ("nadi_interface", {"device": "r0", "interface": "vlan7"}),
    "probe": ("nadi_probe", {"device": "ping", "target": "bpkad", "probe": "icmp"}),
    "poll": ("nadi_device", {"device": "r1"}),
}


def day(**told: Told) -> list[Reading]:
    """Return a day's readings, minute by minute."""
    found = []
    for minute in range(1440):
        for name, tell in told.items():
            measurement, tags = SERIES[name]
            fields = tell(minute)
            if fields is not None:
                found.append(reading(measurement, fields, BEGUN + minute * MINUTE, **tags))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder(settings_at(tmp_path), clock=ManualClock(BEGUN - DAY), writer=True) as folder:
        yield folder


def register(folder: Folder, *links: str) -> None:
    document = reads(PLACE + "".join(links), source="test", zone=WIB)
    folder.register.apply(document, actor="t", now_ns=BEGUN - DAY)


def send(folder: Folder, readings: list[Reading]) -> None:
    clock, access = folder.clock, folder.register.access
    assert isinstance(clock, ManualClock)
    clock.advance(max(BEGUN + DAY + HOUR - clock.now().wall_ns, 0))
    name = f"tele-{folder.journal.length()}"
    token = access.mint_write_token(name="tele", devices=list(DEVICES), actor=name, now_ns=BEGUN)
    ingest = Ingest(journal=folder.journal, directory=access, key=folder.key, clock=clock, on_stored=lambda _: None)
    assert ingest.write(encode(readings), token=token, precision="ns", gzip=False).status == 204
    access.revoke_write_token("tele", actor=name, now_ns=BEGUN)


def judged(folder: Folder, code: str = "wan-bpkad", *, hours: float = 24) -> NetworkRow:
    """Judge the first hours of the month."""
    until_ns = BEGUN + round(hours * 60) * MINUTE
    inventory, readings = folder.register.inventory(), folder.readings
    found = network_of(inventory, readings, folder.register.book, MONTH, zone=WIB, until_ns=until_ns)
    return next(row for row in found.rows if row.link.code == code)


def minutes(row: NetworkRow) -> tuple[int, int, int]:
    """Return minutes down, minutes unknown, and how often it was down."""
    return row.found.down_ns // MINUTE, row.unknown_ns // MINUTE, row.found.outages


def test_a_link_that_answered_all_day_was_up_and_its_probe_is_ranked(folder: Folder) -> None:
    register(folder, OPD_END)
    send(folder, day(port=port(), probe=probe(), poll=poll()))
    row = judged(folder)
    assert minutes(row) == (0, 0, 0)
    assert row.found.gross == row.found.net == 1
    rtts = sorted(Fraction(str(0.01 + minute % 100 / 1000)) for minute in range(1440))
    assert (row.quality.rtt_median, row.quality.rtt_p95) == (rtts[719], rtts[1367])
    assert (row.quality.loss, row.quality.bursts) == (Fraction(1, 8), 1440)


def test_a_port_that_says_down_is_down_from_its_first_word_to_the_next(folder: Folder) -> None:
    register(folder, OPD_END)
    send(folder, day(port=port(between(6, 7)), poll=poll()))
    assert minutes(judged(folder)) == (60, 0, 1)


def test_a_gap_is_unknown_neither_up_nor_down(folder: Folder) -> None:
    register(folder, OPD_END)
    send(folder, day(port=port(silent=between(6, 9))))
    assert minutes(judged(folder)) == (0, 180 - 2, 0)
    assert minutes(judged(folder, hours=6)) == (0, 0, 0)


def test_what_the_centre_asks_in_vain_alone_is_unknown(folder: Folder) -> None:
    register(folder, OPD_END)
    fails = between(6, 9)
    send(folder, day(port=port(silent=fails), probe=probe(fails), poll=poll(fails)))
    assert minutes(judged(folder)) == (0, 180, 0)


def test_the_other_end_s_port_confirms_what_the_centre_asked_in_vain(folder: Folder) -> None:
    register(folder, OPD_END, NOC_END)
    fails = between(6, 9)
    send(folder, day(port=port(silent=fails), probe=probe(fails), poll=poll(fails), noc=port(between(6.5, 9))))
    assert minutes(judged(folder)) == (150, 30, 1)
    assert minutes(judged(folder, "noc-bpkad")) == (150, 30, 1)
    assert judged(folder, "noc-bpkad").quality == judged(folder).quality


def test_a_boot_later_proves_that_the_device_was_off_since_its_last_word(folder: Folder) -> None:
    register(folder, OPD_END)
    fails = between(6, 9)
    send(folder, day(port=port(silent=fails), poll=poll(fails, booted=8.5)))
    down, unknown, outages = minutes(judged(folder))
    assert (down, unknown, outages) == (151, 30, 1)


def test_the_answer_of_a_device_with_two_lines_proves_neither(folder: Folder) -> None:
    register(folder, OPD_END.replace('probe = "ping/bpkad"', ""), SECOND)
    send(folder, day(poll=poll(), second=port()))
    assert minutes(judged(folder)) == (0, 1440, 0)
    assert minutes(judged(folder, "wan-bpkad-2")) == (0, 0, 0)


def test_order_repetition_and_sealing_play_no_part(folder: Folder) -> None:
    register(folder, OPD_END, NOC_END)
    fails = between(6, 9)
    made = day(port=port(silent=fails), probe=probe(fails), poll=poll(fails, booted=8.5), noc=port(between(7, 8)))
    send(folder, made)
    before = judged(folder)
    random.Random(3).shuffle(made)
    send(folder, made[: len(made) // 2] + made[:50])
    assert judged(folder) == before
    folder.clock.advance(2 * DAY)  # type: ignore[attr-defined]
    assert list(seal(folder.journal, folder.archive, today=WIB.day(BEGUN + 3 * DAY)))
    assert judged(folder) == before


# --- what the registers hold ---


def at(hours: float) -> datetime:
    return WIB.local(BEGUN + round(hours * 60) * MINUTE)


def act(folder: Folder, when: float) -> Context:
    return Context(folder.register.inventory(), WIB, BEGUN + round(when * 60) * MINUTE)


def test_work_announced_in_time_counts_in_gross_and_not_in_net(folder: Folder) -> None:
    register(folder, OPD_END)
    send(folder, day(port=port(between(6, 9))))
    book = folder.register.book
    work = Maintenance("Ganti modem", "rutin", at(6), at(7), links=("wan-bpkad",))
    book.open(MAINTENANCE, work, actor=NOC, context=act(folder, -17))
    late = Maintenance("Mendadak", "mendesak", at(8), at(9), opds=("BPKAD",))
    book.open(MAINTENANCE, late, actor=NOC, context=act(folder, -10))
    row = judged(folder)
    assert (row.found.net_down_ns // MINUTE, row.planned_ns // MINUTE) == (180, 0)
    early = Maintenance("Ganti modem", "rutin", at(6.5), at(7), links=("wan-bpkad",))
    book.open(MAINTENANCE, early, actor=NOC, context=act(folder, -18))
    assert judged(folder).found.net_down_ns // MINUTE == 150
    assert judged(folder).found.gross == 1 - Fraction(180, 1440)
    assert judged(folder).found.net == 1 - Fraction(150, 1410)


def test_an_approved_disconnection_is_left_out_of_net_until_its_approved_end(folder: Folder) -> None:
    register(folder, OPD_END)
    send(folder, day(port=port(between(6, 9))))
    book = folder.register.book
    form = Disconnection("pemutusan", "BPKAD", "kapasitas", "uji", at(6), at(8), "Perbup", "surat")
    code = book.open(DISCONNECTION, form, actor=NOC, context=act(folder, 1)).code
    book.move(DISCONNECTION, code, "disetujui", actor=OFFICIAL, context=act(folder, 2))
    assert judged(folder).disconnected_ns == 0
    book.move(DISCONNECTION, code, "aktif", actor=NOC, context=act(folder, 6), values={"started": at(6)})
    row = judged(folder)
    assert (row.disconnected_ns // MINUTE, row.found.net_down_ns // MINUTE) == (120, 60)
    assert row.found.gross == 1 - Fraction(180, 1440)


def test_an_outage_is_attributed_by_the_incident_and_measured_against_the_level(folder: Folder) -> None:
    register(folder, OPD_END)
    send(folder, day(port=port(between(6, 9))))
    book = folder.register.book
    told = Incident("gangguan", "putus", "ani", at(6), opd="BPKAD", link="wan-bpkad")
    code = book.open(INCIDENT, told, actor=NOC, context=act(folder, 6.1)).code
    for target, values in (
        ("ditangani", {"acknowledged": at(6.2), "level": ""}),
        ("selesai", {"ended": at(8), "cause": "kabel", "action": "ganti", "attribution": "Penyedia"}),
    ):
        book.move(INCIDENT, code, target, actor=NOC, context=act(folder, 9), values=values)
    levels = ServiceLevels(
        at(0).date(), (Level("a", "A", 30, 240, availability_percent="87.5"),), "a", "Perbup", "pertama"
    )
    table = book.open(SERVICE_LEVEL, levels, actor=NOC, context=act(folder, -2)).code
    book.move(SERVICE_LEVEL, table, "berlaku", actor=OFFICIAL, context=act(folder, -1))
    row = judged(folder)
    assert [(part.attribution, part.gross_ns // MINUTE) for part in row.found.parts] == [("Penyedia", 120), ("", 60)]
    assert (row.target, row.found.net, row.kept) == (Fraction(875, 1000), Fraction(875, 1000), True)


def test_the_folder_s_report_tells_of_the_network(folder: Folder) -> None:
    register(folder, OPD_END)
    send(folder, day(port=port(between(6, 9))))
    folder.clock.advance(33 * DAY)  # type: ignore[attr-defined]
    issue, _ = folder.issue(MONTH, actor=EVERYTHING)
    chapter = next(item for item in issue.content()["bab"] if item["nomor"] == "VII")
    (line,) = next(block["tabel"]["baris"] for block in chapter["isi"] if "tabel" in block)
    assert (line["durasi_kotor_menit"], line["gangguan_kali"], line["status_jaringan"]) == (180, 1, "tidak dinilai")


def test_the_figures_of_the_month_to_date_are_series_and_what_is_not_judged_has_none(folder: Folder) -> None:
    register(folder, OPD_END, NOC_END)
    send(folder, day(port=port(between(6, 9))))
    collector = Collector(folder, clock=folder.clock)
    collector.jobs.run("judge")
    found = {(name, labels[0]): value for name, labels, value in written(facts(collector)) if "availability" in name}
    whole = 25 * 3600
    assert found["nadi_availability_down_seconds", "wan-bpkad"] == pytest.approx(3 * 3600)
    assert found["nadi_availability_unknown_seconds", "wan-bpkad"] == pytest.approx(3600 - 120)
    assert found["nadi_availability_net_ratio", "wan-bpkad"] == 1 - Fraction(3 * 3600, whole - 3480)
    assert found["nadi_availability_outages", "noc-bpkad"] == 1
    assert found["nadi_availability_target_ratio", "wan-bpkad"] is None
    assert {labels for name, labels in found} == {"wan-bpkad", "noc-bpkad"}


def test_the_month_to_date_is_judged_anew_once_an_hour(folder: Folder) -> None:
    register(folder, OPD_END)
    send(folder, day(port=port()))
    collector = Collector(folder, clock=folder.clock)
    known = []
    for minutes_later in (0, 30, 31):
        folder.clock.advance(minutes_later * MINUTE)  # type: ignore[attr-defined]
        collector.jobs.run("judge")
        assert collector.judgement is not None
        assert collector.judgement.network is not None
        known.append(collector.judgement.network.rows[0].found.expected_ns // MINUTE)
    assert known == [1500, 1500, 1561]
