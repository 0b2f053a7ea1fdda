"""The papers of the simulated regency: an inventory document as an operator would write it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from collector.simulation.hall import ATS, GENERATOR, LIMIT_S, POLLER, SENSOR, SERVERS, UPSES
from collector.simulation.scenario import MBIT, REGION, Fate, Office
from collector.simulation.station import CHANGE_DAY, CHANGE_FACTOR
from collector.simulation.traffic import Grid

CENTRE = "SETDA-NOC"
CONTRACTS = (("KONTRAK-1", "rt-noc-1", 0.7), ("KONTRAK-2", "rt-noc-2", 0.3))
"""Contract, the NOC's router on it, its share of the traffic of all."""

BASIS = "Peraturan Bupati Contoh tentang Pengelolaan Bandwidth (SIMULASI)"
OFFICIAL = "Bupati Contoh"
_COST_PER_MBPS = 95_000
FLOOR = {"tinggi": 2, "sedang": 3, "dasar": 4}
Value = str | int | bool | list[str]
Table = tuple[str, Mapping[str, Value]]

OFFICE = """\
# Nama-nama rekaan untuk laporan SIMULASI.
region = "Kabupaten Contoh"
classification = "TERBATAS"
legal_basis = [
    "Peraturan Presiden Nomor 95 Tahun 2018 tentang Sistem Pemerintahan Berbasis Elektronik.",
    "Peraturan Bupati Contoh tentang Sistem Pemerintahan Berbasis Elektronik (rekaan).",
]

[letterhead]
government = "PEMERINTAH KABUPATEN CONTOH"
office = "DINAS KOMUNIKASI DAN INFORMATIKA"
address = ["Jalan Merdeka Nomor 1, Contoh 12345"]
place = "Contoh"

[letter]
number = "500.12.7/........../Diskominfo/{bulan}/{tahun}"
nature = "Terbatas"
attachment = "1 (satu) berkas"
recipient = "Ketua Tim Koordinasi SPBE Kabupaten Contoh"
through = "Sekretaris Daerah Kabupaten Contoh"
destination = "Contoh"
copies = ["Bupati Contoh (sebagai laporan)", "Inspektur Kabupaten Contoh"]

[prepared]
position = "Kepala Bidang Infrastruktur TIK"

[checked]
position = "Sekretaris Dinas Komunikasi dan Informatika"

[approved]
position = "Kepala Dinas Komunikasi dan Informatika"
"""
"""What the office would set in ``report.toml``; every name is made up."""


def inventory(place: Grid, offices: Sequence[Office]) -> str:
    """Return the inventory of these offices, in force since the month's year began, as TOML."""
    since = f"{place.month.year}-01-01"
    allocations = (table for number, office in enumerate(offices, 1) for table in _allocations(place, office, number))
    return _text([*_contracts(offices, since), *_places(offices, since), *allocations])


def year_inventory(year: int, offices: Sequence[Office], *, succeeded: bool) -> str:
    """Return the same without allocations, which somebody determines.

    The first contract ends with September; ``succeeded`` adds the one that follows it, for more.
    """
    since, ends = f"{year}-01-01", f"{year}-10-01"
    contracts: list[Table] = []
    for kind, values in _contracts(offices, since):
        first = kind == "contract" and values["code"] == CONTRACTS[0][0]
        contracts.append((kind, {**values, "valid_to": ends} if first else values))
        if first and succeeded:
            following = {"number": f"027/11/SPK/{year}", "valid_from": ends}
            contracts.append((kind, {**values, **following, **_bought(_mbps(offices, CONTRACTS[0][2]) + 100)}))
    return _text([*contracts, *_places(offices, since)])


def _places(offices: Sequence[Office], since: str) -> Iterator[Table]:
    yield "site", {"code": CENTRE, "name": "Pusat Data Kabupaten"}
    yield from _hall(offices[0].code, since)
    for office in offices:
        yield from _office(office, since)


def _text(tables: Sequence[Table]) -> str:
    return "\n".join(_toml(kind, values) for kind, values in tables)


def _toml(kind: str, values: Mapping[str, Value]) -> str:
    lines = [f"[[{kind}]]"]
    for key, value in values.items():
        bare = key in {"active_from", "valid_from", "valid_to", "date", "battery_installed", "insured_until"}
        lines.append(f"{key} = {value if bare else json.dumps(value, ensure_ascii=False)}")
    return "\n".join([*lines, ""])


def _contracts(offices: Sequence[Office], since: str) -> Iterator[Table]:
    for number, (code, device, share) in enumerate(CONTRACTS, 1):
        provider = f"PT Penyedia Contoh {number}"
        yield "device", {"code": device, "name": f"Router NOC {number}", "site": CENTRE}
        yield (
            "contract",
            {
                **{"code": code, "provider": provider, "number": f"027/{number:02d}/SPK/{since[:4]}"},
                **{**_bought(_mbps(offices, share)), "valid_from": since},
            },
        )
        yield (
            "link",
            _link(device, "sfp-sfpplus1", since)
            | {"role": "uplink", "vantage": "noc", "contract": code, "provider": provider},
        )


def _mbps(offices: Sequence[Office], share: float) -> int:
    """Return what a contract is for: its share of three quarters of all allocations, in steps of 50 Mbps."""
    wanted = sum(office.down_bps for office in offices) * 3 // 4 // MBIT
    return -(-round(wanted * share) // 50) * 50


def _bought(mbps: int) -> dict[str, Value]:
    return {"down_mbps": mbps, "up_mbps": mbps, "cost_rupiah_month": mbps * _COST_PER_MBPS}


def _hall(opd: str, since: str) -> Iterator[Table]:
    """Yield the data centre: two UPSes, a switch, a generator, a sensor, servers and their backups."""
    kinds = dict.fromkeys(UPSES, "ups") | {ATS: "ats", SENSOR: "sensor"}
    for code, kind in kinds.items():
        yield "device", {"code": code, "name": code.upper(), "site": CENTRE, "kind": kind, "source": POLLER}
    yield (
        "generator",
        {"code": GENERATOR, "name": "Genset pusat data", "ats": ATS, "transfer_limit_seconds": LIMIT_S},
    )
    for code, years in zip(UPSES, (1, 5), strict=True):
        installed = f"{int(since[:4]) - years}{since[4:]}"
        yield "ups", {"device": code, "battery_installed": installed, "battery_life_years": 4, "generator": GENERATOR}
    for server in SERVERS:
        yield "device", {"code": server.name, "name": server.title, "site": CENTRE, "kind": "server"}
        yield (
            "server",
            {
                **{"device": server.name, "role": server.role, "opd": opd, "datacentre": server.inside},
                **{"location": "Rak A1", "ups": [server.ups] if server.ups else []},
                **{"insured_until": f"{int(since[:4]) + 1}-06-30"},
            },
        )
        if server.backup is not None:
            yield (
                "backup",
                {
                    **{"code": f"{server.backup.job}-harian", "server": server.name, "job": server.backup.job},
                    **{"engine": server.backup.engine, "full_every_days": 2 * server.backup.full_days},
                },
            )


def _link(device: str, interface: str, since: str) -> dict[str, Value]:
    return {
        **{"code": device.replace("rt-", "tautan-", 1), "device": device, "interface": interface},
        **{"unduh": "receive", "vantage": "opd", "medium": "serat optik", "owner": REGION},
        **{"maintainer": "WAN", "active_from": since},
    }


def _office(office: Office, since: str) -> Iterator[Table]:
    site = f"lokasi-{office.code.lower()}"
    yield "site", {"code": site, "name": f"Kantor {office.name}"}
    yield "opd", {"code": office.code, "name": office.name, "priority": office.klass, "site": site}
    for device in office.devices:
        yield "device", {"code": device, "name": f"Router {office.name}", "site": site}
        medium = "radio nirkabel" if office.shape == "kecamatan" else "serat optik"
        yield "link", _link(device, "ether1-wan", since) | {"opd": office.code, "limited": True, "medium": medium}


def _allocations(place: Grid, office: Office, number: int) -> Iterator[Table]:
    since, decided = f"{place.month.year}-01-01", f"{place.month.year - 1}-12-15"
    yield "allocation", _allocation(office, 1, f"188.45/{100 + number}/{decided[:4]}", decided, since)
    if office.fate is Fate.CHANGED:
        change = place.month.days[CHANGE_DAY - 1]
        decided = (change - timedelta(days=5)).isoformat()
        number_changed = f"188.45/{300 + number}/{decided[:4]}"
        yield "allocation", _allocation(office, CHANGE_FACTOR, number_changed, decided, change.isoformat())


def _allocation(office: Office, factor: int, number: str, decided: str, since: str) -> dict[str, Value]:
    down, up = office.down_bps // MBIT * factor, office.up_bps // MBIT * factor
    part = FLOOR[office.klass]
    return {
        **{"opd": office.code, "number": number, "date": decided, "legal_basis": BASIS, "official": OFFICIAL},
        **{"priority": office.klass, "down_mbps": down, "up_mbps": up},
        **{"floor_down_mbps": down // part, "floor_up_mbps": up // part, "valid_from": since},
    }
