"""Reports over HTTP: written, listed, read, signed copies registered, sent, rolled up, verified; the agencies' sheets.

Who checks, approves or returns a version does it at its record in the register ``laporan``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agent.clock import Month
from collector import mailing, report_acts
from collector.register.acts import Conflict
from collector.register.book import Refused
from collector.report.period import Period
from collector.reports import Issue
from collector.running import Collector
from collector.web import report_words as words
from collector.web.auth import visitor_of
from collector.web.desk import Desk, Turns
from collector.web.policy import Visitor
from collector.web.sight import sight

if TYPE_CHECKING:
    from collector.report.signed import Checked

MonthPath = Annotated[str, InPath(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="Bulan, misalnya 2026-10")]
PeriodPath = Annotated[
    str, InPath(pattern=r"^20[0-9]{2}(-Q[1-4])?$", description="Triwulan atau tahun, misalnya 2026-Q3 atau 2026")
]
FilePath = Annotated[str, InPath(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="Nama berkas laporan")]
FileName = Annotated[
    str, Query(alias="name", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="Nama berkas yang dikirim")
]
Version = Annotated[int | None, Query(ge=1, le=100_000, description="Versi; tanpa ini yang disahkan terakhir")]
OpdPath = Annotated[str, InPath(max_length=20, description="Kode Perangkat Daerah")]
OpdCode = Annotated[str | None, Query(max_length=20, description="Hanya OPD ini")]
Asking = Annotated[Visitor, Depends(visitor_of)]

MOST_FILE = 16 << 20
WAITING = 4
"""Reports and sheets that may be written or wait for it at one time."""

MOST_RECIPIENTS = 5
"""Of one request: each may take a minute."""


class _ReportDesk(Desk):
    def __init__(self, collector: Collector) -> None:
        super().__init__(collector)
        self.folder, self.zone = collector.folder, collector.zone
        self.writing, self.sending = Turns(WAITING), Turns(1)

    def seen(self, month: Month, visitor: Visitor) -> list[Issue]:
        """Return the versions of a month that a visitor may see, the one that he means by the month first."""
        versions = self.folder.reports.versions(month)[::-1]
        approved = [issue for issue in versions if issue.is_approved]
        drafts = [issue for issue in versions if not issue.is_approved] if visitor.sees_drafts else []
        return approved + drafts

    def shown(self, issue: Issue, visitor: Visitor) -> dict[str, Any]:
        """Return a version as JSON."""
        record = self.folder.life.record(issue)
        editions = {name: place for name, place in issue.editions.items() if visitor.sees_drafts or name != words.DRAFT}
        edition, place = next(iter(editions.items()))
        return {
            "month": str(issue.month),
            "version": issue.version,
            "state": self.folder.life.state(issue),
            "record": record.code if record else None,
            "edition": edition,
            "signed": len(issue.signed),
            "code": issue.code,
            "files": sorted(file.name for file in place.iterdir() if file.is_file()),
        }


def add_reports(app: FastAPI, collector: Collector) -> None:
    """Add the routes."""
    desk = _ReportDesk(collector)
    _add_reading(app, desk)
    _add_acting(app, desk)
    _add_sending(app, desk)
    _add_rollups(app, desk)
    _add_sheets(app, desk)
    _add_verifying(app, desk)


def _add_reading(app: FastAPI, desk: _ReportDesk) -> None:
    @app.get(
        "/api/v1/reports",
        tags=["bulanan"],
        summary="Laporan yang ada, setiap versi; draf hanya bagi yang berhak",
        response_class=JSONResponse,
        responses=words.LISTED,
    )
    def reports(asking: Asking) -> Response:
        months = desk.folder.reports.months()
        found = [desk.shown(issue, asking) for month in months for issue in desk.seen(month, asking)]
        return JSONResponse(found)

    @app.get(
        "/api/v1/reports/{month}/{file}",
        tags=["bulanan"],
        summary="Satu berkas laporan: yang ditandatangani bila ada, lalu yang disahkan, lalu draf",
        responses=words.FILE,
        response_class=FileResponse,
    )
    def report(month: MonthPath, file: FilePath, asking: Asking, version: Version = None) -> FileResponse:
        for issue in desk.seen(Month.parse(month), asking):
            for edition, place in issue.editions.items():
                fits = version in (None, issue.version) and (asking.sees_drafts or edition != words.DRAFT)
                if fits and (place / file).is_file():
                    return FileResponse(place / file, filename=file)
        raise HTTPException(404, "tidak ada laporan atau berkas ini")


def _add_acting(app: FastAPI, desk: _ReportDesk) -> None:
    @app.post(
        "/api/v1/reports/{month}",
        tags=["bulanan"],
        summary="Susun laporan satu bulan yang telah berakhir (peran: admin, noc)",
        description="Versi baru hanya bila isinya berubah, atau versi terakhir dikembalikan; versi baru sesudah "
        "pengesahan adalah revisi dengan daftar perbedaan. Dasar: LT Pasal 21 ayat (3)",
        response_class=JSONResponse,
        status_code=201,
        responses=words.WRITTEN,
    )
    def write(month: MonthPath, asking: Asking) -> Response:
        def act() -> Response:
            with desk.writing.one():
                issue, written = report_acts.write(desk.folder, Month.parse(month), actor=asking.actor)
            return JSONResponse(desk.shown(issue, asking), status_code=201 if written else 200)

        return desk.answered(act)

    @app.post(
        "/api/v1/signatures/{month}",
        tags=["bulanan"],
        summary="Daftarkan salinan PDF yang ditandatangani di luar Nadi (peran: noc, pemeriksa, penetap)",
        description="Isi adalah PDF yang disahkan dengan tanda tangan PAdES di dalamnya. rewritten=true hanya bila "
        "layanan penanda tangan menulis ulang PDF dan halamannya telah dibandingkan orang.",
        response_class=JSONResponse,
        status_code=201,
        responses=words.SIGNED,
        openapi_extra={"requestBody": words.BROUGHT},
    )
    async def signed(
        request: Request,
        month: MonthPath,
        asking: Asking,
        version: Version = None,
        rewritten: Annotated[bool, Query(description="PDF ditulis ulang oleh layanan penanda tangan")] = False,
    ) -> Response:
        def act(data: bytes) -> Response:
            from collector.report.signing import SigningFault  # pyHanko is wanted by few

            issue = report_acts.approved(desk.folder, Month.parse(month), version)
            if not rewritten and not data.startswith(issue.pdf.read_bytes()):
                raise Refused(words.NOT_THE_SAME.format(name=issue.pdf.name))
            try:
                place = report_acts.register_signed(desk.folder, issue, data, by=asking.actor.name, rewritten=rewritten)
            except SigningFault as error:
                raise Refused(f"salinan bertanda tangan tidak diterima: {error}") from error
            return JSONResponse({**desk.shown(issue, asking), "file": place.name}, status_code=201)

        return await desk.brought(request, act, limit=MOST_FILE)


def _add_sending(app: FastAPI, desk: _ReportDesk) -> None:
    @app.post(
        "/api/v1/deliveries/{month}",
        tags=["bulanan"],
        summary="Kirim laporan yang disahkan dengan surel dan catat penyampaiannya (peran: noc, pemeriksa, penetap)",
        description="Penyampaian dengan cara lain dicatat pada register penyampaian. Dasar: LT Pasal 21 ayat (4)",
        response_class=JSONResponse,
        responses=words.SENT,
        openapi_extra={"requestBody": words.RECIPIENTS},
    )
    async def send(request: Request, month: MonthPath, asking: Asking, version: Version = None) -> Response:
        def act(body: dict[str, Any]) -> Response:
            recipients = _recipients(body)
            issue = report_acts.approved(desk.folder, Month.parse(month), version)
            file = desk.folder.settings.mail
            if file is None:
                raise Conflict("akun surel belum diatur; isi mail dalam collector.toml, atau catat penyampaian lain")
            with desk.sending.one():
                server = mailing.read_server(file)
                sent = list(report_acts.send(desk.folder, server, issue, recipients, actor=asking.actor))
            told = [{"recipient": item.recipient, "code": item.code, "failure": item.failure} for item in sent]
            return JSONResponse({"version": issue.version, "sent": told})

        return await desk.posted(request, act)


def _recipients(body: dict[str, Any]) -> list[str]:
    found = body.get("recipients")
    if body.keys() != {"recipients"} or not isinstance(found, list) or not 1 <= len(found) <= MOST_RECIPIENTS:
        raise Refused(f"isi harus tepat recipients: 1 sampai {MOST_RECIPIENTS} alamat surel")
    wrong = [item for item in found if not isinstance(item, str) or mailing.ADDRESS.fullmatch(item) is None]
    if wrong:
        raise Refused(*(f"{str(item)[:100]!r} bukan alamat surel" for item in wrong))
    return found


def _add_rollups(app: FastAPI, desk: _ReportDesk) -> None:
    @app.get(
        "/api/v1/rollups",
        tags=["bulanan"],
        summary="Rekapitulasi triwulan dan tahun yang ada",
        response_class=JSONResponse,
        responses=words.ROLLUPS,
    )
    def rollups() -> Response:
        return JSONResponse([words.rollup(place) for place in desk.folder.reports.rollups()])

    @app.post(
        "/api/v1/rollups/{period}",
        tags=["bulanan"],
        summary="Susun rekapitulasi dari laporan bulanan yang disahkan (peran: admin, noc)",
        response_class=JSONResponse,
        status_code=201,
        responses=words.ROLLED,
    )
    def roll_up(period: PeriodPath, asking: Asking) -> Response:
        def act() -> Response:
            with desk.writing.one():
                place, written = report_acts.roll_up(desk.folder, Period.parse(period), actor=asking.actor)
            return JSONResponse(words.rollup(place), status_code=201 if written else 200)

        return desk.answered(act)

    @app.get(
        "/api/v1/rollups/{period}/{file}",
        tags=["bulanan"],
        summary="Satu berkas rekapitulasi",
        responses=words.FILE,
        response_class=FileResponse,
    )
    def rollup(period: PeriodPath, file: FilePath, version: Version = None) -> FileResponse:
        for place in reversed(desk.folder.reports.rollups()):
            if place.parent.name == period and version in (None, int(place.name)) and (place / file).is_file():
                return FileResponse(place / file, filename=file)
        raise HTTPException(404, "tidak ada rekapitulasi atau berkas ini")


def _add_sheets(app: FastAPI, desk: _ReportDesk) -> None:
    reports = desk.folder.reports

    @app.get(
        "/api/v1/sheets",
        tags=["bulanan"],
        summary="Lembar Perangkat Daerah dari laporan yang disahkan; akun OPD hanya melihat lembarnya sendiri",
        response_class=JSONResponse,
        responses=words.SHEETS,
    )
    def sheets(asking: Asking, opd: OpdCode = None) -> Response:
        only = sight(desk.collector, asking, opd)
        approved = [issues[-1] for month in reports.months() if (issues := reports.approved(month))]
        found = [
            {"month": str(issue.month), "version": issue.version, "opd": code, "name": name}
            for issue in approved
            for code, name in issue.agencies().items()
            if only in (None, code)
        ]
        return JSONResponse(found)

    def made(month: str, opd: str, version: int | None, asking: Visitor) -> tuple[Issue, Any]:
        sight(desk.collector, asking, opd)
        issue = report_acts.approved(desk.folder, Month.parse(month), version)
        try:
            with desk.writing.one():
                return issue, reports.sheet(issue, opd, key=desk.folder.key)
        except KeyError as error:
            raise HTTPException(404, f"laporan {month} versi {issue.version} tidak memuat lembar {opd}") from error

    @app.get(
        "/api/v1/sheets/{month}/{opd}",
        tags=["bulanan"],
        summary="Berkas lembar satu Perangkat Daerah: PDF, angka (JSON, CSV), kamus data, manifes bertanda tangan",
        response_class=JSONResponse,
        responses=words.SHEET,
    )
    def sheet(month: MonthPath, opd: OpdPath, asking: Asking, version: Version = None) -> Response:
        def act() -> Response:
            issue, place = made(month, opd, version, asking)
            files = sorted(file.name for file in place.iterdir())
            return JSONResponse({"month": month, "version": issue.version, "opd": opd, "files": files})

        return desk.answered(act)

    @app.get(
        "/api/v1/sheets/{month}/{opd}/{file}",
        tags=["bulanan"],
        summary="Satu berkas lembar Perangkat Daerah",
        responses={**words.FILE, **words.BUSY},
        response_class=FileResponse,
    )
    def sheet_file(month: MonthPath, opd: OpdPath, file: FilePath, asking: Asking, version: Version = None) -> Response:
        def act() -> Response:
            _, place = made(month, opd, version, asking)
            if not (place / file).is_file():
                raise HTTPException(404, "tidak ada berkas ini pada lembar itu")
            return FileResponse(place / file, filename=file)

        return desk.answered(act)


def _add_verifying(app: FastAPI, desk: _ReportDesk) -> None:
    @app.post(
        "/api/v1/verify",
        tags=["bulanan"],
        summary="Periksa keutuhan berkas laporan yang dikirim: satu berkas, PDF bertanda tangan, atau ZIP seluruhnya",
        response_class=JSONResponse,
        responses=words.VERIFIED,
        openapi_extra={"requestBody": words.BROUGHT},
    )
    async def verify(request: Request, asking: Asking, name: FileName = "berkas") -> Response:
        def act(data: bytes) -> Response:
            from collector import report_checking  # with pyHanko, which few want

            return _told(report_checking.check_brought(desk.folder, name, data, opd=asking.opd))

        return await desk.brought(request, act, limit=MOST_FILE)

    @app.get(
        "/api/v1/verify/{month}",
        tags=["bulanan"],
        summary="Periksa keutuhan laporan yang tersimpan: draf, pengesahan, salinan bertanda tangan, dan lembar",
        response_class=JSONResponse,
        responses=words.VERIFIED_STORED,
    )
    def verify_stored(month: MonthPath, version: Version = None) -> Response:
        from collector import report_checking  # as above

        return desk.answered(lambda: _told(report_checking.check_stored(desk.folder, Month.parse(month), version)))


def _told(found: Checked) -> Response:
    count = len(found.problems)
    message = "utuh" if not count else f"tidak utuh: {count} hal tidak sesuai"
    body = {"whole": not count, "message": message, "facts": list(found.facts), "problems": list(found.problems)}
    return JSONResponse(body)
