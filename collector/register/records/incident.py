"""Insiden dan permintaan: the five types of Barito Utara 11/2023 Pasal 37 ayat (3) and Samarinda Pasal 29 ayat (3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Final, Literal, get_args

from collector.judge.service import Case
from collector.measure.intervals import NEVER, Intervals
from collector.register.content import utc_ns
from collector.register.demands import filled, in_order, known_links, not_later
from collector.register.kinds import Context, Kind, Move
from collector.register.people import Actor, Role

IncidentType = Literal["keluhan", "gangguan", "masalah", "permintaan", "perubahan"]
INCIDENT_TYPES: tuple[IncidentType, ...] = get_args(IncidentType)
Attribution = Literal["", "WAN", "LAN", "Penyedia", "Listrik"]
"""Whose part it was (SM Pasal 15 ayat (4)-(5), 17 ayat (1)); "" is not known, or none of them."""

MOST_PAUSES = 100
FLIP: Final = Actor("nadi", frozenset(("noc",)))
"""Who opens an incident when a link's state flips."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the clock stands still, and why; ``ends`` None while it lasts."""

    starts: datetime
    reason: str
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """What was reported, and what was done; ``opd`` "" is the Dinas's own or everybody's.

    ``level`` is given when it is taken in hand ("": the one that the table assigns). Pauses count once the second
    person who closes the record approved them. ``suspected`` is a proposal with its ``evidence``, which somebody
    confirms or not by ``attribution``. ``recovered`` and ``restarted`` are when the line worked again and its router
    was switched on again, as ``recovered_by`` recorded it: what Nadi measured closes no incident.
    """

    type: IncidentType
    summary: str
    reporter: str
    started: datetime
    opd: str = ""
    link: str = ""
    contact: str = ""
    level: str = ""
    acknowledged: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    ended: datetime | None = None
    cause: str = ""
    action: str = ""
    attribution: Attribution = ""
    pauses_approved: bool = False
    closer: str = ""
    suspected: Attribution = ""
    evidence: str = ""
    recovered: datetime | None = None
    restarted: datetime | None = None
    recovered_by: str = ""

    @property
    def proposed(self) -> Attribution:
        """What seems to have been the cause: the power, where the router was switched on again, else the suspicion."""
        return "Listrik" if self.restarted is not None else self.suspected


def case_of(form: Incident) -> Case:
    """Return an incident for the judgement of its times; pauses count once they are approved."""
    ended = [(utc_ns(pause.starts), utc_ns(pause.ends)) for pause in form.pauses if pause.ends is not None]
    return Case(
        started_ns=utc_ns(form.started),
        acknowledged_ns=None if form.acknowledged is None else utc_ns(form.acknowledged),
        ended_ns=None if form.ended is None else utc_ns(form.ended),
        pauses=Intervals.of(ended) if form.pauses_approved else NEVER,
    )


def running_case(form: Incident, now_ns: int) -> Case:
    """Return an incident as its clock runs now: with every pause on record, also the lasting one."""
    spans = [(utc_ns(item.starts), utc_ns(item.ends) if item.ends else now_ns) for item in form.pauses]
    return replace(case_of(form), pauses=Intervals.of((start, max(start, end)) for start, end in spans))


def outage(form: Incident, *, until_ns: int) -> Intervals:
    """Return the time (UTC ns) to which an incident's attribution belongs; ``until_ns`` while it lasts."""
    return Intervals.of([(utc_ns(form.started), until_ns if form.ended is None else utc_ns(form.ended))])


def problems(form: Incident, context: Context) -> Iterator[str]:
    """Say what is wrong."""
    yield from filled(form, "summary", "reporter")
    yield from known_links((form.link,) if form.link else (), form.opd, context)
    yield from not_later(form, context, "started", "acknowledged", "ended")
    yield from in_order(form, "started", "acknowledged", "ended")
    yield from not_later(form, context, "recovered", "restarted")
    yield from in_order(form, "started", "restarted", "recovered")
    yield from _pauses(form, context)
    state = context.state
    if state != "dilaporkan" and form.acknowledged is None:
        yield "acknowledged (saat ditanggapi) harus diisi"
    if state in ("selesai", "ditutup"):
        yield from filled(form, "cause", "action")
        if form.ended is None:
            yield "ended (saat pulih atau selesai) harus diisi"
    elif form.ended is not None:
        yield f"ended harus kosong dalam keadaan {state}"


def _pauses(form: Incident, context: Context) -> Iterator[str]:
    if len(form.pauses) > MOST_PAUSES:
        yield f"jeda paling banyak {MOST_PAUSES}"
    edges = [form.started]
    for number, pause in enumerate(form.pauses, start=1):
        if not pause.reason.strip():
            yield f"jeda {number}: alasan harus diisi"
        edges += [pause.starts, *([pause.ends] if pause.ends else [])]
        yield from (f"jeda {number}: {problem}" for problem in not_later(pause, context, "starts", "ends"))
    edges += [form.ended] if form.ended else []
    if any(after < before for before, after in pairwise(edges)):
        yield "jeda harus berurutan, tidak bertumpang tindih, dan berada antara saat mulai dan saat selesai"
    lasting = [pause.ends is None for pause in form.pauses]
    if context.state == "ditunda" and not (lasting and lasting[-1] and not any(lasting[:-1])):
        yield "ditunda memerlukan tepat satu jeda yang belum berakhir, yang terakhir"
    if context.state != "ditunda" and any(lasting):
        yield "semua jeda harus berakhir sebelum penanganan dilanjutkan"


OPEN: Final = ("dilaporkan", "ditangani", "ditunda")
"""States in which somebody still works on it, or should."""

WORKERS: Final[frozenset[Role]] = frozenset(("noc",))
CHECKERS: Final[frozenset[Role]] = frozenset(("pemeriksa", "penetap"))
INCIDENT: Final = Kind(
    name="insiden",
    title="insiden atau permintaan",
    prefix="INS",
    form=Incident,
    opens="dilaporkan",
    openers=frozenset(("opd", "noc")),
    moves=(
        *(Move(state, state, WORKERS, sets=("recovered", "restarted"), by="recovered_by") for state in OPEN),
        Move("dilaporkan", "ditangani", WORKERS, sets=("acknowledged", "level")),
        Move("ditangani", "ditunda", WORKERS, sets=("pauses",)),
        Move("ditunda", "ditangani", WORKERS, sets=("pauses",)),
        Move("ditangani", "selesai", WORKERS, sets=("ended", "cause", "action", "attribution")),
        Move("selesai", "ditangani", WORKERS | CHECKERS, sets=("ended",)),
        Move("selesai", "ditutup", CHECKERS, sets=("pauses_approved",), another=True, by="closer"),
    ),
    readers=frozenset(("pemeriksa", "penetap", "auditor", "admin")),
    check=problems,
    opd="opd",
    at="started",
    source="BU Pasal 37 ayat (3); SM Pasal 29 ayat (3); TL Pasal 10; LT Pasal 32 ayat (3)",
)
