"""Penyampaian laporan: which version went to whom, when, how, and what proves that it came (LT Pasal 21 ayat (4))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from collector.register.demands import a_month, filled, in_order, not_later
from collector.register.kinds import Context, Kind, Move, Reference
from collector.register.people import Role


@dataclass(frozen=True, slots=True)
class Delivery:
    """Version ``version`` of the report of ``month``, which stands in the register as ``report``, sent to somebody."""

    report: str
    month: str
    version: int
    recipient: str
    sent: datetime
    means: Literal["surat", "surel", "srikandi", "langsung", "lain"]
    sender: str = ""
    received: datetime | None = None
    receipt: str = ""
    failure: str = ""


def problems(form: Delivery, context: Context) -> Iterator[str]:
    """Say what is wrong."""
    yield from filled(form, "report", "recipient")
    yield from a_month(form.month)
    if form.version < 1:
        yield "version harus 1 atau lebih"
    yield from not_later(form, context, "sent", "received")
    yield from in_order(form, "sent", "received")
    if context.state == "diterima":
        yield from filled(form, "receipt")
        if form.received is None:
            yield "received (saat diterima) harus diisi"
    if context.state == "gagal":
        yield from filled(form, "failure")


SENDERS: Final[frozenset[Role]] = frozenset(("noc", "pemeriksa", "penetap"))
DELIVERY: Final = Kind(
    name="penyampaian",
    title="penyampaian laporan",
    prefix="SMP",
    form=Delivery,
    opens="dikirim",
    openers=SENDERS,
    moves=(
        Move("dikirim", "diterima", SENDERS, sets=("received", "receipt")),
        Move("dikirim", "gagal", SENDERS, sets=("failure",)),
    ),
    readers=frozenset(("auditor", "admin")),
    check=problems,
    at="month",
    by="sender",
    refers=(Reference("report", "laporan", ("disahkan", "disampaikan"), same=("month", "version")),),
    source="LT Pasal 21 ayat (4)",
)
