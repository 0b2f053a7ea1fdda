"""Indonesian text of the report: how numbers, times and states are written, and its formal sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from agent.clock import Month, Zone
from collector.report.document import Column, Value

MONTHS: Final = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip
SHORT_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")
ROMAN: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
NUMERALS: Final = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh")

TITLE: Final = "Laporan Evaluasi Bulanan Penggunaan Bandwidth"
MISSING: Final = "-"
UNBOUNDED: Final = "tidak terbatas"
INDICATIVE_MARK: Final = "*"

STATUS: Final = ("DATA TIDAK CUKUP", "RENDAH", "WAJAR", "PERLU PERHATIAN", "JENUH")
"""Printed names of collector.judge.month.Status, by its value."""

STATUS_MEANING: Final = (
    "Cakupan data kurang dari 75 %; tidak dinilai.",
    "Utilisasi P95 kurang dari 30 %.",
    "Utilisasi P95 30 % sampai dengan kurang dari 70 %.",
    "Utilisasi P95 70 % sampai dengan kurang dari 90 %.",
    "Utilisasi P95 90 % atau lebih, atau Waktu pada Batas 5 % atau lebih.",
)
INDICATIVE: Final = "indikatif"
DOWN, UP = "Unduh", "Unggah"
VANTAGE: Final = {"opd": "sisi PD", "noc": "sisi NOC"}
YES, NO = "ya", "tidak"


def number(value: Decimal | int) -> str:
    """Write a rounded number the Indonesian way: ``1.234,56``."""
    return f"{value:,}".translate(str.maketrans(",.", ".,"))


def day(value: date, *, short: bool = False) -> str:
    """Write a date: ``1 November 2026``, short ``1 Nov 2026``."""
    names = SHORT_MONTHS if short else MONTHS
    return f"{value.day} {names[value.month - 1]} {value.year}"


def month(value: Month) -> str:
    """Write a month: ``Oktober 2026``."""
    return f"{MONTHS[value.number - 1]} {value.year}"


def instant(value: datetime, zone: Zone) -> str:
    """Write an instant in full: ``4 November 2026 pukul 00.00 WIB``."""
    return f"{day(value.date())} pukul {value:%H.%M} {zone.name}"


def clock_hour(hour: int) -> str:
    """Write a clock hour: ``10.00-10.59``."""
    return f"{hour:02d}.00-{hour:02d}.59"


BY_HAND: Final = frozenset(("keputusan", "nilai_keputusan", "paraf"))
"""Columns that somebody fills in on paper: they stay blank, for "-" would say that nothing is known."""


def printed(value: Value, column: Column, *, marked: bool = False) -> str:
    """Write a cell as the PDF shows it; the value is rounded already."""
    if value is None:
        return "" if column.key in BY_HAND else MISSING
    if isinstance(value, datetime):
        return f"{day(value.date(), short=True)} {value:%H.%M}"
    if isinstance(value, date):
        return day(value, short=True)
    if isinstance(value, str):
        return value
    return number(value) + (INDICATIVE_MARK if marked else "")


def status(value: int | None, *, indicative: bool = False) -> str | None:
    """Write a status; the mark *indikatif* stands beside it."""
    if value is None:
        return None
    return f"{STATUS[value]} ({INDICATIVE})" if indicative else STATUS[value]


def joined(names: Sequence[str], *, limit: int) -> str:
    """Join names in a sentence; past ``limit`` say how many more there are."""
    shown = list(names[:limit])
    rest = len(names) - len(shown)
    if rest:
        return f"{', '.join(shown)}, dan {rest} Perangkat Daerah lainnya"
    return listed(shown)


def listed(items: Sequence[str]) -> str:
    """Join all items in a sentence: ``a, b, dan c``."""
    if len(items) < 3:
        return " dan ".join(items)
    return f"{', '.join(items[:-1])}, dan {items[-1]}"


def counted(count: int) -> str:
    """Write a count as formal letters do: ``3 (tiga)``."""
    return f"{count} ({NUMERALS[count]})" if count < len(NUMERALS) else number(count)


def letter_number(pattern: str, moment: datetime) -> str:
    """Fill {bulan} (Roman) and {tahun} into the pattern of a letter's number."""
    return pattern.replace("{bulan}", ROMAN[moment.month - 1]).replace("{tahun}", str(moment.year))


def mail_text(of: Month, version: int, *, region: str, code: str) -> tuple[str, str]:
    """Return subject and text of the e-mail that carries a report."""
    text = (
        f"Yth. Bapak/Ibu,\n\nBersama ini kami sampaikan {TITLE} {region} periode {month(of)}, versi {version}.\n\n"
        "Terlampir laporan dalam PDF, dan seluruh berkasnya (XLSX, CSV, JSON, manifest, dan tanda tangannya) dalam "
        f"satu berkas ZIP. Kode verifikasi: {code}. Keaslian berkas dapat diperiksa tanpa jaringan setelah ZIP "
        "diuraikan dengan perintah: nadi verify manifest.json\n\nMohon konfirmasi penerimaan atas surel ini.\n"
    )
    return f"{TITLE} {region} Periode {month(of)} (versi {version})", text


ROLES: Final = ("Disusun oleh", "Diperiksa oleh", "Disahkan oleh")
FIGURE: Final = "Ukuran"
UNSIGNED: Final = "belum ditandatangani secara elektronik"
SIGNED_WITHIN: Final = "bila ada, terdapat di dalam berkas PDF ini (PAdES) dan diperiksa dengan: nadi verify"
CODE_NOTE: Final = (
    "Kode verifikasi adalah 16 digit pertama sidik SHA-256 berkas JSON laporan ini. Keaslian seluruh berkas dapat "
    "diperiksa tanpa jaringan dengan perintah: nadi verify manifest.json (Lampiran E)."
)
MARK_NOTE: Final = "* indikatif: cakupan data 75 % sampai dengan kurang dari 90 %."
CHART: Final = ("Rata-rata per jam", "P95 harian", "Alokasi yang ditetapkan", "Tidak ada data")
DRAFT: Final = "draf"
NO_DECISION: Final = "Tidak ada keputusan yang dimohonkan pada periode ini."
NO_FINDING: Final = "Tidak terdapat hal yang perlu dilaporkan secara khusus pada periode ini."
NO_BASIS: Final = "Dasar hukum belum diisi dalam konfigurasi laporan."
ALL_AUTOMATIC: Final = (
    "Seluruh angka diperoleh secara otomatis dari penghitung antarmuka; tidak ada nilai yang diisi secara manual, "
    'diperkirakan, atau diisi nol. Data yang hilang tetap dinyatakan hilang (ditulis "-").'
)
SCOPE: Final = (
    "Unduh adalah lalu lintas menuju Perangkat Daerah; Unggah adalah lalu lintas dari Perangkat Daerah. Utilisasi "
    "dihitung terhadap alokasi yang ditetapkan, bukan terhadap kapasitas fisik antarmuka."
)
MAIN_INTRO: Final = (
    "Laju dalam Mbps (1 Mbps = 1.000.000 bit/s), volume dalam GB (1 GB = 1.000.000.000 byte). Alokasi adalah "
    "yang berlaku pada akhir periode; bila berubah dalam periode, utilisasi dihitung terhadap rata-rata "
    "alokasi tertimbang waktu dan rinciannya ada pada Lampiran A. Jam Sibuk adalah jam lokal arah Unduh. Tanda "
    '"-" berarti tidak diketahui atau tidak disajikan, bukan nol; Paket Terbuang Antrean disajikan bila '
    "seluruh tautan Perangkat Daerah itu diukur pada antrean."
)
MAIN_NOTE: Final = f"{MARK_NOTE} Rentang P95 disajikan bila cakupan 75 % sampai dengan kurang dari 99 %."
ALLOCATION_NOTE: Final = (
    "Kesesuaian Konfigurasi Router adalah keadaan pada akhir periode, bagi tautan yang batasnya dipegang oleh router; "
    '"tidak terbaca" berarti batasnya tidak terbaca dalam satu jam terakhir. Tanggal "berlaku hingga" yang kosong '
    "berarti penetapan belum diakhiri."
)
CONTRACT_NOTE: Final = (
    "P95, Utilisasi, dan Biaya per Mbps terpakai hanya disajikan bagi kontrak yang tautan hulunya terdaftar "
    "dan terukur cukup. Biaya per Mbps terpakai = biaya sebulan dibagi P95 arah yang lebih besar."
)
NO_CONTRACT: Final = "Belum ada kontrak layanan internet yang terdaftar dan berlaku pada periode ini."
QUALITY_NOTE: Final = (
    "Selisih adalah beda dua pembacaan penghitung yang berurutan. Selisih yang ditolak tidak menambah angka apa pun. "
    "Baris tanpa Kode PD adalah tautan hulu."
)

METHOD: Final = (
    ("Waktu", "Waktu disimpan dalam UTC. Satu bulan adalah [00.00 tanggal 1, 00.00 tanggal 1 bulan berikutnya) "
              "menurut zona waktu daerah yang tetap. Interval 5 menit (300 detik) dihitung sejak tengah malam "
              "lokal."),
    ("Selisih sah", "Selisih dua pembacaan berurutan dari penghitung yang sama. Selisih tidak sah bila "
                    "penghitung dimulai ulang (reset), turun tanpa sebab (mundur), putarannya tidak dapat "
                    "dipastikan (putaran ambigu), atau lajunya melebihi kemampuan fisik. Selisih lebih dari "
                    "900 detik hanya dihitung ke Volume. Nilai tidak pernah diganti, disisipkan, atau diisi "
                    "nol."),
    ("Interval sah", "Bit dari selisih sah dibagi ke interval sebanding dengan waktu. Interval sah bila paling "
                     "sedikit 240 dari 300 detiknya terukur; nilainya adalah bit dibagi detik yang terukur."),
    ("Beberapa tautan", "Nilai interval semua tautan suatu Perangkat Daerah dijumlahkan lebih dahulu, baru "
                        "diperingkat. Jumlah itu sah bila setiap tautannya sah."),
    ("P95", "N nilai sah diurutkan dari yang kecil; P95 adalah nilai pada peringkat (95 N + 99) dibagi 100, "
            "dibulatkan ke bawah (peringkat terdekat), bagi setiap arah. P95 tidak dicetak bila cakupan kurang "
            "dari 75 %, dan ditandai indikatif bila cakupan 75 % sampai dengan kurang dari 90 %."),
    ("Rentang P95", "Dengan M interval seharusnya dan m = M - N interval hilang, batas bawah menganggap "
                    "seluruh yang hilang rendah dan batas atas menganggap seluruhnya tinggi; batas atas yang "
                    "tidak dapat ditentukan ditulis \"tidak terbatas\"."),
    ("Jam Sibuk", "Rata-rata setiap jam yang cukup sahnya dihitung pada hari kerja, lalu dirata-ratakan "
                  "antarhari; Jam Sibuk adalah jam dengan rata-rata tertinggi, paling sedikit pada 5 hari "
                  "kerja."),
    ("Utilisasi P95", "P95 dibagi alokasi, diambil arah yang lebih besar, sebagaimana RFC 5136 dengan "
                      "kapasitas diganti alokasi yang ditetapkan. Bila alokasi berubah, pembaginya rata-rata "
                      "alokasi tertimbang waktu."),
    ("Waktu pada Batas", "Bagian interval sah yang nilainya 95 % dari batas yang berlaku pada awal interval atau "
                         "lebih, bagi setiap arah; yang dicetak arah yang lebih besar. Batas itu adalah batas "
                         "yang terbaca dari router, baik di bawah maupun di atas alokasi; pembacaan berlaku "
                         "sampai pembacaan berikutnya, paling lama satu jam. Bila batas tidak terbaca, atau router "
                         "tidak membatasi, dipakai alokasi yang berlaku. Pada beberapa tautan, batas yang terbaca "
                         "dijumlahkan hanya bila terbaca pada setiap tautan yang dihitung; bila tidak, dipakai "
                         "alokasi."),
    ("Cakupan", "N dibagi M, dengan M interval yang seluruhnya berada dalam masa aktif tautan. Gangguan "
                "pengumpul data sendiri tidak dikecualikan."),
    ("Pembulatan", "Perhitungan dan perbandingan memakai nilai eksak. Pembulatan dilakukan satu kali pada saat "
                   "disajikan, setengah menjauhi nol: Mbps 2 desimal, GB 1 desimal, persen 1 desimal. PDF, "
                   "XLSX, CSV, dan JSON memuat nilai yang sama."),
)  # fmt: skip

VERIFY: Final = (
    "Simpan seluruh berkas laporan, manifest.json, dan manifest.json.sig dalam satu folder.",
    "Jalankan: nadi verify manifest.json. Perintah ini bekerja tanpa jaringan dan menyebut setiap berkas yang "
    "berubah, hilang, atau tidak tercantum.",
    "Cocokkan kunci publik dalam manifest dengan kunci pengumpul data yang diumumkan oleh Dinas.",
    "Tanpa program ini: hitung SHA-256 setiap berkas dan cocokkan dengan manifest; periksa tanda tangan Ed25519 "
    '(base64 dalam manifest.json.sig) atas teks "nadi-manifest-1", satu ganti baris, lalu isi manifest.json.',
    "Teks dalam CSV yang diawali tanda = + - @ atau ' diberi awalan ' agar tidak dijalankan sebagai rumus; "
    "buang satu tanda ' di depan untuk memperoleh teks asli. JSON memuat teks asli.",
)

PARAMETER_MEANING: Final = {
    "width_ms": "Lebar interval (milidetik).",
    "percentile": "Persentil yang dipakai.",
    "coverage_print": "Cakupan paling rendah agar P95 dicetak.",
    "coverage_firm": "Cakupan di bawah nilai ini ditandai indikatif.",
    "coverage_bounds": "Cakupan di bawah nilai ini disertai Rentang P95.",
    "saturated": "Utilisasi paling rendah bagi status JENUH.",
    "attention": "Utilisasi paling rendah bagi status PERLU PERHATIAN.",
    "fair": "Utilisasi paling rendah bagi status WAJAR; di bawahnya RENDAH.",
    "at_limit": "Bagian batas yang dianggap menyentuh batas.",
    "saturated_at_limit": "Waktu pada Batas paling rendah bagi status JENUH.",
    "last_period_bins": "Interval paling sedikit agar subperiode terakhir menentukan status.",
    "hour_share": "Bagian interval sah paling sedikit dalam satu jam bagi Jam Sibuk.",
    "busy_days": "Hari kerja sah paling sedikit bagi Jam Sibuk.",
    "gap_ms": "Celah lebih dari nilai ini dilaporkan (milidetik).",
    "weekdays": "Hari kerja dalam sepekan.",
    "holidays": "Hari libur yang tidak dihitung sebagai hari kerja.",
}
WEEKDAYS: Final = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")

NO_STATUS_MEANING: Final = "Status tidak dapat dinilai, misalnya karena alokasi belum ditetapkan."
COMPACT: Final = "a. Ringkas"
REMAINING: Final = "b. Selengkapnya"
DICTIONARY: Final = "Kolom semua tabel laporan, sama dalam PDF, XLSX, CSV, dan JSON"
KIND: Final = {
    "text": "teks",
    "code": "teks",
    "status": "teks",
    "count": "bilangan bulat",
    "rupiah": "bilangan bulat",
    "mbps": "angka, 2 desimal",
    "gb": "angka, 1 desimal",
    "percent": "angka, 1 desimal",
    "availability": "angka, 3 desimal",
    "tenth": "angka, 1 desimal",
    "ratio": "angka, 2 desimal",
    "time": "waktu ISO 8601",
    "date": "tanggal ISO 8601",
}
