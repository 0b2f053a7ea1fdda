"""What the registers of a simulated year hold: asked for, refused, cut off, announced, broken, mended, followed up.

It is told of the first four offices, so that a small regency has all of it. Where a line was dead, the readings say
so too: ``breaks`` is what the routers measure of the same story.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from collector.register.kinds import Kind
from collector.register.records.change import CHANGE, Change
from collector.register.records.disconnection import DISCONNECTION, Disconnection
from collector.register.records.followup import FOLLOWUP, Followup
from collector.register.records.incident import INCIDENT, Incident, Pause
from collector.register.records.maintenance import MAINTENANCE, Maintenance
from collector.register.records.proposal import PROPOSAL, Proposal
from collector.simulation.acts import Act, Calendar, Moving, Opening
from collector.simulation.people import CHECKER, DETERMINER, NOC, speaker
from collector.simulation.year import Break, Cut

SATURATED, DOUBLE, CHANGED, IDLE = CODES = ("DUKCAPIL", "RSUD", "BAPPEDA", "KESBANGPOL")
"""The offices of which the story tells, the first four of every regency."""

BREAKS: Final = (
    ("rt-kesbangpol", "02-10T08:05", "02-10T11:40"),
    ("rt-bappeda", "03-03T09:10", "03-04T11:00"),
    ("rt-rsud-2", "05-12T09:10", "05-12T17:45"),
    ("rt-bappeda", "06-06T20:15", "06-06T22:10"),
    ("rt-dukcapil", "09-09T13:05", "09-09T13:35"),
    ("rt-rsud", "10-20T01:00", "10-20T01:50"),
)
"""Lines that carried nothing: disconnected, broken, disconnected too long, under announced work, under work that was
announced too late, without power."""

LATE: Final = ("rt-bappeda", "08-26T10:00", "09-12T09:30")
"""A router whose readings of August came when the month's report was approved already."""

BASIS: Final = "Peraturan Bupati Contoh tentang Pengelolaan Bandwidth, ketentuan pemutusan sementara (rekaan)"


def breaks(calendar: Calendar) -> list[Break]:
    """Return the dead lines of the year."""
    return [Break(device, calendar.ms(start), calendar.ms(end)) for device, start, end in BREAKS]


def cuts(calendar: Calendar) -> list[Cut]:
    """Return when the collector could not be reached for long."""
    device, start, end = LATE
    return [Cut(device, calendar.ms(start), calendar.ms(end))]


def story(calendar: Calendar) -> list[Act]:
    """Return every act on the registers which the story holds."""
    return [act for part in _PARTS for act in part(calendar)]


def _open(c: Calendar, at: str, who: str, label: str, kind: Kind, form: Any, note: str = "") -> Opening:
    return Opening(at_ns=c.ns(at), who=who, label=label, kind=kind, form=form, note=note)


def _move(c: Calendar, at: str, who: str, label: str, target: str, note: str = "", **values: Any) -> Moving:
    return Moving(at_ns=c.ns(at), who=who, label=label, target=target, note=note, values=values)


def _proposals(c: Calendar) -> Iterator[Act]:
    more = Proposal(
        opd=SATURATED,
        link="tautan-dukcapil",
        down_mbps=120,
        up_mbps=60,
        reason="Antrean pelayanan daring penuh pada jam kerja; waktu pada batas alokasi terus bertambah.",
        services=("pelayanan adminduk daring",),
        users=40,
        starts=c.day("07-01"),
        target=c.day("07-01"),
        cost_rupiah_month=6_650_000,
        risk="Pelayanan adminduk di kecamatan terhambat apabila tidak ditambah.",
    )
    yield _open(c, "03-09T10:00", speaker(SATURATED), "usul-tambah", PROPOSAL, more)
    yield _move(c, "03-16T14:00", CHECKER, "usul-tambah", "dikembalikan", "Lengkapi jumlah pengguna dan layanan baru.")
    told = replace(more, users=185, new_service="Adminduk daring di seluruh kecamatan")
    yield Moving(at_ns=c.ns("04-06T09:00"), who=speaker(SATURATED), label="usul-tambah", target="diajukan", form=told)
    yield _move(c, "06-10T10:00", DETERMINER, "usul-tambah", "diterima", "Dipenuhi dalam penetapan Juli.")
    less = Proposal(
        opd=IDLE,
        link="tautan-kesbangpol",
        down_mbps=10,
        up_mbps=5,
        reason="Pemakaian jauh di bawah alokasi; selebihnya diserahkan bagi Perangkat Daerah lain.",
        services=("surat elektronik", "SPBE umum"),
        users=18,
        starts=c.day("07-01"),
        target=c.day("07-01"),
        cost_rupiah_month=0,
        risk="Tidak ada; kebutuhan di atas 10 Mbps tidak direncanakan.",
    )
    yield _open(c, "05-04T09:00", speaker(IDLE), "usul-kurang", PROPOSAL, less)
    yield _move(c, "06-10T10:20", DETERMINER, "usul-kurang", "diterima")
    large = replace(
        more,
        opd=CHANGED,
        link="tautan-bappeda",
        down_mbps=300,
        up_mbps=150,
        reason="Cadangan bagi kegiatan yang mungkin diadakan.",
        services=("konferensi video",),
        starts=c.day("03-01"),
        target=c.day("03-31"),
        cost_rupiah_month=24_700_000,
        risk="Belum dinilai.",
    )
    yield _open(c, "02-02T09:00", speaker(CHANGED), "usul-besar", PROPOSAL, large)
    yield _move(c, "02-20T11:00", DETERMINER, "usul-besar", "ditolak", "Tidak didukung data pemakaian tiga bulan.")
    yield from _late_proposals(c, more)


def _late_proposals(c: Calendar, like: Proposal) -> Iterator[Act]:
    tele = replace(
        like,
        opd=DOUBLE,
        link="tautan-rsud",
        down_mbps=180,
        up_mbps=90,
        reason="Telemedisin dengan tiga puskesmas dimulai pada bulan Desember.",
        services=("telemedisin",),
        users=60,
        starts=c.day("12-01"),
        target=c.day("12-31"),
        cost_rupiah_month=7_600_000,
        risk="Rujukan daring tertunda apabila kapasitas tidak tersedia.",
        new_service="Telemedisin",
    )
    yield _open(c, "10-05T09:00", speaker(DOUBLE), "usul-tele", PROPOSAL, tele)
    yield _move(c, "11-10T10:00", DETERMINER, "usul-tele", "diterima")
    again = replace(
        tele,
        opd=CHANGED,
        link="tautan-bappeda",
        down_mbps=100,
        up_mbps=50,
        reason="Penyusunan rencana kerja tahun depan secara daring.",
        services=("e-planning",),
        starts=c.day("+02-01"),
        target=c.day("+02-28"),
        new_service="",
    )
    yield _open(c, "11-16T09:00", speaker(CHANGED), "usul-rencana", PROPOSAL, again)
    yield _move(c, "11-25T15:00", CHECKER, "usul-rencana", "dikembalikan", "Sebutkan jumlah pengguna yang sebenarnya.")
    open_yet = replace(
        again,
        opd=IDLE,
        link="tautan-kesbangpol",
        down_mbps=15,
        up_mbps=8,
        reason="Posko pemantauan pemilihan kepala desa serentak.",
        services=("posko pemantauan",),
        users=25,
    )
    yield _open(c, "12-14T09:00", speaker(IDLE), "usul-posko", PROPOSAL, open_yet)


def _disconnections(c: Calendar) -> Iterator[Act]:
    def one(opd: str, ground: Any, starts: str, ends: str, reason: str, **more: Any) -> Disconnection:
        return Disconnection(
            type=more.pop("type", "pemutusan"),
            opd=opd,
            ground=ground,
            reason=reason,
            starts=c.at(starts),
            ends=c.at(ends),
            legal_basis=BASIS,
            notice="Surat pemberitahuan dan pesan kepada pengelola TIK Perangkat Daerah.",
            **more,
        )

    def approved(label: str, form: Disconnection, at: str, yes: str) -> Iterator[Act]:
        yield _open(c, at, NOC, label, DISCONNECTION, form)
        yield _move(c, yes, DETERMINER, label, "disetujui")

    def lasted(label: str, started: str, ended: str, evidence: str) -> Iterator[Act]:
        yield _move(c, started, NOC, label, "aktif", started=c.at(started))
        if ended:
            yield _move(c, ended, NOC, label, "selesai", ended=c.at(ended), evidence=evidence)

    full = one(IDLE, "kapasitas", "02-10T08:00", "02-10T12:00", "Pengalihan kapasitas bagi ujian berbasis komputer.")
    yield from approved("putus-kapasitas", full, "02-06T09:00", "02-07T09:00")
    yield from lasted("putus-kapasitas", "02-10T08:05", "02-10T11:40", "Berita acara pemulihan")
    text = "Penelusuran akses terlarang dari jaringan poliklinik."
    found = one(DOUBLE, "akses_terlarang", "05-12T09:00", "05-12T15:00", text, link="tautan-rsud-2")
    yield from approved("putus-akses", found, "05-11T14:00", "05-11T16:00")
    yield from lasted("putus-akses", "05-12T09:10", "05-12T17:45", "Laporan penelusuran; pemulihan tertunda")
    text = "Akses judi daring dari jaringan kantor."
    blocked = one(
        CHANGED, "penyalahgunaan", "08-03T08:00", "08-10T16:00", text, type="pemblokiran", object="judi.example"
    )
    yield from approved("blokir", blocked, "07-30T10:00", "07-31T10:00")
    yield from lasted("blokir", "08-03T08:00", "08-10T15:30", "Tangkapan aturan penyaring yang dicabut")
    refused = one(SATURATED, "kapasitas", "04-21T08:00", "04-21T16:00", "Pengujian jalur cadangan.")
    yield _open(c, "04-15T09:00", NOC, "putus-tolak", DISCONNECTION, refused)
    yield _move(c, "04-16T09:00", DETERMINER, "putus-tolak", "ditolak", "Pelayanan adminduk tidak boleh terhenti.")
    text = "Penyaringan aplikasi berbagi berkas atas permintaan pimpinan Perangkat Daerah."
    last = one(IDLE, "penyalahgunaan", "12-07T08:00", "12-21T16:00", text, type="pemblokiran", object="berkas.example")
    yield from approved("blokir-lama", last, "12-03T10:00", "12-04T10:00")
    yield from lasted("blokir-lama", "12-07T08:00", "", "")


def _maintenance(c: Calendar) -> Iterator[Act]:
    work = Maintenance(
        title="Penggantian kabel serat optik",
        reason="Redaman naik sejak gangguan bulan Maret.",
        starts=c.at("06-06T20:00"),
        ends=c.at("06-06T23:00"),
        links=("tautan-bappeda",),
    )
    yield _open(c, "06-01T10:00", NOC, "pelihara", MAINTENANCE, work)
    done = "Kabel diganti; redaman normal"
    yield _move(c, "06-06T22:30", NOC, "pelihara", "selesai", ended=c.at("06-06T22:30"), result=done)
    late = replace(
        work,
        title="Pemutakhiran perangkat lunak router",
        reason="Perbaikan keamanan yang mendesak.",
        starts=c.at("09-09T13:00"),
        ends=c.at("09-09T14:00"),
        links=(),
        opds=(SATURATED,),
    )
    yield _open(c, "09-09T11:00", NOC, "pelihara-mendadak", MAINTENANCE, late)
    done = "Versi baru terpasang"
    yield _move(c, "09-09T13:40", NOC, "pelihara-mendadak", "selesai", ended=c.at("09-09T13:40"), result=done)
    off = replace(work, title="Pemindahan rak", starts=c.at("11-14T20:00"), ends=c.at("11-14T23:00"))
    yield _open(c, "11-09T10:00", NOC, "pelihara-batal", MAINTENANCE, off)
    yield _move(c, "11-13T10:00", NOC, "pelihara-batal", "dibatalkan", "Rak pengganti belum tersedia.")


def _incidents(c: Calendar) -> Iterator[Act]:
    """Yield six incidents, one of each type and a second fault; only the first takes longer than it may."""
    fibre = Incident("gangguan", "Tautan terputus", "Operator NOC", c.at("03-03T09:10"), CHANGED, "tautan-bappeda")
    waits = Pause(c.at("03-03T11:00"), "Menunggu izin galian dari pemilik jalan")
    yield _open(c, "03-03T09:25", NOC, "putus-kabel", INCIDENT, fibre)
    yield _move(c, "03-03T09:30", NOC, "putus-kabel", "ditangani", acknowledged=c.at("03-03T09:30"), level="")
    yield _move(c, "03-03T11:00", NOC, "putus-kabel", "ditunda", pauses=(waits,))
    waited = (replace(waits, ends=c.at("03-03T12:00")),)
    yield _move(c, "03-03T12:00", NOC, "putus-kabel", "ditangani", pauses=waited)
    found = {"cause": "Kabel terpotong galian", "action": "Penyambungan ulang oleh penyedia", "attribution": "Penyedia"}
    yield _move(c, "03-04T11:10", NOC, "putus-kabel", "selesai", ended=c.at("03-04T11:00"), **found)
    yield _move(c, "03-05T09:00", CHECKER, "putus-kabel", "ditutup", pauses_approved=True)
    yield from _case(
        c, "keluhan", SATURATED, "Pelayanan lambat pada jam sibuk", "04-14T08:30", "04-14T08:50", "04-14T10:30",
        "Alokasi jenuh", "Dijelaskan; usulan penambahan sedang dinilai",
    )  # fmt: skip
    yield from _case(
        c, "masalah", DOUBLE, "Perangkat akses poliklinik berulang kali mati", "07-21T13:00", "07-21T13:10",
        "07-21T15:30", "Catu daya perangkat lemah", "Catu daya diganti", attribution="LAN",
    )  # fmt: skip
    yield from _case(
        c, "permintaan", IDLE, "Permintaan alamat surel dinas", "09-01T09:00", "09-01T09:15", "09-01T11:00",
        "Pegawai baru", "Alamat dibuat",
    )  # fmt: skip
    yield from _case(
        c, "perubahan", CHANGED, "Perubahan letak router", "10-12T08:00", "10-12T08:20", "10-12T12:00",
        "Renovasi ruang", "Router dipindahkan dan diuji",
    )  # fmt: skip
    yield from _case(
        c, "gangguan", DOUBLE, "Router mati", "10-20T01:00", "10-20T01:10", "10-20T01:50",
        "Listrik gedung padam", "Genset gedung dinyalakan", link="tautan-rsud", attribution="Listrik",
    )  # fmt: skip


def _case(
    c: Calendar, type: Any, opd: str, summary: str, began: str, taken: str, ended: str, cause: str, action: str,
    *, link: str = "", attribution: Any = "",
) -> Iterator[Act]:  # fmt: skip
    """Yield an incident that its OPD reports and that ends without a pause."""
    label = f"{type}-{began}"
    form = Incident(type, summary, f"Pengelola TIK {opd}", c.at(began), opd, link)
    yield _open(c, taken, speaker(opd), label, INCIDENT, form)
    yield _move(c, taken, NOC, label, "ditangani", acknowledged=c.at(taken), level="")
    over = {"ended": c.at(ended), "cause": cause, "action": action, "attribution": attribution}
    yield _move(c, ended, NOC, label, "selesai", **over)
    yield _move(c, ended, CHECKER, label, "ditutup", pauses_approved=True)


def _changes(c: Calendar) -> Iterator[Act]:
    limit = Change(
        subject="antrean",
        object="Antrean rt-dukcapil",
        changed=c.at("07-01T00:10"),
        before="50/25 Mbps",
        after="120/60 Mbps",
        reason="Penetapan alokasi bulan Juli",
        risk="Beban tautan hulu bertambah",
        opd=SATURATED,
    )
    yield _open(c, "07-01T08:00", NOC, "ubah-jenuh", CHANGE, limit)
    seen = "Waktu pada batas hilang; status tidak lagi JENUH"
    yield _move(c, "08-06T10:00", CHECKER, "ubah-jenuh", "dinilai", effect=seen)
    lower = replace(
        limit, object="Antrean rt-kesbangpol", before="30/15 Mbps", after="10/5 Mbps", opd=IDLE,
        risk="Tidak ada; pemakaian di bawah 1 Mbps",
    )  # fmt: skip
    yield _open(c, "07-01T08:10", NOC, "ubah-rendah", CHANGE, lower)
    yield _move(c, "08-06T10:05", CHECKER, "ubah-rendah", "dinilai", effect="Tidak ada keluhan; 20 Mbps tersedia")
    wan = replace(
        limit, subject="tautan", object="Kontrak internet pertama", changed=c.at("10-01T00:05"), opd="",
        before="Kontrak lama", after="Kontrak pengganti, 100 Mbps lebih besar", reason="Kontrak lama berakhir",
        risk="Perpindahan layanan", cost_rupiah=9_500_000,
    )  # fmt: skip
    yield _open(c, "10-01T08:00", NOC, "ubah-kontrak", CHANGE, wan)


def _followups(c: Calendar) -> Iterator[Act]:
    def opened(label: str, at: str, month: int, text: str, owner: str, due: str, opd: str = "") -> Opening:
        form = Followup(f"{c.year}-{month:02d}", text, owner, c.day(due), opd)
        return _open(c, at, CHECKER, label, FOLLOWUP, form)

    team, hall = "Bidang Infrastruktur TIK", "Pengelola Pusat Data"
    yield opened("tl-jenuh", "02-09T09:00", 1, "Meninjau alokasi Disdukcapil yang jenuh", team, "03-31")
    yield _move(c, "02-16T09:00", NOC, "tl-jenuh", "dikerjakan")
    yield _move(
        c, "07-02T09:00", NOC, "tl-jenuh", "selesai",
        result="Alokasi ditambah dalam penetapan Juli", evidence="Penetapan Juli",
    )  # fmt: skip
    yield _move(c, "07-06T09:00", DETERMINER, "tl-jenuh", "diterima")
    yield opened("tl-cadangan", "03-09T09:00", 2, "Memulihkan cadangan portal", hall, "05-31")
    yield _move(c, "03-12T09:00", NOC, "tl-cadangan", "dikerjakan")
    yield _move(
        c, "05-13T09:00", NOC, "tl-cadangan", "selesai",
        result="Cadangan berjalan dan terverifikasi", evidence="Catatan uji pemulihan",
    )  # fmt: skip
    yield _move(c, "05-18T09:00", DETERMINER, "tl-cadangan", "diterima")
    yield opened("tl-batal", "05-11T09:00", 4, "Memindahkan server arsip", hall, "09-30")
    yield _move(c, "06-02T09:00", DETERMINER, "tl-batal", "dibatalkan", "Gedung baru belum siap.")
    yield opened("tl-ups", "08-10T09:00", 7, "Memasang UPS bagi basis data perizinan", hall, "11-30")
    yield opened("tl-lan", "10-12T09:00", 9, "Menata kabel LAN ruang rapat", CHANGED, "+03-31", CHANGED)
    yield _move(c, "10-19T09:00", speaker(CHANGED), "tl-lan", "dikerjakan")


_PARTS: Final = (_proposals, _disconnections, _maintenance, _incidents, _changes, _followups)
