"""The status page: the live state in formal Indonesian, plain HTML, nothing from outside, no script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agent.clock import MS, Month, Zone
from agent.identity import fingerprint
from collector.folder import Folder
from collector.judge.allocation import Finding, Severity
from collector.judge.now import Flow, State
from collector.live import LinkLive, OpdLive, Snapshot
from collector.own import own_findings
from collector.report.centre_words import FINDING
from collector.report.document import rounded
from collector.report.manifest import NAME
from collector.report.sheet import PAPER
from collector.report.words import MISSING, number
from collector.report.words import day as in_words
from collector.report.words import month as in_month
from collector.reports import Issue
from collector.running import Collector
from collector.web.centre import ServerLine, server_lines
from collector.web.power import power_lines

PAGES = Path(__file__).parent / "pages"
REFRESH_SECONDS = 10

STATE_WORDS = {
    State.MATI: "Mati",
    State.HIDUP: "Hidup",
    State.TERGANGGU: "Terganggu",
    State.TIDAK_DIKETAHUI: "Tidak diketahui",
    State.PEMELIHARAAN: "Pemeliharaan",
    State.PEMUTUSAN: "Pemutusan sementara",
}
STATE_CLASS = {State.MATI: "mati", State.HIDUP: "hidup", State.TIDAK_DIKETAHUI: "gelap"}
CLOSED = (State.PEMELIHARAAN, State.PEMUTUSAN)
"""States that people decided: what is measured is told beside them."""


@dataclass(frozen=True, slots=True)
class SenderLine:
    """One registered agent on the page; ``received_ns`` is None where it has not sent recently."""

    name: str
    received_ns: int | None
    fresh: bool


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One open finding in words."""

    severity: str
    object: str
    text: str
    since_ns: int


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One report in the data folder: the month in words, its version, links to its files."""

    month: str
    version: str
    files: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PageContent:
    """What the page shows beside the snapshot; ``findings`` is None while nothing is judged.

    ``own`` is the page of one OPD: nothing of agents, servers, reports and the collector itself.
    """

    region: str
    label: str
    senders: Sequence[SenderLine]
    findings: Sequence[FindingLine] | None
    servers: Sequence[ServerLine]
    reports: Sequence[ReportLine]
    faults: Sequence[str]
    entries: int
    fingerprint: str
    own: bool = False


def mbps(rate: Fraction | int | None) -> str:
    """Write a rate in Mbps with two decimals; unknown is ``-``."""
    return MISSING if rate is None else number(rounded(Fraction(rate) / 1_000_000, 2))


def percent(value: Fraction | None) -> str:
    """Write a ratio as percent with one decimal; unknown is ``-``."""
    return MISSING if value is None else f"{number(rounded(value * 100, 1))} %"


RULE_WORDS = {
    "at_ceiling": "Penggunaan {direction} mencapai batas: {value} Mbps, ambang {limit} Mbps",
    "over_allocation": "Penggunaan {direction} melampaui alokasi padahal dibatasi: {value} Mbps, ambang {limit} Mbps",
    "line_difference": "Hasil ukur {direction} kedua ujung tautan berbeda {value} dalam sehari, ambang {limit}",
    "line_silence": "Ujung tautan ini diam {value} menit sedangkan ujung lainnya terukur, ambang {limit} menit",
    "log_check_overdue": "Pemeriksaan log bulan ini belum disahkan padahal tenggatnya lewat",
    "report_undelivered": "Laporan bulan ini belum disampaikan padahal tenggatnya lewat",
    "followup_overdue": "Tindak lanjut rekomendasi melewati tenggat",
    "disconnection_overdue": "Pemutusan atau pemblokiran melewati rencana selesai",
    "incident_unanswered": "Insiden belum ditanggapi padahal waktu tanggapnya habis",
    "incident_unrestored": "Insiden belum selesai padahal waktu pulihnya habis",
    "contract_ends": "Kontrak kapasitas akan berakhir tanpa lanjutan: peringatan pertama",
    "contract_ends_soon": "Kontrak kapasitas akan berakhir tanpa lanjutan: peringatan kedua",
    "contract_ends_next": "Kontrak kapasitas akan berakhir tanpa lanjutan: peringatan terakhir",
    "contract_ended": "Kontrak kapasitas sudah berakhir tanpa lanjutan, sedangkan tautan hulunya masih dipakai",
    "outage_unrecorded": "Tautan pernah mati pada bulan ini tanpa insiden yang dicatat",
    "snmp_v2c": "Dibaca dengan SNMP tanpa pengamanan (v1/v2c); gunakan SNMPv3 authPriv",
}
_AMOUNTS: Mapping[str, Callable[[Fraction], str]] = {
    "bit/s": lambda value: mbps(value),
    "1": lambda value: percent(value),
    "s": lambda value: number(rounded(value / 60, 0)),
    "": lambda value: "",
}
SEVERITY_WORDS = {Severity.WARNING: "Tinggi", Severity.NOTICE: "Sedang", Severity.LOW: "Rendah"}
JOB_WORDS = {
    "watch": "Pengamatan tautan",
    "judge": "Pemeriksaan bin",
    "seal": "Penyegelan harian",
    "close_month": "Penutupan bulan",
    "retention": "Retensi",
    "check": "Pemeriksaan keutuhan",
    "refusals": "Pencatatan penolakan",
}


def own_content(collector: Collector, opd: str) -> PageContent:
    """Gather what the page shows to an account of one OPD."""
    judged, inventory = collector.judgement, collector.live.inventory
    return PageContent(
        region=inventory.region,
        label=collector.folder.journal.label,
        senders=(),
        findings=[_finding(item) for item in own_findings(judged.findings, inventory, opd)] if judged else None,
        servers=(),
        reports=_own_reports(collector.folder, opd),
        faults=(),
        entries=0,
        fingerprint="",
        own=True,
    )


def content(collector: Collector, *, drafts: bool = True) -> PageContent:
    """Gather what the page shows beside the snapshot; reports that are not approved only with ``drafts``."""
    folder, snapshot = collector.folder, collector.snapshot()
    check = folder.last_check()
    faults = [f"Pekerjaan gagal: {JOB_WORDS[name]} ({fault})" for name, fault in collector.faults().items()]
    if check is not None and check.problems:
        faults.append(f"Pemeriksaan keutuhan menemukan {len(check.problems)} kelainan; jalankan: nadi check")
    issues = [issue for month in reversed(folder.reports.months()[-6:]) for issue in _shown(folder, month, drafts)]
    judged = collector.judgement
    return PageContent(
        region=collector.live.inventory.region,
        label=folder.journal.label,
        senders=_senders(collector, snapshot),
        findings=[_finding(item) for item in judged.findings] if judged else None,
        servers=server_lines(judged.centre) if judged else (),
        reports=[_report(issue, folder.life.state(issue)) for issue in issues],
        faults=faults,
        entries=folder.journal.length(),
        fingerprint=fingerprint(folder.key.public),
    )


def _senders(collector: Collector, snapshot: Snapshot) -> list[SenderLine]:
    known = [key.agent for key in collector.folder.register.access.agents() if key.revoked_ns is None]
    found = [(name, snapshot.senders.get(name)) for name in known]
    return [
        SenderLine(name, sender.received_ns if sender else None, bool(sender and sender.fresh))
        for name, sender in found
    ]


def _finding(item: Finding) -> FindingLine:
    amount = _AMOUNTS[item.unit]
    words = RULE_WORDS.get(item.rule) or FINDING[item.rule]
    text = words.format(direction=item.direction, value=amount(item.value), limit=amount(item.limit))
    return FindingLine(SEVERITY_WORDS[item.severity], item.object, text, item.start_ns)


def _shown(folder: Folder, month: Month, drafts: bool) -> list[Issue]:
    """Return of a month's report the newest approved version, and a newer draft."""
    approved, newest = folder.reports.approved(month)[-1:], folder.reports.newest(month)
    draft = [newest] if drafts and newest is not None and newest not in approved and not newest.is_approved else []
    return draft + approved


def _report(issue: Issue, state: str) -> ReportLine:
    place = next(iter(issue.editions.values()))
    names = sorted(file.name for file in place.iterdir() if file.name.endswith((".pdf", ".xlsx", ".json")))
    shown = [name for name in names if name != NAME and not name.endswith(PAPER)]
    links = [(name.rpartition(".")[2].upper(), f"/api/v1/reports/{issue.month}/{name}") for name in shown]
    return ReportLine(in_month(issue.month), f"versi {issue.version} ({state})", links)


def _own_reports(folder: Folder, opd: str) -> list[ReportLine]:
    """Return an agency's sheets of the approved reports."""
    issues = [issue for month in reversed(folder.reports.months()[-6:]) for issue in _shown(folder, month, False)]
    lines = []
    for issue in issues:
        if opd in issue.agencies():
            stem = issue.sheet_stem(opd)
            place = f"/api/v1/sheets/{issue.month}/{opd}"
            links = [(form.upper(), f"{place}/{stem}.{form}") for form in ("pdf", "json")]
            lines.append(ReportLine(in_month(issue.month), f"versi {issue.version} (lembar {opd})", links))
    return lines


def _state(live: LinkLive | OpdLive) -> str:
    """Write a state, beside what people decided also what is measured."""
    word = STATE_WORDS[live.state]
    return f"{word} (terukur: {STATE_WORDS[live.measured].lower()})" if live.state in CLOSED else word


def _bar(flow: Flow) -> tuple[int, str] | None:
    """Return the bar of a utilisation: its width of 100 and the class of its colour; None draws no bar at all."""
    share = flow.utilisation
    if share is None:
        return None
    level = "penuh" if share >= Fraction(90, 100) else "tinggi" if share >= Fraction(70, 100) else "biasa"
    return min(100, round(share * 100)), level


def age(from_ns: int | None, now_ns: int) -> str:
    """Write how long ago something was; None is: not within the time that the live state looks back."""
    if from_ns is None:
        return "tidak ada baru-baru ini"
    seconds = max(0, (now_ns - from_ns) // 1_000_000_000)
    for unit, size in (("hari", 86400), ("jam", 3600), ("menit", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} lalu"
    return f"{seconds} detik lalu"


def _clock(time_ms: int | None, zone: Zone) -> str:
    return MISSING if time_ms is None else f"{zone.local(time_ms * MS):%H.%M}"


class StatusPage:
    """Renders the status page of one region."""

    def __init__(self, *, zone: Zone) -> None:
        self._zone = zone
        pages = Environment(
            loader=FileSystemLoader(PAGES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        pages.filters.update(mbps=mbps, percent=percent, bar=_bar, state=_state, shade=self._shade)
        self._template = pages.get_template("status.html")

    @staticmethod
    def _shade(state: State) -> str:
        return STATE_CLASS.get(state, "lain")

    def render(self, snapshot: Snapshot, content: PageContent) -> str:
        """Return the page as HTML."""
        local = self._zone.local(snapshot.now_ns)
        states = [opd.state for opd in snapshot.opds]
        known = sum(state is not State.TIDAK_DIKETAHUI for state in states)
        return self._template.render(
            refresh=REFRESH_SECONDS,
            content=content,
            opds=[self._row(opd) for opd in snapshot.opds],
            power=power_lines(snapshot.power),
            uplinks=snapshot.uplinks,
            moment=f"{in_words(local.date())}, pukul {local:%H.%M.%S} {self._zone.name}",
            open_bin=f"{_clock(snapshot.window.open_ms, self._zone)}-"
            f"{_clock(snapshot.window.open_ms + snapshot.window.width_ms, self._zone)}",
            up=states.count(State.HIDUP),
            down=states.count(State.MATI),
            closed=sum(state in CLOSED for state in states),
            unknown=len(states) - known,
            total=len(states),
            agents_up=sum(line.fresh for line in content.senders),
            age=lambda time_ns: age(time_ns, snapshot.now_ns),
            age_ms=lambda time_ms: age(None if time_ms is None else time_ms * MS, snapshot.now_ns),
            clock=lambda time_ms: _clock(time_ms, self._zone),
            moment_of=lambda time_ns: self._since(time_ns, snapshot.now_ns),
        )

    def _since(self, time_ns: int, now_ns: int) -> str:
        """Write the time of day of today's instants, the date of older ones."""
        local = self._zone.local(time_ns)
        return f"{local:%H.%M}" if local.date() == self._zone.day(now_ns) else in_words(local.date(), short=True)

    @staticmethod
    def _row(opd: OpdLive) -> tuple[OpdLive, int | None, Sequence[LinkLive]]:
        seen = [link.seen_ms for link in opd.links if link.seen_ms is not None]
        ends = (*opd.links, *opd.seconds)
        return opd, min(seen) if seen and len(seen) == len(opd.links) else None, ends
