"""A collector with two OPD that both have figures, findings, proposals and a report, and an account of each role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fastapi import FastAPI
from starlette.routing import Mount, Route

from agent.clock import NS, ManualClock, Month
from collector.register.book import Record
from collector.register.kinds import Context
from collector.register.people import ROLES
from collector.register.records.proposal import PROPOSAL, Proposal
from collector.running import Collector
from collector.web.api import create
from tests.collector.register_sample import ALLOCATION, DEVICE, LINK, NOW, OPD, WHOLE, document
from tests.collector.web_visitor import ELSEWHERE, HERE, Visitor, running, settings_at

A, B = "BPKAD", "DIKBUD"
B_SIGNS = (B, "Dinas Pendidikan", "wan-dikbud", "r2", "SK-9")
OCTETS_A_SECOND = 100_000_000 // 8
SECOND = (
    (OPD + DEVICE + LINK + ALLOCATION)
    .replace("wan-bpkad", "wan-dikbud")
    .replace(A, B)
    .replace("Badan Keuangan", "Dinas Pendidikan")
    .replace('"r1"', '"r2"')
    .replace("SK-1", "SK-9")
)
INVENTORY = (
    (WHOLE + SECOND)
    .replace('owner = "Pemkab"', 'owner = "Pemkab"\nlimited = true')
    .replace('name = "Router 1"', 'name = "Router 1"\nsource = "token:tele"')
)
MONTH = Month(2026, 7)


@dataclass(frozen=True, slots=True)
class World:
    """The application, who may visit it, and a proposal of each OPD."""

    collector: Collector
    app: FastAPI
    visitors: dict[str, Visitor]
    proposals: dict[str, Record]


@contextmanager
def world(folder: Path) -> Iterator[World]:
    clock = ManualClock(NOW, boot_ns=10**15, boot_id="b")
    with running(settings_at(folder), clock=clock) as collector:
        collector.folder.register.apply(document(INVENTORY), actor="t", now_ns=NOW)
        collector.live.adopt(collector.folder.register.inventory())
        _measure(collector)
        collector.jobs.run("judge")
        collector.folder.issue(MONTH)
        proposals = {opd: _proposal(collector, opd) for opd in (A, B)}
        app = create(collector)
        yield World(collector, app, _visitors(collector, app), proposals)


def _measure(collector: Collector) -> None:
    access = collector.folder.register.access
    token = access.mint_write_token(name="tele", devices=["r1", "r2"], actor="t", now_ns=NOW)
    for device in ("r1", "r2"):
        body = "".join(
            f"nadi_interface,device={device},interface=ether1 receive_bytes_total="
            f"{(10**6 + second) * OCTETS_A_SECOND}u,transmit_bytes_total=0u {NOW + second * NS}\n"
            for second in range(-3600, 1, 30)
        )
        assert collector.ingest.write(body.encode(), token=token, precision="ns", gzip=False).status == 204


def asked(opd: str) -> Proposal:
    return Proposal(
        opd=opd,
        link=f"wan-{opd.lower()}",
        down_mbps=150,
        up_mbps=20,
        reason="Rekam medis elektronik di seluruh puskesmas",
        services=("SIMPUS",),
        users=140,
        starts=date(2026, 10, 1),
        target=date(2026, 12, 1),
        cost_rupiah_month=4_750_000,
        risk="Layanan melambat bila tidak dipenuhi",
    )


def _proposal(collector: Collector, opd: str) -> Record:
    register = collector.folder.register
    name = f"opd-{opd.lower()}"
    opds = register.inventory().opd
    register.accounts.add(name, full_name=name, roles=["opd"], opd=opd, opds=opds, actor="t", now_ns=NOW)
    context = Context(register.inventory(), collector.zone, NOW)
    return register.book.open(PROPOSAL, asked(opd), actor=register.accounts.actor(name), context=context)


def _visitors(collector: Collector, app: FastAPI) -> dict[str, Visitor]:
    """Return a visitor of each sort: *opd* is the first OPD's, *opd-b* the other one's."""
    register = collector.folder.register
    operator = register.access.mint_operator_token(name="grafana", actor="t", now_ns=NOW)
    tokens = {"operator": operator}
    for role in ROLES:
        if role != "opd":
            register.accounts.add(role, full_name=role, roles=[role], opds=(), actor="t", now_ns=NOW)
    names = {role: role for role in ROLES} | {"opd": f"opd-{A.lower()}", "opd-b": f"opd-{B.lower()}"}
    for who, name in names.items():
        tokens[who] = register.sessions.mint(name, label="uji", actor="t", now_ns=NOW)
    visitors = {"stranger": Visitor(app, ELSEWHERE, "nadi.example"), "local": Visitor(app, HERE)}
    for who, token in tokens.items():
        visitors[who] = Visitor(app, ELSEWHERE, "nadi.example", headers={"Authorization": f"Bearer {token}"})
    return visitors


def routes(app: FastAPI) -> set[tuple[str, str]]:
    """Return every route of the application by method and template."""
    found = set()
    for route in app.routes:
        assert isinstance(route, Route | Mount)
        if isinstance(route, Mount):
            found.add(("GET", route.path + "/{path:path}"))
        else:
            found |= {(method, route.path) for method in (route.methods or set()) - {"HEAD"}}
    return found


FILLED = {
    "{month}": str(MONTH),
    "{period}": "2026-Q3",
    "{opd}": A,
    "{label}": "tidak-ada",
    "{sort}": "write",
    "{sha256}": "0" * 64,
    "{file}": "manifest.json",
    "{name}": "status.css",
    "{path:path}": "swagger-ui.css",
    "{code}": "X-2026-00001",
}


def filled(path: str, **values: str) -> str:
    """Return a template with something in its places."""
    for name, value in {**FILLED, **{f"{{{name}}}": value for name, value in values.items()}}.items():
        path = path.replace(name, value)
    return path
