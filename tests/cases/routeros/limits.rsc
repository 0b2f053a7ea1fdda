# Batas antrean RouterOS menurut penetapan yang berlaku pada 2026-08-10
# Nadi tidak pernah mengubah konfigurasi: periksa, lalu terapkan sendiri pada perangkat yang disebut.

# Perangkat r1 (Router 1)
# BPKAD Badan Keuangan, tautan wan-2
# PERHATIAN: 4 tautan OPD ini dihitung bersama, perintah memuat seluruh penetapan
# penetapan SK-1 tanggal 2025-12-22: unduh 90 Mbps, unggah 12,5 Mbps
/queue tree set [find name="turun"] max-limit=90000000
/queue tree set [find name="naik"] max-limit=12500000
# BPKAD Badan Keuangan, tautan wan-3
# PERHATIAN: 4 tautan OPD ini dihitung bersama, perintah memuat seluruh penetapan
# penetapan SK-1 tanggal 2025-12-22: unduh 90 Mbps, unggah 12,5 Mbps
# diukur pada antarmuka ether2, bukan antrean: atur dengan tangan
# BPKAD Badan Keuangan, tautan wan-4
# PERHATIAN: 4 tautan OPD ini dihitung bersama, perintah memuat seluruh penetapan
# penetapan SK-1 tanggal 2025-12-22: unduh 90 Mbps, unggah 12,5 Mbps
/queue simple set [find name="a\22\5D \5B/system reset\5D \24x \5C \C3\A9\3B\5C"] max-limit=12500000/90000000
# BPKAD Badan Keuangan, tautan wan-bpkad
# PERHATIAN: 4 tautan OPD ini dihitung bersama, perintah memuat seluruh penetapan
# penetapan SK-1 tanggal 2025-12-22: unduh 90 Mbps, unggah 12,5 Mbps
/queue simple set [find name="opd bpkad"] max-limit=12500000/90000000
# DINKES Dinas? Kesehatan, tautan wan-5
# belum ada penetapan: tidak ada perintah
