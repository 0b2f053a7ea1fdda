"""Nadi 5: the servers of the data centre."""

from __future__ import annotations

from dashboards.limits import (
    ALIVE,
    BUSY,
    CERTIFICATE_DAYS,
    CLOCK_SECONDS,
    DISK,
    DISK_FULL,
    GOOD,
    MEMORY,
    NONE_RED,
    NONE_YELLOW,
    PROCESSOR,
    PROTECTED,
    SIGNATURE_SECONDS,
    TROUBLE,
)
from dashboards.model import Board, Look, Panel, Query, Source, Variable
from dashboards.panels import TO_HOST, TO_POWER, TO_UPS, comforting, counted, label, latest, proven, row, tile, value

_HOST = '{host=~"$host"}'
_DISK = '{host=~"$host", fstype!~"tmpfs|devtmpfs|overlay|squashfs"}'
_FULL = f"(1 - nadi_host_filesystem_available_bytes{_DISK} / nadi_host_filesystem_size_bytes{_DISK})"
_MEMORY = f"(1 - nadi_host_memory_available_bytes{_HOST} / nadi_host_memory_size_bytes{_HOST})"
_IDLE = 'rate(nadi_host_cpu_seconds_total{host=~"$host", mode="idle"}[$__rate_interval])'
_ALL = f"rate(nadi_host_cpu_seconds_total{_HOST}[$__rate_interval])"
_CPU = f"1 - sum by (host) ({_IDLE}) / sum by (host) ({_ALL})"

_NOW = (
    row(500, "Keadaan dan temuan"),
    tile(501, "Server tidak melapor", counted(f"nadi_host_up{_HOST}", "== 0"), steps=NONE_RED,
         no_value="Keadaan server tidak diterima",
         help="Server terdaftar yang tidak melapor dan tidak menjawab baru-baru ini. Belum tentu mati."),
    tile(502, "Aplikasi tanpa UPS",
         proven('nadi_host_info{host=~"$host", role=~"aplikasi|database", ups=""}', f"nadi_host_info{_HOST}"),
         steps=NONE_RED, to=TO_POWER, no_value="Keadaan server tidak diterima",
         help="Server aplikasi dan basis data yang menurut data induk tidak dilindungi UPS."),
    tile(503, f"Sistem berkas di atas {DISK_FULL:.0%}".replace("%", " %"), counted(_FULL, f"> {DISK_FULL}"),
         steps=NONE_RED, source="mentah", no_value="Sistem berkas tidak terbaca",
         help="Banyaknya sistem berkas yang hampir penuh; daftar dan ramalannya ada di bawah."),
    tile(504, "Media lepas terlihat", counted(latest(f"nadi_host_removable_storage{_HOST}"), "> 0"), steps=NONE_RED,
         source="mentah", no_value="Tidak dilaporkan",
         help="Server tempat media penyimpanan lepas terpasang."),
    tile(505, "Mendengar di alamat publik", counted(latest(f"nadi_host_public_listeners{_HOST}"), "> 0"),
         steps=NONE_YELLOW, source="mentah", no_value="Tidak dilaporkan",
         help="Server yang membuka layanan pada alamat publik; periksa apakah memang dimaksudkan."),
    tile(506, "Antivirus lewat 7 hari",
         counted(latest(f"nadi_host_antivirus_signature_age_seconds{_HOST}"), f"> {SIGNATURE_SECONDS}"),
         steps=NONE_YELLOW, source="mentah", no_value="Antivirus tidak dilaporkan",
         help="Server yang berkas ciri antivirusnya lebih tua dari tujuh hari."),
    Panel(
        id=510, kind="table", title="Daftar server", width=24, height=9, source="langsung",
        queries=(
            Query(f"max by (host, role, owner, location, ups, os) (nadi_host_info{_HOST})"),
            Query(f"max by (host) (nadi_host_up{_HOST})"),
            Query(f"(time() - max by (host) ({latest(f'nadi_host_boot_time_seconds{_HOST}')})) / 86400"),
            Query(_CPU),
            Query(f"max by (host) {_MEMORY}"),
            Query(f"max by (host) {_FULL}"),
            Query(f"max by (host) ({latest(f'nadi_host_pending_security_updates{_HOST}')})"),
        ),
        columns=(
            label("host", "Server", TO_HOST), label("role", "Peran"), label("owner", "Pemilik"),
            label("location", "Letak"), label("ups", "UPS", TO_UPS), label("os", "Sistem operasi"),
            value("B", "Keadaan", states=ALIVE), value("C", "Hidup selama", unit="suffix: hari", decimals=1),
            value("D", "Prosesor", unit="percentunit", steps=PROCESSOR),
            value("E", "Memori", unit="percentunit", steps=MEMORY),
            value("F", "Disk terpenuh", unit="percentunit", steps=DISK),
            value("G", "Pembaruan keamanan", steps=NONE_YELLOW),
        ),
        no_value="Tidak dilaporkan",
        help="Server terdaftar. Kolom UPS yang kosong berarti tanpa UPS; 'Tidak dilaporkan' berarti tidak diketahui.",
    ),
)  # fmt: skip


def _graph(
    number: int,
    title: str,
    queries: tuple[Query, ...],
    look: Look,
    help: str,
    *,
    source: Source = "mentah",
    mirror: bool = False,
) -> Panel:
    return Panel(
        id=number, kind="timeseries", title=title, width=12, height=8, source=source, queries=queries, look=look,
        mirror=mirror, no_value="Tidak dilaporkan", help=help,
    )  # fmt: skip


def _flow(field: str) -> str:
    return f"rate(nadi_host_{field}_total{_HOST}[$__rate_interval])"


_USE = (
    row(520, "Pemakaian, kejenuhan, galat"),
    _graph(521, "Prosesor terpakai (langsung)", (Query(_CPU, "{{host}}"),),
           Look(unit="percentunit", steps=PROCESSOR, low=0, high=1),
           "Bagian waktu prosesor yang tidak menganggur.", source="langsung"),
    _graph(522, "Beban per inti", (Query(f"nadi_host_load1{_HOST} / nadi_host_cpu_cores{_HOST}", "{{host}}"),),
           Look(decimals=2, low=0), "Antrean proses per inti prosesor; lama di atas satu berarti jenuh."),
    _graph(523, "Memori terpakai", (Query(_MEMORY, "{{host}}"),),
           Look(unit="percentunit", steps=MEMORY, low=0, high=1), "Memori yang tidak dapat dipakai tanpa bertukar."),
    _graph(524, "Swap terpakai", (Query(f"nadi_host_swap_used_bytes{_HOST}", "{{host}}"),),
           Look(unit="bytes", low=0), "Memori yang dipindahkan ke disk; bertambah terus berarti memori kurang."),
    _graph(525, "Disk sibuk (langsung)", (Query(_flow("disk_io_time_seconds"), "{{host}} {{disk}}"),),
           Look(unit="percentunit", steps=BUSY, low=0), "Bagian waktu disk bekerja.", source="langsung"),
    _graph(526, "Baca dan tulis disk (langsung)", (
        Query(_flow("disk_read_bytes"), "{{host}} {{disk}} baca"),
        Query(f"-1 * {_flow('disk_written_bytes')}", "{{host}} {{disk}} tulis (ke bawah)"),
    ), Look(unit="Bps"), "Oktet yang dibaca dan ditulis tiap disk.", source="langsung", mirror=True),
    _graph(528, "Trafik server (langsung)", (
        Query(f"{_flow('network_receive_bytes')} * 8", "{{host}} {{interface}} terima"),
        Query(f"-8 * {_flow('network_transmit_bytes')}", "{{host}} {{interface}} kirim (ke bawah)"),
    ), Look(unit="bps"), "Laju porta server, dilihat dari server.", source="langsung", mirror=True),
    Panel(
        id=527, kind="bargauge", title="Sistem berkas terpenuh", width=12, height=8, source="mentah",
        queries=(Query(f"topk(20, {_FULL})", "{{host}} {{mountpoint}}"),),
        look=Look(unit="percentunit", steps=DISK, low=0, high=1, link=TO_HOST), no_value="Tidak dilaporkan",
        help="Dua puluh sistem berkas yang paling penuh, tanpa sistem berkas di memori.",
    ),
    Panel(
        id=529, kind="bargauge", title="Sisa hari sampai penuh (langsung)", width=12, height=8, source="langsung",
        queries=(
            Query(f"bottomk(20, nadi_host_filesystem_available_bytes{_DISK} / "
                  f"-(deriv(nadi_host_filesystem_available_bytes{_DISK}[6h]) < 0) / 86400)", "{{host}} {{mountpoint}}"),
        ),
        look=Look(unit="suffix: hari", steps=((None, "red"), (2, "yellow"), (7, "green")), decimals=1, low=0, high=30,
                  link=TO_HOST),
        no_value=comforting("Tidak ada yang berkurang"),
        help="Perkiraan kasar dari laju pengisian enam jam terakhir; hanya sistem berkas yang ruangnya berkurang.",
    ),
    Panel(
        id=530, kind="table", title="Kesehatan disk dan selisih jam", width=12, height=8, source="mentah",
        queries=(
            Query(f"min by (host) ({latest(f'nadi_host_disk_healthy{_HOST}')})"),
            Query(f"max by (host) (abs({latest(f'nadi_host_clock_offset_seconds{_HOST}')}))"),
            Query(f"max by (host) (nadi_host_filesystem_readonly{_HOST})"),
            Query(f"max by (host) ({latest(f'nadi_host_reboot_required{_HOST}')})"),
        ),
        columns=(
            label("host", "Server", TO_HOST), value("A", "Disk", states=GOOD),
            value("B", "Selisih jam", unit="s", steps=CLOCK_SECONDS), value("C", "Hanya-baca", states=TROUBLE),
            value("D", "Perlu nyala ulang", states=TROUBLE),
        ),
        no_value="Tidak dilaporkan",
        help="Keputusan SMART atau RAID, selisih jam terhadap sumber waktu, dan sistem berkas yang menjadi hanya-baca.",
    ),
    Panel(
        id=531, kind="table", title="Layanan yang tidak semestinya", width=12, height=7, source="mentah",
        queries=(Query("max by (device, unit) (nadi_service_up == 0)"),),
        columns=(label("device", "Server", TO_HOST), label("unit", "Layanan"), value("A", "Keadaan", states=ALIVE)),
        no_value=comforting("Semua layanan yang dipantau berjalan"),
        help="Layanan dan pewaktu yang keadaannya lain dari yang seharusnya menurut agen.",
    ),
    Panel(
        id=534, kind="table", title="Server yang belum terlindung", width=12, height=7,
        queries=(Query('max by (server) (nadi_server_protected{server=~"$host"} != 1)'),),
        columns=(label("server", "Server", TO_HOST), value("A", "Perlindungan", states=PROTECTED)),
        no_value=comforting("Semua server terlindung"),
        help="Server yang menurut penilaian pengumpul kurang UPS, cadangan, pita, atau uji pemulihan, atau tidak "
        "diketahui.",
    ),
    Panel(
        id=532, kind="bargauge", title="Sisa hari sertifikat", width=12, height=7,
        queries=(
            Query("bottomk(20, (nadi_certificate_not_after_timestamp_seconds - time()) / 86400)", "{{name}}"),
        ),
        look=Look(unit="suffix: hari", steps=CERTIFICATE_DAYS, decimals=0, low=0, high=365),
        no_value="Tidak ada sertifikat yang dipantau",
        help="Sisa hari sertifikat layanan web yang diperiksa agen, yang tersingkat lebih dahulu.",
    ),
)  # fmt: skip

SERVERS = Board(
    uid="nadi-server",
    title="Nadi 5 - Pusat Data: Server",
    purpose="Server pusat data: yang tidak melapor, yang tidak terlindung, yang hampir penuh, dan sebabnya.",
    span="now-6h",
    refresh="1m",
    variables=(Variable(name="host", label="Server", query="label_values(nadi_host_info, host)"),),
    panels=(*_NOW, *_USE),
)
