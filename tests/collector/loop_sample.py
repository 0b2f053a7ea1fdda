"""What the registers tell of the sample month: a plan and records in each state, with hostile words among them."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Any

from agent.clock import DAY_S, NS
from collector.inventory import Link
from collector.judge.availability import LinkTimes, availability
from collector.judge.contracts import ContractMonth, Promise
from collector.judge.figures import Evaluation
from collector.judge.network import NetworkMonth, NetworkRow
from collector.judge.planning import Asked, plan
from collector.judge.service import ServiceHours, Target, service
from collector.ledger.quarantine import PutAside
from collector.measure.intervals import NEVER, Intervals
from collector.measure.probing import Quality
from collector.register.book import Papers, Record
from collector.register.records.disconnection import Disconnection
from collector.register.records.followup import Followup
from collector.register.records.incident import Incident, Pause, case_of
from collector.register.records.logcheck import Gap, LogCheck, Source
from collector.register.records.proposal import Proposal
from collector.report.loop import Counted, Handled, Loop
from tests.collector.report_sample import CLOSED, END, HOSTILE, START, ZONE

MINUTE = 60 * NS


def proposal(code: str, state: str, *, opd: str = "1.02.01", reason: str = "Rekam medis elektronik") -> Record:
    form = Proposal(
        opd=opd,
        link=f"wan-{opd}-1",
        down_mbps=90,
        up_mbps=5,
        reason=reason,
        services=("SIMPUS", "Antrean"),
        users=140,
        starts=date(2026, 11, 1),
        target=date(2026, 12, 1),
        cost_rupiah_month=4_750_000,
        risk="Layanan melambat",
        new_service="SIMPUS",
    )
    return Record("usulan", code, 1, state, opd, START, form, Papers(), "ani", "opd", CLOSED - 1, "00" * 32)


PROPOSALS = (
    proposal("USL-2026-00001", "diterima"),
    proposal("USL-2026-00002", "ditolak", opd="1.01.01", reason=HOSTILE[0]),
)


def at(day: int, minutes: int = 0) -> datetime:
    """Return a time of the month: minutes after the midnight that begins a day (1 is the first)."""
    return ZONE.local(START + (day - 1) * DAY_S * NS + minutes * MINUTE)


def record(kind: str, code: str, state: str, form: Any, opd: str = "") -> Record:
    return Record(kind, code, 2, state, opd, START, form, Papers(), "dedi", "noc", CLOSED - 1, "00" * 32)


FOLLOWUPS = (
    record("tindak-lanjut", "TLJ-2026-00001", "dikerjakan", Followup(
        month="2026-08", text="Menambah kapasitas layanan internet", owner="Dinas Kominfo", due=date(2026, 10, 15),
    )),
    record("tindak-lanjut", "TLJ-2026-00002", "selesai", Followup(
        month="2026-09", text=HOSTILE[2], owner=HOSTILE[0], due=date(2026, 10, 31), opd="1.02.01",
        result="Alokasi ditambah", evidence=HOSTILE[1],
    )),
)  # fmt: skip

DISCONNECTIONS = (
    record("pemutusan", "PTS-2026-00001", "selesai", Disconnection(
        type="pemutusan", opd="1.02.01", ground="kapasitas", reason=HOSTILE[3], starts=at(4), ends=at(4, 60),
        legal_basis="Perbup 1/2024", notice="surat", link="wan-1.02.01-1", proposer="dedi", approver="citra",
        approved=at(3), started=at(4, 2), ended=at(4, 75), evidence="ping kembali",
    )),
    record("pemutusan", "PTS-2026-00002", "aktif", Disconnection(
        type="pemblokiran", opd="2.23.01", ground="penyalahgunaan", reason="Penambangan kripto", starts=at(30),
        ends=at(40), legal_basis="Perbup 1/2024", notice="surat", object="tambang.example", proposer="dedi",
        approver="citra", approved=at(29), started=at(30),
    )),
    record("pemutusan", "PTS-2026-00003", "disetujui", Disconnection(
        type="pemutusan", opd="7.01.01", ground="akses_terlarang", reason="Menunggu", starts=at(31), ends=at(31, 60),
        legal_basis="Perbup 1/2024", notice="surat", approver="citra", approved=at(20),
    )),
)  # fmt: skip

TARGET = Target(30, 240, ServiceHours())


def handled(code: str, state: str, form: Incident, target: Target | None = TARGET) -> Handled:
    judged = service(case_of(form), target or TARGET, now_ns=CLOSED, zone=ZONE)
    return Handled(record("insiden", code, state, form, form.opd), judged, "Utama" if target else "", target)


INCIDENTS = (
    handled("INS-2026-00001", "ditutup", Incident(
        type="gangguan", summary="Tautan putus", reporter="ani", started=at(5, 600), opd="1.02.01",
        link="wan-1.02.01-1", acknowledged=at(5, 610), ended=at(5, 900), cause="Serat optik putus",
        action="Disambung", attribution="Penyedia", pauses=(Pause(at(5, 620), "menunggu izin", at(5, 720)),),
        pauses_approved=True, closer="gita", suspected="WAN", evidence="tautan dipelihara WAN", recovered=at(5, 898),
        recovered_by="nadi",
    )),
    handled("INS-2026-00002", "ditangani", Incident(
        type="keluhan", summary=HOSTILE[0], reporter="budi", started=at(31, 1400), opd="9.01.01",
        acknowledged=at(31, 1439),
    )),
    handled("INS-2026-00003", "dilaporkan", Incident(
        type="permintaan", summary="Sambungan baru", reporter="budi", started=at(31, 1430),
    ), None),
)  # fmt: skip

LOG_CHECKS = (
    record("pemeriksaan-log", "LOG-2026-00009", "disahkan", LogCheck(
        month="2026-09", findings="Percobaan masuk berulang", follow_up=HOSTILE[1], reviewer="dedi", reviewed=at(6),
        signer="gita", signed=at(7), sources=(
            Source("Firewall", critical=0, error=3, warning=120, gaps=(Gap(at(-20), at(-20, 90), "daya padam"),)),
            Source(HOSTILE[2], notice=7),
        ),
    )),
    record("pemeriksaan-log", "LOG-2026-00010", "diperiksa", LogCheck(
        month="2026-10", findings="Tidak ada", follow_up="Tidak ada", reviewer="dedi", reviewed=at(33),
        sources=(Source("Router pusat", 0, 0, 2, 40),),
    )),
)  # fmt: skip


def link(code: str, opd: str, **more: Any) -> Link:
    ends: dict[str, Any] = {"active_from": START, "active_to": None, "port_bps": None, "contract": None}
    words = {"medium": "FO", "owner": "Pemkab", "provider": "ISP-A", "maintainer": "Penyedia", "vantage": "opd"}
    told = {"device": f"rtr-{opd}", "interface": "ether1", "unduh": "receive", "role": "wan", "limited": False}
    return Link(code=code, opd=opd, **{**words, **told, **ends, **more})


def hours(*spans: tuple[float, float]) -> Intervals:
    """Return a set of time, in hours of the month."""
    return Intervals.of((START + round(low * 60) * MINUTE, START + round(high * 60) * MINUTE) for low, high in spans)


UNPROBED = Quality(0, None, None, None)


def row(made: Link, target: str = "", quality: Quality | None = None, **sets: Any) -> NetworkRow:
    times = LinkTimes(made.code, made.active, **{"down": NEVER, "unknown": NEVER, **sets})
    found = availability(times, start_ns=START, end_ns=END)
    planned, apart = (sets.get(name, NEVER).length for name in ("planned", "disconnected"))
    return NetworkRow(made, found, quality or UNPROBED, planned, apart, Fraction(target) / 100 if target else None)


PINGED = Quality(44_640, Fraction("0.01249"), Fraction("0.0405"), Fraction(1, 800))
NETWORK = NetworkMonth(
    (
        row(link("hulu-a", "", role="uplink", device="rtr-inti", interface="sfp1"), "99.9", unknown=hours((0, 2))),
        row(
            link("wan-1.02.01-1", "1.02.01"), "99.5", PINGED,
            down=hours((100, 103), (200, 206)), unknown=hours((10, 11)), planned=hours((200, 204)),
            disconnected=hours((300, 301)), attributed=(("Penyedia", hours((99, 104))),),
        ),
        row(link("wan-9.01.01-1", "9.01.01", medium=HOSTILE[0], device="r", interface=HOSTILE[2]), "99.5",
            unknown=hours((0, 400))),
        row(link("wan-9.01.02-1", "9.01.02", medium="radio", interface="", queue=HOSTILE[3])),
    )
)  # fmt: skip

COUNTED = Counted(audit={"ok": 1204, "refused": 17}, put_aside=PutAside(41, 2, 0), checks={True: 4, False: 1})


CONTRACTS = (
    ContractMonth("ISP-A", "027/ISP-A/SPK/2026", "Penyedia ISP-A", Promise(Fraction("0.995"), 1, 4, HOSTILE[2]),
                  Fraction("0.99613"), Fraction("0.99900"), "dipenuhi", 3, 1, 0, "dilanggar"),
    ContractMonth("ISP-B", "027/ISP-B/SPK/2026", HOSTILE[0], Promise(Fraction("0.999"), None, 8),
                  None, None, "tidak dapat dinilai", 0, 0, 0, "dipenuhi"),
)  # fmt: skip


def loop(evaluation: Evaluation) -> Loop:
    asked = {"1.02.01": Asked("USL-2026-00001", 90, 5, raises=True)}
    return Loop(
        plan=plan(evaluation, past=(), asked=asked),
        proposals=PROPOSALS,
        followups=FOLLOWUPS,
        incidents=INCIDENTS,
        disconnections=DISCONNECTIONS,
        log_checks=LOG_CHECKS,
        counted=COUNTED,
        network=NETWORK,
        contracts=CONTRACTS,
    )
