"""The data dictionary: every column of every table, in order, with its Indonesian title and meaning."""

from __future__ import annotations

from typing import Final

from collector.report.document import Column, Kind

MB: Final = "Mbps"


def _pair(
    key: str, title: str, kind: Kind, meaning: str, unit: str = "", *, group: str = "", width: float = 1.0
) -> tuple[Column, Column]:
    """Make the two columns of a figure that both directions have."""
    suffix = f" ({unit})" if unit else ""
    ending = {"mbps": "_mbps", "gb": "_gb", "percent": "_persen", "rupiah": "_rupiah"}.get(kind, "")
    return tuple(  # type: ignore[return-value]
        Column(
            f"{key}_{way.lower()}{ending}",
            f"{title} {way}{suffix}",
            kind,
            f"{meaning} Arah {way}.",
            unit,
            group or f"{title}{suffix}",
            way,
            width,
        )
        for way in ("Unduh", "Unggah")
    )


NO: Final = Column("no", "No", "count", "Nomor urut baris.", width=0.5)
CODE: Final = Column("kode_pd", "Kode PD", "text", "Kode referensi Perangkat Daerah (data induk).", width=1.5)
NAME: Final = Column("perangkat_daerah", "Perangkat Daerah", "text", "Nama Perangkat Daerah.", width=3.4)
CLASS: Final = Column(
    "kelas", "Kelas Prioritas", "text", "Kelas prioritas menurut penetapan: tinggi, sedang, atau dasar.", short="Kelas",
    width=1.0,
)  # fmt: skip
WAY: Final = Column("arah", "Arah", "text", "Unduh = lalu lintas menuju Perangkat Daerah; Unggah = sebaliknya.")
LINKS: Final = Column("tautan", "Simpul/Tautan", "text", "Kode tautan yang diukur, dipisahkan titik koma.", width=2.6)
STATUS: Final = Column(
    "status", "Status", "status",
    "Status penggunaan menurut Lampiran C; tambahan (indikatif) bila cakupan 75 % sampai dengan kurang dari 90 %.",
    width=2.4,
)  # fmt: skip

ALLOCATION: Final = _pair(
    "alokasi", "Alokasi", "mbps",
    "Bandwidth yang ditetapkan dan berlaku pada akhir periode.", MB, width=1.1,
)  # fmt: skip
MEAN: Final = _pair(
    "rata_rata", "Rata-rata", "mbps", "Rata-rata nilai interval 5 menit yang sah.", MB, width=1.1
)  # fmt: skip
P95: Final = _pair(
    "p95", "P95", "mbps",
    "Persentil ke-95 (peringkat terdekat) dari interval 5 menit yang sah; kosong bila cakupan kurang dari 75 %.", MB,
    width=1.1,
)  # fmt: skip
PEAK: Final = _pair("puncak", "Puncak 5-menit", "mbps", "Nilai interval 5 menit tertinggi.", MB, width=1.1)
PEAK_TIME: Final = _pair(
    "waktu_puncak", "Waktu Puncak 5-menit", "time", "Awal interval tertinggi (yang paling awal bila sama).", width=1.8
)
BUSY_MEAN_MEANING: Final = "Rata-rata lalu lintas pada Jam Sibuk selama hari kerja."
UTILISATION: Final = Column(
    "utilisasi_persen", "Utilisasi P95 (%)", "percent",
    "Nilai terbesar dari P95 terhadap alokasi kedua arah; memakai alokasi yang ditetapkan, bukan kapasitas fisik.",
    "%", short="Utilisasi P95 (%)", width=1.15,
)  # fmt: skip
CEILING: Final = Column(
    "waktu_pada_batas_persen", "Waktu pada Batas (%)", "percent",
    "Bagian interval sah yang mencapai 95 % batas atau lebih; nilai terbesar dari kedua arah.", "%", width=1.15,
)  # fmt: skip
COVERAGE: Final = Column(
    "cakupan_persen", "Cakupan Data (%)", "percent",
    "Interval sah terhadap interval yang seharusnya terukur; nilai terendah dari kedua arah.", "%", width=1.15,
)  # fmt: skip
VOLUME: Final = _pair(
    "volume", "Volume", "gb", "Jumlah data dari seluruh selisih penghitung yang sah.", "GB", width=1.2
)
_RANGE_NOTE: Final = (
    "Batas P95 bila interval yang hilang dianggap seluruhnya {}; dicetak bila cakupan 75 % s.d. < 99 %."
)
RANGE: Final = tuple(
    Column(
        f"rentang_p95_{way.lower()}_{end}_mbps",
        f"Rentang P95 {way} {end} (Mbps)",
        "mbps",
        f"{_RANGE_NOTE.format(what)} Angka, atau teks 'tidak terbatas'. Arah {way}.",
        MB,
        f"Rentang P95 {way} (Mbps)",
        end,
        1.2 if end == "maks" else 1.0,
    )
    for way in ("Unduh", "Unggah")
    for end, what in (("min", "rendah"), ("maks", "tinggi"))
)
CHANGE: Final = _pair(
    "perubahan_p95", "Perubahan P95 thd Bulan Lalu", "percent", "Perubahan terhadap P95 bulan sebelumnya.", "%",
    group="Perubahan P95 thd bulan lalu (%)", width=1.1,
)  # fmt: skip

MAIN: Final = (
    NO, CODE, NAME, LINKS, CLASS, *ALLOCATION, *MEAN, *P95,
    Column(PEAK[0].key, PEAK[0].title, "mbps", PEAK[0].meaning, MB, "Puncak 5-menit Unduh", MB, 1.1),
    Column(PEAK_TIME[0].key, "Puncak 5-menit Unduh (tgl jam)", "time", PEAK_TIME[0].meaning, "",
           "Puncak 5-menit Unduh", "tgl jam", 1.9),
    Column("jam_sibuk_unduh", "Jam Sibuk", "text",
           "Jam dengan rata-rata hari kerja tertinggi, arah Unduh.", "jam lokal", width=1.4),
    Column("rata_rata_jam_sibuk_unduh_mbps", "Rata-rata Jam Sibuk (Mbps)", "mbps",
           f"{BUSY_MEAN_MEANING} Arah Unduh.", MB, width=1.2),
    UTILISATION, CEILING,
    Column("paket_terbuang", "Paket Terbuang Antrean", "count",
           "Jumlah selisih sah paket yang dibuang antrean, kedua arah; kosong bila ada tautan yang tidak diukur pada "
           "antrean.", "paket", width=1.1),
    *VOLUME, COVERAGE, *RANGE, *CHANGE, STATUS,
)  # fmt: skip
"""The main table, spec/evaluation.md §2 in order; a figure of two parts stands in adjoining columns."""

COMPACT: Final = (
    "no", "perangkat_daerah", "kelas", "alokasi_unduh_mbps", "alokasi_unggah_mbps", "rata_rata_unduh_mbps",
    "rata_rata_unggah_mbps", "p95_unduh_mbps", "p95_unggah_mbps", "jam_sibuk_unduh", "utilisasi_persen",
    "waktu_pada_batas_persen", "cakupan_persen", "status",
)  # fmt: skip
"""What the compact print version keeps (spec/evaluation.md §2)."""

REMAINING: Final = ("no", "kode_pd", "tautan", *(c.key for c in MAIN[4:] if c.key not in COMPACT))
"""What stands in the second printed table, so that nothing is lost."""

DETAIL: Final = (
    CODE, NAME, WAY,
    Column("interval_seharusnya", "Interval Seharusnya", "count",
           "Interval 5 menit yang seharusnya terukur.", "interval"),
    Column("interval_sah", "Interval Sah", "count",
           "Interval yang sedikitnya 240 dari 300 detiknya terukur.", "interval"),
    Column("cakupan_arah_persen", "Cakupan Data (%)", "percent", "Interval sah terhadap interval seharusnya.", "%"),
    Column("rata_rata_mbps", "Rata-rata (Mbps)", "mbps", MEAN[0].meaning.removesuffix(" Arah Unduh."), MB),
    Column("p95_mbps", "P95 (Mbps)", "mbps", P95[0].meaning.removesuffix(" Arah Unduh."), MB),
    Column("indikatif", "P95 Indikatif", "text", "ya bila cakupan arah itu 75 % sampai dengan kurang dari 90 %."),
    Column("rentang_min_mbps", "Rentang P95 min (Mbps)", "mbps", _RANGE_NOTE.format("rendah"), MB),
    Column("rentang_maks_mbps", "Rentang P95 maks (Mbps)", "mbps",
           f"{_RANGE_NOTE.format('tinggi')} Angka, atau teks 'tidak terbatas'.", MB),
    Column("p95_bulan_lalu_mbps", "P95 Bulan Lalu (Mbps)", "mbps", "P95 bulan sebelumnya, bila ada.", MB),
    Column("perubahan_persen", "Perubahan thd Bulan Lalu (%)", "percent", "Perubahan terhadap P95 bulan lalu.", "%"),
    Column("puncak_mbps", "Puncak 5-menit (Mbps)", "mbps", "Nilai interval 5 menit tertinggi.", MB),
    Column("waktu_puncak", "Waktu Puncak 5-menit", "time", "Awal interval tertinggi (yang paling awal bila sama)."),
    Column("jam_sibuk", "Jam Sibuk", "text", "Jam dengan rata-rata hari kerja tertinggi.", "jam lokal"),
    Column("rata_rata_jam_sibuk_mbps", "Rata-rata Jam Sibuk (Mbps)", "mbps", BUSY_MEAN_MEANING, MB),
    Column("jam_puncak", "Jam Puncak Bulan Ini", "time", "Awal jam dengan rata-rata tertinggi pada bulan itu."),
    Column("rata_rata_jam_puncak_mbps", "Rata-rata Jam Puncak (Mbps)", "mbps", "Rata-rata pada jam puncak itu.", MB),
    Column("waktu_pada_batas_arah_persen", "Waktu pada Batas (%)", "percent",
           "Bagian interval sah yang mencapai 95 % batas atau lebih.", "%"),
    Column("volume_gb", "Volume (GB)", "gb", "Jumlah data dari seluruh selisih penghitung yang sah.", "GB"),
    Column("volume_tersebar_gb", "Volume tanpa selisih > 900 detik (GB)", "gb",
           "Seperti Volume, tanpa selisih penghitung yang sebarannya tidak diketahui.", "GB"),
    Column("status_arah", "Status Arah", "status", "Status menurut angka arah itu sendiri."),
)  # fmt: skip
"""Every figure of one direction of one agency; printed on its sheet."""

PERIODS: Final = (
    CODE, NAME,
    Column("mulai", "Mulai", "time", "Awal subperiode.", width=1.7),
    Column("sampai", "Sampai", "time", "Akhir subperiode (tidak termasuk).", width=1.7),
    *_pair("alokasi_subperiode", "Alokasi", "mbps", "Alokasi yang berlaku pada subperiode.", MB),
    *_pair("cakupan_subperiode", "Cakupan", "percent", "Cakupan data pada subperiode.", "%"),
    *_pair("p95_subperiode", "P95", "mbps", "P95 subperiode; kosong bila cakupannya kurang dari 75 %.", MB),
    *_pair("utilisasi_subperiode", "Utilisasi", "percent", "P95 terhadap alokasi subperiode.", "%"),
)  # fmt: skip

CONTRACTS: Final = (
    NO,
    Column("penyedia", "Penyedia", "text", "Nama penyedia layanan internet.", width=2.6),
    Column("no_kontrak", "No. Kontrak", "text", "Nomor kontrak layanan.", width=2.4),
    *_pair("kapasitas", "Kapasitas", "mbps", "Kapasitas menurut kontrak.", MB, width=1.2),
    Column("berlaku_sampai", "Berlaku s.d.", "date", "Hari terakhir kontrak berlaku.", width=1.5),
    Column("biaya_rupiah", "Biaya (Rp/bulan)", "rupiah", "Biaya langganan sebulan.", "Rp", width=1.7),
    *_pair("p95_hulu", "P95", "mbps", "P95 tautan hulu kontrak itu.", MB, width=1.2),
    Column("utilisasi_kontrak_persen", "Utilisasi (%)", "percent",
           "Nilai terbesar dari P95 terhadap kapasitas kontrak kedua arah.", "%", width=1.2),
    Column("biaya_per_mbps_rupiah", "Biaya per Mbps terpakai (Rp)", "rupiah",
           "Biaya sebulan dibagi P95 arah yang lebih besar.", "Rp/Mbps", width=1.7),
)  # fmt: skip

ALLOCATIONS: Final = (
    NO, CODE, NAME, CLASS, *ALLOCATION,
    *_pair("jaminan", "Jaminan Minimum", "mbps", "Bandwidth paling sedikit yang dijamin.", MB, width=1.1),
    Column("no_penetapan", "No. Penetapan", "text", "Nomor penetapan alokasi.",
           group="Penetapan", short="Nomor", width=2.4),
    Column("tgl_penetapan", "Tgl Penetapan", "date", "Tanggal penetapan.",
           group="Penetapan", short="Tanggal", width=1.5),
    Column("berlaku_mulai", "Berlaku Mulai", "date", "Hari pertama berlaku.",
           group="Berlaku", short="mulai", width=1.5),
    Column("berlaku_hingga", "Berlaku Hingga", "date", "Hari terakhir berlaku; kosong bila belum diakhiri.",
           group="Berlaku", short="hingga", width=1.5),
    Column("kesesuaian_router", "Kesesuaian Konfigurasi Router", "text",
           "Penetapan terhadap batas pada router pada akhir periode; kosong bila router tidak memegang batas.",
           width=1.6),
)  # fmt: skip

ITEM: Final = Column("uraian", "Uraian", "text", "Hal yang diterangkan.", width=1.0)
CONTENT: Final = Column("isi", "Isi", "text", "Keterangan atas uraian.", width=2.0)

STATUSES: Final = (
    Column("status", "Status", "status", "Status penggunaan menurut Lampiran C.", width=1.4),
    Column("jumlah_pd", "Jumlah PD", "count", "Banyaknya Perangkat Daerah berstatus itu.", width=0.8),
    Column("arti_status", "Arti", "text", "Syarat status menurut Lampiran C.", width=3.6),
)

SUMMARY: Final = (
    Column("uraian", "Uraian", "text", "Hal yang diterangkan.", width=3.0),
    Column("unduh_mbps", "Unduh (Mbps)", "mbps", "Nilai arah Unduh.", MB),
    Column("unggah_mbps", "Unggah (Mbps)", "mbps", "Nilai arah Unggah.", MB),
)

DAILY: Final = (
    CODE,
    Column("tanggal", "Tanggal", "date", "Tanggal lokal."),
    WAY,
    Column("rata_rata_harian_bps", "Rata-rata Harian (bit/s)", "count", "Rata-rata interval sah hari itu.", "bit/s"),
    Column("p95_harian_bps", "P95 Harian (bit/s)", "count",
           "P95 hari itu; kosong bila kurang dari 75 % intervalnya sah.", "bit/s"),
)  # fmt: skip

LINK: Final = Column("kode_tautan", "Tautan", "text", "Kode tautan.", width=1.9)
QUALITY: Final = (
    Column("kode_pd", "Kode PD", "text", CODE.meaning, width=1.5), LINK,
    Column("antarmuka", "Perangkat / Antarmuka", "text",
           "Perangkat dan antarmuka tempat penghitung dibaca.", width=2.2),
    Column("sudut_ukur", "Sudut Ukur", "text",
           "Ujung tautan tempat penghitung dibaca: sisi PD, atau sisi NOC (Pusat Operasi Jaringan Intra).",
           width=1.2),
    Column("cakupan_tautan_persen", "Cakupan (%)", "percent",
           "Cakupan tautan, arah yang lebih rendah.", "%", width=1.1),
    Column("celah", "Celah > 1 jam (kali)", "count", "Celah data lebih dari satu jam.", "kali"),
    Column("celah_menit", "Lama Celah (menit)", "count", "Jumlah lamanya celah tersebut.", "menit", width=1.1),
    Column("reset", "Reset", "count", "Penghitung dimulai ulang; dihitung per arah.", "selisih",
           "Selisih Penghitung", "Reset"),
    Column("selisih_panjang", "Selisih > 900 detik", "count", "Hanya dihitung ke volume.", "selisih",
           "Selisih Penghitung", "> 900 detik"),
    Column("mundur", "Ditolak: Mundur", "count", "Penghitung 64 bit turun tanpa sebab.", "selisih",
           "Nilai Ditolak", "Mundur"),
    Column("putaran_ambigu", "Ditolak: Putaran Ambigu", "count", "Putaran penghitung 32 bit tidak dapat dipastikan.",
           "selisih", "Nilai Ditolak", "Putaran ambigu"),
    Column("melebihi_fisik", "Ditolak: Melebihi Fisik", "count", "Laju melebihi kemampuan fisik tautan.", "selisih",
           "Nilai Ditolak", "Melebihi fisik", 1.1),
    Column("jam", "Ditolak: Jam", "count", "Urutan waktu pembacaan tidak mungkin.", "selisih", "Nilai Ditolak", "Jam"),
    Column("bertentangan", "Ditolak: Bertentangan", "count", "Pembacaan berbeda pada waktu yang sama.", "pembacaan",
           "Nilai Ditolak", "Berten-tangan", 1.1),
    Column("jam_tidak_sinkron", "Jam Tidak Sinkron", "count",
           "Pembacaan yang waktunya dikoreksi atau diragukan; kosong bila tidak dihitung.", "pembacaan", width=1.1),
    Column("tertunda", "Agen Tertunda", "count",
           "Pembacaan yang tiba lebih dari sehari kemudian; kosong bila tidak dihitung.", "pembacaan", width=1.1),
)  # fmt: skip

GAPS: Final = (
    CODE, LINK,
    Column("celah_mulai", "Mulai", "time", "Awal celah data."),
    Column("celah_selesai", "Selesai", "time", "Akhir celah data."),
    Column("lama_menit", "Lama (menit)", "count", "Lama celah.", "menit"),
)  # fmt: skip

DICTIONARY: Final = (
    Column("kunci", "Kunci", "code", "Nama kolom dalam JSON.", width=2.5),
    Column("judul", "Judul Kolom", "text", "Nama kolom dalam PDF, XLSX, dan CSV.", width=2.2),
    Column("definisi", "Definisi", "text", "Arti kolom.", width=4.2),
    Column("satuan", "Satuan", "text", "Satuan nilai.", width=0.9),
    Column("jenis", "Jenis", "text", "Jenis nilai dan pembulatannya.", width=1.3),
    Column("tabel", "Tabel", "text", "Tabel yang memuat kolom ini.", width=2.2),
)

PARAMETERS: Final = (
    Column("parameter", "Parameter", "code", "Nama parameter.", width=1.3),
    Column("arti", "Arti", "text", "Kegunaan parameter.", width=3.0),
    Column("nilai", "Nilai", "text", "Nilai yang dipakai.", width=1.2),
)

FACTS: Final = (ITEM, Column("isi", "Isi", "code", "Keterangan atas uraian.", width=2.4))
