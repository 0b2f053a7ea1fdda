"""The HTTP interface: FastAPI with OpenAPI for what is read, the page, the metrics; senders' routes in ``intake``."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from agent.clock import Month
from collector.feeds.exposition import CONTENT_TYPE, exposition
from collector.folder import VERSION
from collector.judge.allocation import Finding
from collector.ledger.archive import ArchiveError
from collector.ledger.chunks import ChunkDamaged
from collector.ledger.journal import JournalError
from collector.own import own_evaluation, own_findings, own_snapshot
from collector.register.engine import RegisterError
from collector.register.registers import KINDS
from collector.report.manifest import ReportDamaged
from collector.report.pdf import TypesetError
from collector.running import Collector
from collector.web import months, records, views
from collector.web.accounts import add_accounts
from collector.web.attachments import add_attachments
from collector.web.audit import add_audit
from collector.web.auth import Gate, visitor_of
from collector.web.centre import CentreView, centre_view
from collector.web.determinations import add_determinations
from collector.web.enrolment import Enrolment
from collector.web.facts import facts
from collector.web.importing import add_importing
from collector.web.intake import PATHS, Shortcut, routes
from collector.web.logbook import add_logbook
from collector.web.page import PAGES, StatusPage, content, own_content
from collector.web.policy import FIXED, Policy, Visitor, of_registers
from collector.web.power import PowerView, power_view
from collector.web.problems import add_handlers, described, problem
from collector.web.registers import add_registers
from collector.web.reports import MonthPath, add_reports
from collector.web.senders import add_senders
from collector.web.session import add_session
from collector.web.sight import sight

log = logging.getLogger(__name__)

OpdCode = Annotated[
    str | None, Query(max_length=20, description="Hanya OPD ini; akun OPD selalu hanya melihat OPD-nya sendiri")
]
Asking = Annotated[Visitor, Depends(visitor_of)]
FAULTS = (ArchiveError, ChunkDamaged, JournalError, RegisterError, ReportDamaged, TypesetError)
"""What may be wrong with the data folder: told in the answer, for only operators see it."""

OPENAPI = "3.0.3"
_REFUSED = {
    401: {"description": "Hanya dari mesin pengumpul sendiri, dengan token operator, atau dengan akun"},
    403: {"description": "Peran tidak berhak, atau data milik OPD lain"},
    500: {"description": "Folder data rusak atau tidak terbaca; pesan menyebut tempatnya"},
}
_DESCRIPTION = (
    "Pembacaan keadaan langsung, evaluasi bulanan, dan laporan. Nilai tidak dibulatkan; yang tidak diketahui adalah "
    "null; waktu ISO 8601 dengan selisih zona daerah. Laju *langsung* bukan angka laporan."
)


def create(collector: Collector) -> FastAPI:
    """Return the application over a running collector."""
    listen = collector.folder.settings.listen
    app = FastAPI(
        title="Nadi",
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        responses=_REFUSED,  # type: ignore[arg-type]
    )
    enrolment = Enrolment(
        access=collector.folder.register.access,
        clock=collector.clock,
        public=collector.folder.key.public,
        journal_id=collector.folder.journal.receipt_id,
        ca=listen.ca,
    )
    senders = routes(ingest=collector.ingest, enrolment=enrolment)
    app.router.routes.extend(senders)
    add_handlers(app)
    for fault in FAULTS:
        app.add_exception_handler(fault, _faulty)
    _add_live(app, collector)
    _add_months(app, collector)
    _add_register(app, collector)
    add_session(app, collector)
    add_reports(app, collector)
    add_registers(app, collector)
    add_attachments(app, collector)
    add_determinations(app, collector)
    add_logbook(app, collector)
    add_senders(app, collector)
    add_importing(app, collector)
    add_accounts(app, collector)
    add_audit(app, collector)
    _add_pages(app, collector)
    app.mount("/assets/swagger", StaticFiles(directory=swagger_ui_path))
    app.openapi = _described(app)  # type: ignore[method-assign]
    app.add_middleware(
        Gate,
        register=collector.folder.register,
        clock=collector.clock,
        policy=Policy({**FIXED, **of_registers(KINDS)}),
        routes=app.router.routes,
        behind_proxy=listen.behind_proxy,
    )
    app.add_middleware(Shortcut, senders=senders)
    return app


async def _faulty(request: Request, error: Exception) -> JSONResponse:
    log.error("%s: %s", request.url.path, error)
    return problem(500, str(error))


def _described(app: FastAPI) -> Callable[[], dict[str, Any]]:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            table = generate()
            table["paths"].update(copy.deepcopy(PATHS))
            table = described(table)
            app.openapi_schema = {**nullable(table), "openapi": OPENAPI}
        return app.openapi_schema

    return openapi


def nullable(value: Any) -> Any:
    """Say "or null" in the words of OpenAPI 3.0, which is what the bundled Swagger UI reads."""
    if isinstance(value, list):
        return [nullable(item) for item in value]
    if not isinstance(value, dict):
        return value
    table = {key: nullable(item) for key, item in value.items()}
    choices = table.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [choice for choice in choices if choice != {"type": "null"}]
        del table["anyOf"]
        return (
            {**table, "allOf": rest, "nullable": True} if "$ref" in rest[0] else {**table, **rest[0], "nullable": True}
        )
    return table


_NO_OPD: dict[int | str, dict[str, Any]] = {404: {"description": "Tidak ada OPD berkode itu"}}


def _add_live(app: FastAPI, collector: Collector) -> None:
    def seen(opd: str | None) -> tuple[Finding, ...] | None:
        judged = collector.judgement
        if judged is None or opd is None:
            return judged.findings if judged else None
        return own_findings(judged.findings, collector.live.inventory, opd)

    @app.get(
        "/api/v1/status", tags=["langsung"], summary="Keadaan tiap OPD dan tautan pada saat ini", responses=_NO_OPD
    )
    def status(asking: Asking, opd: OpdCode = None) -> views.StatusView:
        only = sight(collector, asking, opd)
        snapshot = collector.snapshot()
        return views.status_view(
            snapshot if only is None else own_snapshot(snapshot, only),
            findings=views.finding_views(seen(only), zone=collector.zone),
            region=collector.live.inventory.region,
            label=collector.folder.journal.label,
            zone=collector.zone,
        )

    @app.get(
        "/api/v1/findings",
        tags=["langsung"],
        summary="Temuan terbuka pada bin yang sudah ditutup; null bila belum diperiksa",
        responses=_NO_OPD,
    )
    def findings(asking: Asking, opd: OpdCode = None) -> list[views.FindingView] | None:
        return views.finding_views(seen(sight(collector, asking, opd)), zone=collector.zone)

    @app.get("/api/v1/power", tags=["langsung"], summary="Keadaan UPS, ATS, dan sensor lingkungan pada saat ini")
    def power() -> PowerView:
        return power_view(collector.snapshot().power, zone=collector.zone)

    @app.get(
        "/api/v1/datacentre",
        tags=["langsung"],
        summary="Server dan perlindungannya, cadangan, genset, dan listrik padam; null bila belum diperiksa",
    )
    def datacentre() -> CentreView | None:
        judged = collector.judgement
        return centre_view(judged.centre if judged else None, zone=collector.zone)

    @app.get("/metrics", tags=["langsung"], summary="Metrik Prometheus", response_class=Response)
    def metrics() -> Response:
        return Response(exposition(facts(collector)), media_type=CONTENT_TYPE)


def _add_months(app: FastAPI, collector: Collector) -> None:
    @app.get(
        "/api/v1/evaluations/{month}",
        tags=["bulanan"],
        summary="Evaluasi satu bulan, atau bulan berjalan",
        responses=_NO_OPD,
    )
    def evaluation(month: MonthPath, asking: Asking, opd: OpdCode = None) -> months.EvaluationView:
        only = sight(collector, asking, opd)
        found = collector.evaluation(Month.parse(month))
        return months.evaluation_view(found if only is None else own_evaluation(found, only))


def _add_register(app: FastAPI, collector: Collector) -> None:
    zone = collector.zone

    @app.get(
        "/api/v1/opd",
        tags=["daftar"],
        summary="OPD terdaftar, tautan, dan penetapan yang berlaku",
        responses=_NO_OPD,
    )
    def opds(asking: Asking, opd: OpdCode = None) -> list[records.OpdEntry]:
        only, snapshot = sight(collector, asking, opd), collector.snapshot()
        shown = snapshot if only is None else own_snapshot(snapshot, only)
        return records.opd_entries(shown, collector.live.inventory, zone=zone)

    @app.get("/api/v1/agents", tags=["daftar"], summary="Agen terdaftar dan kiriman terakhirnya")
    def agents() -> list[records.AgentView]:
        known = collector.folder.register.access.agents()
        return records.agent_views(known, collector.snapshot(), zone=zone)

    @app.get("/api/v1/quarantine", tags=["daftar"], summary="Kiriman yang ditolak beserta sebabnya")
    def quarantine(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100, after: Annotated[int, Query(ge=0)] = 0
    ) -> list[records.QuarantineView]:
        return records.quarantine_views(collector.folder.journal.quarantined(limit=limit, after_id=after), zone=zone)


def _add_pages(app: FastAPI, collector: Collector) -> None:
    page = StatusPage(zone=collector.zone)
    assets = {name: PAGES / name for name in ("status.css", "nadi.svg", "docs.js")}

    @app.get("/", include_in_schema=False)
    def status_page(asking: Asking) -> HTMLResponse:
        snapshot = collector.snapshot()
        if asking.opd is None:
            return HTMLResponse(page.render(snapshot, content(collector, drafts=asking.sees_drafts)))
        return HTMLResponse(page.render(own_snapshot(snapshot, asking.opd), own_content(collector, asking.opd)))

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse((PAGES / "docs.html").read_text(encoding="utf-8"))

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(name: str) -> FileResponse:
        if name not in assets:
            raise HTTPException(404, "tidak ada")
        return FileResponse(assets[name], headers={"Cache-Control": "max-age=3600"})
