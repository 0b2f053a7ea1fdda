"""Titles and meanings of the columns of tables that people fill in, in Indonesian: the data dictionary."""

from __future__ import annotations

from typing import Final

from collector.importing.columns import Words

TABLES: Final = {
    "site": ("lokasi", "Tempat perangkat berada"),
    "opd": ("opd", "Perangkat Daerah"),
    "device": ("perangkat", "Perangkat yang diukur"),
    "contract": ("kontrak", "Kontrak kapasitas internet; tidak pernah ditulis ulang, hanya dicabut"),
    "link": ("tautan", "Jaringan tiap OPD dan jaringan hulu, di tempat diukurnya"),
    "allocation": ("penetapan", "Alokasi yang ditetapkan; tidak pernah ditulis ulang, hanya dicabut"),
    "server": ("server", "Server dan perlindungannya"),
    "ups": ("ups", "Baterai UPS dan genset di belakangnya"),
    "generator": ("genset", "Genset dan sakelar pindahnya"),
    "backup": ("cadangan", "Pekerjaan pencadangan dan kebijakannya"),
}
"""Kinds of the inventory document: the name of the table, and what is in it."""

_CODE = ("Kode", "Kode pengenal: huruf, angka, '.', '_' atau '-'", "wan-dinkes")
_NAME = ("Nama", "Nama untuk dibaca orang", "Dinas Kesehatan")
_OPD = ("Kode OPD", "Kode OPD yang terdaftar", "DINKES")
_FROM = ("Berlaku Sejak", "Hari pertama berlaku", "2026-01-01")
_TO = ("Berlaku Sampai Sebelum", "Hari pertama yang tidak lagi termasuk; kosong: sampai ada yang baru", "2027-01-01")
_NUMBER = ("Nomor", "Nomor surat atau kontrak", "027/114/2026")
_PROVIDER = ("Penyedia", "Penyedia layanan", "PT Penyedia Contoh")
_DOWN = ("Unduh (Mbps)", "Laju menuju OPD, Mbps (10^6 bit/s)", "100")
_UP = ("Unggah (Mbps)", "Laju dari OPD, Mbps (10^6 bit/s)", "50")
_SITE = ("Lokasi", "Kode lokasi yang terdaftar", "pusat-data")
_DEVICE = ("Kode Perangkat", "Kode perangkat yang terdaftar", "rtr-dinkes")
_PRIORITY = ("Kelas Prioritas", "Kelas menurut skala prioritas", "tinggi")
_REVOKED: Words = {
    "revoked.number": ("Dicabut dengan Nomor", "Nomor surat pencabutan; kosong: tidak dicabut", ""),
    "revoked.date": ("Dicabut Sejak", "Hari pertama tidak lagi berlaku", ""),
}

INVENTORY: Final[dict[str, Words]] = {
    "site": {"code": _CODE, "name": _NAME},
    "opd": {
        "code": ("Kode", "Kode referensi data induk: huruf besar, angka, '.' atau '-'", "DINKES"),
        **{"name": _NAME, "priority": _PRIORITY, "site": _SITE},
    },
    "device": {
        **{"code": ("Kode", _CODE[1], "rtr-dinkes"), "name": _NAME, "site": _SITE},
        "source": ("Agen Sumber", "Agen yang bacaannya dihitung; kosong: agen bernama sama", "poller-noc"),
        "kind": ("Jenis", "router, server, ups, ats, sensor, pdu, atau generator; kosong: router", "router"),
        "cache_seconds": ("Tembolok (detik)", "Selama ini perangkat menyimpan pencacahnya; net-snmp 3", "0"),
    },
    "contract": {
        **{"code": ("Kode", "Kode layanan; perpanjangan memakai kode yang sama", "internet-utama")},
        **{"provider": _PROVIDER, "number": _NUMBER, "down_mbps": _DOWN, "up_mbps": _UP},
        "cost_rupiah_month": ("Biaya (Rp/bulan)", "Biaya sebulan dalam rupiah; kosong: tidak diketahui", "67500000"),
        **{"valid_from": _FROM, "valid_to": _TO, **_REVOKED},
    },
    "link": {
        **{"code": _CODE, "opd": ("Kode OPD", "Kode OPD; kosong pada tautan hulu", "DINKES"), "device": _DEVICE},
        "vantage": ("Ujung", "Di ujung mana diukur", "opd"),
        "medium": ("Media", "Media jaringan", "serat optik"),
        "owner": ("Pemilik", "Pemilik jaringan", "Pemerintah Kabupaten"),
        "provider": ("Penyedia", "Penyedia jaringan; kosong: milik sendiri", ""),
        "maintainer": ("Pengelola", "Bagian yang memelihara", "WAN"),
        "active_from": ("Aktif Sejak", "Hari pertama diukur", "2026-01-01"),
        "active_to": ("Aktif Sampai Sebelum", "Hari pertama tidak lagi diukur; kosong: masih aktif", ""),
        "interface": ("Antarmuka", "Nama antarmuka (ifName) tempat diukur; atau antrean di bawah", "ether1"),
        "queue": ("Antrean Sederhana", "Nama simple queue, sebagai ganti antarmuka", ""),
        "queue_unduh": ("Antrean Unduh", "Nama queue tree unduh; bersama Antrean Unggah", ""),
        "queue_unggah": ("Antrean Unggah", "Nama queue tree unggah", ""),
        "unduh": ("Pencacah Unduh", "Pencacah yang merupakan lalu lintas menuju OPD; wajib pada antarmuka", "receive"),
        "same_as": ("Ujung Lain", "Kode tautan yang mengukur jaringan yang sama di ujung lain", ""),
        "probe": ("Uji Jangkau", "PERANGKAT/SASARAN uji ICMP yang melewati jaringan ini", ""),
        "role": ("Peran", "wan: jaringan OPD; uplink: hulu; kosong: wan", "wan"),
        "contract": ("Kode Kontrak", "Kode kontrak kapasitas yang dilalui", "internet-utama"),
        "port_mbps": ("Kemampuan Fisik (Mbps)", "Laju fisik jaringan; kosong: tidak diketahui", "1000"),
        "limited": ("Dibatasi", "Router seharusnya membatasi pada alokasi; kosong: tidak", "ya"),
    },
    "allocation": {
        **{"opd": _OPD, "number": ("Nomor Penetapan", "Nomor keputusan", "500.12/07/2026")},
        "date": ("Tanggal Penetapan", "Tanggal keputusan", "2025-12-22"),
        "legal_basis": ("Dasar Hukum", "Dasar hukum keputusan", "Perbup Lampung Timur 16/2023 Pasal 21"),
        "official": ("Pejabat", "Pejabat yang menetapkan", "Kepala Dinas"),
        **{"priority": _PRIORITY, "down_mbps": _DOWN, "up_mbps": _UP, "valid_from": _FROM, "valid_to": _TO},
        "floor_down_mbps": ("Jaminan Minimum Unduh (Mbps)", "Bagian alokasi yang dijamin; kosong: 0", "20"),
        "floor_up_mbps": ("Jaminan Minimum Unggah (Mbps)", "Bagian alokasi yang dijamin; kosong: 0", "10"),
        **_REVOKED,
    },
    "server": {
        "device": ("Kode Perangkat", "Kode perangkat berjenis server", "srv-simpeg"),
        "role": ("Peran", "Peran server", "aplikasi"),
        "opd": ("Kode OPD", "OPD pemilik; kosong: Dinas", ""),
        "datacentre": ("Di Pusat Data", "Berada di pusat data; kosong: ya", "ya"),
        "location": ("Letak", "Letak, misalnya rak", "Rak 2"),
        "insured_until": ("Diasuransikan Sampai", "Hari berakhirnya asuransi; kosong: tidak diketahui", ""),
        "ups": ("UPS", "Kode UPS yang melindungi, dipisah titik koma", "ups-pusat-data"),
    },
    "ups": {
        "device": ("Kode Perangkat", "Kode perangkat berjenis ups", "ups-pusat-data"),
        "battery_installed": ("Baterai Dipasang", "Hari baterai dipasang; kosong: tidak diketahui", "2024-05-01"),
        "battery_life_years": ("Umur Baterai (tahun)", "Umur rancangan baterai", "4"),
        "generator": ("Genset", "Kode genset di belakangnya; kosong: tidak ada", "genset-1"),
    },
    "generator": {
        **{"code": ("Kode", _CODE[1], "genset-1"), "name": ("Nama", _NAME[1], "Genset pusat data")},
        "device": ("Pengendali", "Kode perangkat pengendali; kosong: tidak ada", ""),
        "ats": ("ATS", "Kode sakelar pindah otomatis; kosong: tidak ada", "ats-1"),
        "transfer_limit_seconds": ("Batas Alih (detik)", "Genset memikul beban paling lama setelah ini", "30"),
        "margin_seconds": ("Cadangan Waktu UPS (detik)", "UPS harus bertahan lebih lama sebanyak ini", "120"),
        "test_every_days": ("Uji Setiap (hari)", "0: tanpa uji", "30"),
    },
    "backup": {
        "code": ("Kode", _CODE[1], "simpeg-harian"),
        "server": ("Server", "Kode server yang dicadangkan", "srv-simpeg"),
        "job": ("Pekerjaan", "Nama pekerjaan seperti dilaporkan agen", "simpeg"),
        "engine": ("Program", "Program pencadangan seperti dilaporkan agen", "restic"),
        "device": ("Dilaporkan oleh", "Kode perangkat yang melaporkan; kosong: server itu sendiri", ""),
        "rpo_hours": ("RPO (jam)", "Cadangan berhasil terakhir paling lama setua ini", "24"),
        "full_every_days": ("Penuh Setiap (hari)", "Cadangan penuh yang teruji paling lama setua ini", "7"),
        "verify_every_days": ("Verifikasi Setiap (hari)", "0: tanpa verifikasi", "30"),
        "restore_test_every_days": ("Uji Pulih Setiap (hari)", "0: tanpa uji", "180"),
        "tape_copies": ("Salinan Pita", "Jumlah salinan penuh pada pita", "1"),
        "offsite": ("Di Luar Lokasi", "Satu salinan berada di tempat lain; kosong: tidak", "tidak"),
    },
}

PROPOSAL: Final[Words] = {
    "code": ("Nomor Usulan", "Nomor dari Nadi; kosong: usulan baru", ""),
    "state": ("Keadaan", "Keadaan usulan; hanya untuk dibaca", ""),
    "opd": _OPD,
    "link": ("Kode Tautan", "Kode tautan OPD yang terdaftar", "wan-dinkes"),
    "down_mbps": ("Unduh (Mbps)", "Laju unduh yang diusulkan, Mbps bulat", "100"),
    "up_mbps": ("Unggah (Mbps)", "Laju unggah yang diusulkan, Mbps bulat", "50"),
    "reason": ("Alasan", "Alasan kebutuhan, sedikitnya 20 karakter", "Rekam medis elektronik di seluruh puskesmas"),
    "services": ("Layanan", "Layanan yang memerlukannya, dipisah titik koma", "SIMPUS; e-Kinerja"),
    "users": ("Jumlah Pengguna", "Jumlah pengguna", "140"),
    "starts": ("Mulai", "Hari pertama diperlukan", "2026-04-01"),
    "target": ("Target", "Hari kebutuhan harus terpenuhi", "2026-06-30"),
    "cost_rupiah_month": ("Biaya (Rp/bulan)", "Perkiraan biaya sebulan dalam rupiah", "4750000"),
    "risk": ("Risiko", "Risiko bila tidak dipenuhi", "Layanan melambat"),
    "ends": ("Berakhir", "Hari berakhirnya kebutuhan; kosong: seterusnya", ""),
    "new_service": ("Layanan Baru", "Layanan baru yang dimulai pada Mulai; kosong: tidak ada", ""),
}

DICTIONARY: Final = "kamus-data"
DICTIONARY_HEADER: Final = ("Tabel", "Judul Kolom", "Kunci", "Wajib", "Jenis", "Pilihan", "Arti", "Contoh")
