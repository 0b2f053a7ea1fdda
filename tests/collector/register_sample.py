"""A small inventory document for tests of the register, and a register that holds it."""

from __future__ import annotations

from pathlib import Path

from agent.clock import WIB, ManualClock
from collector.register.document import Document, reads
from collector.register.revisions import Register

NOW = WIB.parse("2026-08-10T09:00")

SITE = '[[site]]\ncode = "noc"\nname = "Pusat Data"\n'
OPD = '[[opd]]\ncode = "BPKAD"\nname = "Badan Keuangan"\npriority = "tinggi"\nsite = "noc"\n'
DEVICE = '[[device]]\ncode = "r1"\nname = "Router 1"\nsite = "noc"\n'
CONTRACT = """[[contract]]
code = "isp"
provider = "PT Penyedia"
number = "K-1"
down_mbps = 450
up_mbps = 450
valid_from = 2026-01-01
valid_to = 2027-01-01
"""
LINK = """[[link]]
code = "wan-bpkad"
opd = "BPKAD"
device = "r1"
interface = "ether1"
unduh = "receive"
vantage = "opd"
medium = "serat optik"
owner = "Pemkab"
maintainer = "WAN"
active_from = 2026-01-01
"""
ALLOCATION = """[[allocation]]
opd = "BPKAD"
number = "SK-1"
date = 2025-12-22
legal_basis = "Pasal 21"
official = "Kepala Dinas"
priority = "tinggi"
down_mbps = 90
up_mbps = "12.5"
floor_down_mbps = 20
valid_from = 2026-01-01
"""
WHOLE = SITE + OPD + DEVICE + CONTRACT + LINK + ALLOCATION


def document(text: str = WHOLE) -> Document:
    return reads(text, source="inventory.toml", zone=WIB)


def later(number: str, valid_from: str, *, date: str = "2026-06-20", down: int = 111, more: str = "") -> str:
    """Return a later allocation of the same OPD."""
    text = (
        ALLOCATION.replace("SK-1", number).replace("2025-12-22", date).replace("down_mbps = 90", f"down_mbps = {down}")
    )
    return text.replace("valid_from = 2026-01-01", f"valid_from = {valid_from}") + more


def opened(folder: Path, clock: ManualClock | None = None) -> Register:
    return Register(folder / "register.db", zone=WIB, clock=clock or ManualClock(NOW), region="Kabupaten Contoh")
