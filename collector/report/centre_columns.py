"""The columns of chapter X: the data dictionary of the data centre's tables."""

from __future__ import annotations

from typing import Final

from collector.report.document import Column, Kind

UPS_CODE: Final = Column("ups", "UPS", "text", "Kode UPS.", width=1.5)
SERVER: Final = Column("server", "Server", "text", "Kode server.", width=1.7)

UPS: Final = (
    UPS_CODE,
    Column("nama", "Nama", "text", "Nama perangkat.", width=2.2),
    Column("server_dilindungi", "Server yang Dilindungi", "text", "Server yang dipasok UPS itu.", width=2.6),
    Column("keadaan_akhir", "Keadaan pada Akhir Periode", "text", "Keadaan UPS pada penutupan periode.", width=1.6),
    Column("beban_rata_persen", "Beban rata-rata (%)", "percent", "Rata-rata pembacaan beban.", "%", "Beban (%)",
           "rata-rata"),
    Column("beban_maks_persen", "Beban maks (%)", "percent", "Beban tertinggi yang terbaca.", "%", "Beban (%)", "maks"),
    Column("sisa_waktu_menit", "Sisa Waktu (menit)", "count",
           "Sisa waktu pada bebannya menurut pembacaan terakhir selagi memakai listrik PLN.", "menit"),
    Column("umur_baterai_hari", "Umur Baterai (hari)", "count",
           "Sejak baterai dipasang, menurut UPS atau, bila UPS tidak menyebut, menurut inventaris.", "hari"),
    Column("ganti_baterai", "Minta Ganti Baterai", "text", "UPS meminta baterainya diganti."),
    Column("uji_terakhir", "Uji Baterai Terakhir", "date", "Uji mandiri terakhir menurut UPS.", width=1.3),
    Column("hasil_uji", "Hasil Uji", "text", "Hasil uji mandiri terakhir.", width=1.1),
    Column("kejadian_baterai", "Kejadian Baterai (kali)", "count", "Peralihan ke baterai yang terbaca.", "kali"),
    Column("lama_baterai_menit", "Lama pada Baterai (menit)", "count", "Jumlah waktu pada baterai yang terbaca.",
           "menit"),
    Column("ups_diketahui_persen", "Keadaan Diketahui (%)", "percent",
           "Bagian periode yang keadaan UPS-nya diketahui.", "%", width=1.1),
)  # fmt: skip

GENERATORS: Final = (
    Column("genset", "Genset", "text", "Kode genset.", width=1.4),
    Column("nama", "Nama", "text", "Nama perangkat.", width=2.0),
    Column("listrik_padam", "Listrik Padam (kali)", "count", "Kejadian listrik PLN padam yang diketahui.", "kali"),
    Column("dipikul", "Dipikul Genset (kali)", "count", "Kejadian yang bebannya terbukti dipikul genset.", "kali"),
    Column("tidak_dipikul", "Tidak Dipikul (kali)", "count",
           "Kejadian yang bebannya diketahui tidak dipikul genset.", "kali"),
    Column("alih_min_detik", "Waktu Alih terlama, paling cepat (detik)", "count",
           "Batas bawah waktu alih terlama: dari listrik padam sampai genset memikul beban.", "detik",
           "Waktu Alih terlama (detik)", "sedikitnya"),
    Column("alih_maks_detik", "Waktu Alih terlama, paling lama (detik)", "count",
           "Batas atas waktu alih terlama.", "detik", "Waktu Alih terlama (detik)", "paling lama"),
    Column("batas_alih_detik", "Batas Waktu Alih (detik)", "count", "Batas menurut SOP.", "detik"),
    Column("melewati_batas", "Melewati Batas (kali)", "count", "Peralihan yang pasti melewati batas.", "kali"),
    Column("alih_terbukti_detik", "Alih Terbukti 12 bulan (detik)", "count",
           "Batas atas terbesar dari peralihan yang terbukti dalam dua belas bulan.", "detik", width=1.1),
    Column("uji_genset", "Uji Terakhir", "date", "Uji genset terakhir.", width=1.2),
    Column("hasil_uji", "Hasil Uji", "text", "Hasil uji terakhir.", width=1.1),
    Column("bahan_bakar_persen", "Bahan Bakar (%)", "percent", "Isi tangki menurut pembacaan atau catatan terakhir.",
           "%"),
    Column("sumber_genset", "Sumber", "text",
           "otomatis, atau manual bila uji atau bahan bakar berasal dari catatan petugas.", width=1.2),
)  # fmt: skip

EVENTS: Final = (
    Column("no", "No", "count", "Nomor urut baris.", width=0.5),
    Column("pasokan", "Pasokan", "text", "Kode genset, atau UPS yang tidak berada di belakang genset.", width=1.4),
    Column("padam_antara", "Padam setelah", "time", "Pembacaan terakhir sebelum listrik padam.", "",
           "Listrik PLN padam", "setelah", 1.7),
    Column("padam_sebelum", "Padam paling lambat", "time", "Pembacaan pertama sesudah listrik padam.", "",
           "Listrik PLN padam", "paling lambat", 1.7),
    Column("pulih_setelah", "Pulih setelah", "time", "Pembacaan terakhir sebelum listrik pulih.", "",
           "Listrik PLN pulih", "setelah", 1.7),
    Column("pulih_sebelum", "Pulih paling lambat", "time", "Pembacaan pertama sesudah listrik pulih.", "",
           "Listrik PLN pulih", "paling lambat", 1.7),
    Column("baterai_detik", "Pada Baterai (detik)", "count", "Waktu pada baterai yang terbaca, sedikitnya.", "detik"),
    Column("dipikul_genset", "Dipikul Genset", "text", "Apakah genset memikul beban.", width=1.2),
    Column("waktu_alih_min_detik", "Waktu Alih paling cepat (detik)", "count",
           "Batas bawah dari listrik padam sampai genset memikul beban.", "detik", "Waktu Alih (detik)", "sedikitnya"),
    Column("waktu_alih_maks_detik", "Waktu Alih paling lama (detik)", "count",
           "Batas atas dari listrik padam sampai genset memikul beban.", "detik", "Waktu Alih (detik)", "paling lama"),
    Column("baterai_lemah", "Baterai Lemah", "text", "UPS menyatakan baterai hampir habis."),
    Column("beban_padam", "Beban Padam", "text", "Keluaran UPS mati."),
    Column("keterangan_kejadian", "Keterangan", "text", "Uji, atau kejadian yang hanya dari catatan petugas.",
           width=1.6),
)  # fmt: skip

NOTES: Final = (
    Column("waktu_catatan", "Waktu", "time", "Waktu kejadian menurut petugas.", width=1.6),
    Column("jenis_catatan", "Jenis", "text", "Jenis catatan.", width=1.4),
    Column("objek_catatan", "Objek", "text", "Perangkat yang dicatat.", width=1.4),
    Column("nilai_catatan", "Nilai", "tenth", "Nilai yang dicatat, misalnya bahan bakar dalam persen."),
    Column("isi_catatan", "Catatan", "text", "Catatan petugas.", width=3.4),
    Column("petugas", "Petugas", "text", "Yang mencatat.", width=1.4),
)  # fmt: skip

_CLIMATE: Final[tuple[tuple[str, str, str, str, Kind], ...]] = (
    ("suhu", "Suhu", "°C", "celsius", "tenth"),
    ("kelembapan", "Kelembapan", "%", "persen", "percent"),
)
SENSORS: Final = (
    Column("perangkat", "Perangkat", "text", "Kode perangkat sensor.", width=1.6),
    Column("sensor", "Sensor", "text", "Nama sensor.", width=1.8),
    *(
        Column(f"{key}_{end}_{unit_key}", f"{name} {end} ({unit})", kind, f"{name} {word} yang terbaca.", unit,
               f"{name} ({unit})", end)
        for key, name, unit, unit_key, kind in _CLIMATE
        for end, word in (("min", "terendah"), ("rata", "rata-rata"), ("maks", "tertinggi"))
    ),
    Column("alarm", "Alarm (kali)", "count", "Alarm yang terbaca.", "kali"),
    Column("alarm_menit", "Lama Alarm (menit)", "count", "Jumlah lama alarm.", "menit"),
    Column("air_menit", "Air (menit)", "count", "Lama air terdeteksi.", "menit"),
    Column("asap_menit", "Asap (menit)", "count", "Lama asap terdeteksi.", "menit"),
    Column("pintu_menit", "Pintu Terbuka (menit)", "count", "Lama pintu terbuka.", "menit"),
    Column("sensor_diketahui_persen", "Diketahui (%)", "percent", "Bagian periode yang sensornya terbaca.", "%"),
)  # fmt: skip

BACKUPS: Final = (
    SERVER,
    Column("cadangan", "Cadangan", "text", "Kode pekerjaan pencadangan.", width=1.7),
    Column("alat", "Alat", "text", "Alat pencadangan.", width=1.1),
    Column("penuh_terakhir", "Penuh Terakhir", "time", "Akhir salinan penuh terakhir yang berhasil.", width=1.6),
    Column("media", "Media / Label Pita", "text", "Media salinan penuh terbaru: pita, pool, slot.", width=2.2),
    Column("umur_jam", "Umur (jam)", "count",
           "Penutupan periode dikurangi waktu salinan penuh terverifikasi terakhir.", "jam"),
    Column("kebijakan_jam", "Kebijakan (jam)", "count", "Umur paling lama menurut kebijakan.", "jam", width=1.1),
    Column("verifikasi", "Verifikasi Terakhir", "date", "Pemeriksaan salinan terakhir yang lulus.", width=1.2),
    Column("uji_pemulihan", "Uji Pemulihan", "date", "Uji pemulihan terakhir.", width=1.2),
    Column("hasil_pemulihan", "Hasil Uji Pemulihan", "text",
           "Hasil uji pemulihan; (manual) bila dari catatan petugas.", width=1.3),
    Column("upaya_terakhir", "Upaya Terakhir", "text", "Hasil upaya pencadangan terakhir.", width=1.8),
    Column("salinan_pita", "Salinan Pita", "text", "Apakah salinan penuh pada pita memenuhi kebijakan.", width=1.1),
    Column("luar_lokasi", "Luar Lokasi", "text", "Apakah salah satu salinan berada di luar lokasi.", width=1.1),
    Column("status_cadangan", "Status", "text", "baik, terlambat, kritis, tidak ada, atau tidak diketahui.", width=1.3),
)  # fmt: skip

MATRIX: Final = (
    SERVER,
    Column("nama", "Nama", "text", "Nama perangkat.", width=2.2),
    Column("peran", "Peran", "text", "Peran server.", width=1.1),
    Column("pemilik", "Pemilik", "text", "Perangkat Daerah pemilik.", width=1.5),
    Column("letak", "Letak", "text", "Letak server.", width=1.6),
    Column("lindung_ups", "UPS", "text", "Perlindungan UPS.", width=1.1),
    Column("lindung_genset", "Genset", "text", "Perlindungan genset.", width=1.1),
    Column("lindung_cadangan", "Cadangan", "text", "Perlindungan cadangan.", width=1.1),
    Column("lindung_pita", "Pita", "text", "Salinan penuh pada pita.", width=1.1),
    Column("lindung_pemulihan", "Uji Pemulihan", "text", "Uji pemulihan menurut kebijakan.", width=1.1),
    Column("terlindung", "Terlindung", "text", "Apakah server terlindung.", width=1.2),
    Column("sejak", "Sejak", "date", "Sejak kapan demikian, bila diketahui.", width=1.2),
    Column("sebab", "Sebab", "text", "Sebab belum terlindung.", width=2.8),
)  # fmt: skip

AVAILABILITY: Final = (
    Column("perangkat", "Perangkat", "text", "Kode perangkat.", width=1.8),
    Column("nama", "Nama", "text", "Nama perangkat.", width=2.4),
    Column("dinilai_menit", "Waktu Dinilai (menit)", "count",
           "Waktu sejak pembacaan pertama, tanpa waktu yang keadaannya tidak diketahui.", "menit"),
    Column("tidak_diketahui_menit", "Tidak Diketahui (menit)", "count", "Waktu yang keadaannya tidak diketahui.",
           "menit"),
    Column("gangguan", "Gangguan (kali)", "count", "Selang mati yang terbukti.", "kali"),
    Column("mati_menit", "Durasi (menit)", "count", "Jumlah lama mati yang terbukti.", "menit"),
    Column("ketersediaan_kotor_persen", "Ketersediaan Kotor (%)", "availability",
           "Bagian waktu dinilai yang tidak mati; kosong bila tidak dinilai.", "%", width=1.2),
    Column("ketersediaan_bersih_persen", "Ketersediaan Bersih (%)", "availability",
           "Seperti kotor, tanpa pemeliharaan terencana dan pemutusan yang disetujui; kosong bila belum terdaftar.",
           "%", width=1.2),
    Column("penilaian", "Penilaian", "text", "dinilai, atau tidak dinilai bila kurang dari 75 % waktunya diketahui.",
           width=1.2),
)  # fmt: skip

FINDINGS: Final = (
    Column("temuan", "Temuan", "text", "Hal yang ditemukan.", width=3.6),
    Column("objek", "Objek", "text", "Yang ditemukan padanya.", width=1.8),
    Column("berat", "Berat", "text", "tinggi, sedang, atau rendah.", width=0.8),
    Column("sejak", "Sejak", "date", "Sejak kapan demikian, bila diketahui.", width=1.1),
)  # fmt: skip
