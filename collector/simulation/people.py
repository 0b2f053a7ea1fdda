"""The people of the simulated regency; every name is made up, and whoever checks is another than who made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collector.register.people import Role
from collector.simulation.scenario import Office

NOC, CHECKER, DETERMINER, ADMIN, AUDITOR = "rina.noc", "budi.pemeriksa", "citra.penetap", "agus.admin", "wayan.auditor"


@dataclass(frozen=True, slots=True)
class Person:
    """An account without a password: nobody can log in as somebody who does not exist."""

    account: str
    full_name: str
    role: Role
    opd: str = ""


def speaker(code: str) -> str:
    """Return the account of who speaks for an OPD."""
    return f"opd.{code.lower()}"


def people(offices: Sequence[Office], codes: Sequence[str]) -> Iterator[Person]:
    """Yield everybody; of the offices, those with these codes have somebody who speaks for them."""
    yield Person(NOC, "Rina Kurniawati, S.Kom.", "noc")
    yield Person(CHECKER, "Budi Santoso, S.T., M.T.", "pemeriksa")
    yield Person(DETERMINER, "Dr. Citra Lestari, M.Si.", "penetap")
    yield Person(ADMIN, "Agus Prasetyo, A.Md.Kom.", "admin")
    yield Person(AUDITOR, "I Wayan Sudiarta, S.E., Ak.", "auditor")
    names = ("Nurhayati, S.Sos.", "dr. Hendra Wijaya", "Maria Tarigan, S.E.", "Fajar Nugroho, S.IP.")
    for name, code in zip(names, codes, strict=True):
        if any(office.code == code for office in offices):
            yield Person(speaker(code), name, "opd", code)
