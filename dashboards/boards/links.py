"""Nadi 3: links and the devices they are measured on."""

from __future__ import annotations

from dashboards.limits import (
    ALIVE,
    BUSY,
    LIMIT,
    LINK,
    LOSS,
    MEMORY,
    NONE_RED,
    NONE_YELLOW,
    POLL_SECONDS,
    PROCESSOR,
    ROUND_TRIP,
    VALID,
    YES,
)
from dashboards.model import Board, Look, Panel, Query, Variable
from dashboards.panels import (
    TO_AGENCY,
    TO_DEVICE,
    TO_LINK,
    comforting,
    counted,
    label,
    latest,
    proven,
    row,
    tile,
    value,
)

_DEVICE = '{device=~"$device"}'
_PORTS = '(max by (device, interface, link) (nadi_interface_info{device=~"$device", link=~"$link"}))'
_REGISTERED = 'and on (device, interface) nadi_interface_info{device=~"$device", link=~"$link"}'
_LIMIT = 'nadi_queue_config_match{device=~"$device", link=~"$link"}'
_BAD = '(nadi_link_state{link=~"$link", site=~"$site"} != 1)'

_NOW = (
    row(300, "Keadaan"),
    tile(301, "Perangkat tidak menjawab", counted(f"nadi_device_up{_DEVICE}", "== 0"), steps=NONE_RED, source="mentah",
         no_value="Perangkat tidak terbaca",
         help="Perangkat yang pada pembacaan terakhir tidak menjawab agen pembacanya."),
    tile(302, "Porta aktif yang mati",
         proven(f"nadi_interface_up{_DEVICE} == 0 and nadi_interface_admin_up{_DEVICE} == 1 {_REGISTERED}",
                f"nadi_interface_up{_DEVICE} {_REGISTERED}"),
         steps=NONE_RED, source="mentah", no_value="Porta tidak terbaca",
         help="Porta terdaftar yang diaktifkan tetapi tidak hidup: kabel, radio, atau perangkat di seberang."),
    tile(303, "Porta bergalat (langsung)",
         counted(f"increase(nadi_interface_receive_errors_total{_DEVICE}[15m])", "> 0"),
         steps=NONE_YELLOW, source="langsung", no_value="Penghitung galat tidak terbaca",
         help="Porta yang penghitung galat terimanya bertambah dalam 15 menit terakhir."),
    tile(304, "Baru menyala ulang", counted(f"nadi_device_uptime_seconds{_DEVICE}", "< 3600"), steps=NONE_YELLOW,
         source="mentah", no_value="Lama hidup tidak terbaca",
         help="Perangkat yang hidup kurang dari satu jam: baru dihidupkan ulang atau padam."),
    tile(305, "SNMPv2c dipakai",
         proven('nadi_device_info{device=~"$device", protocol="snmpv2c"}', f"nadi_device_info{_DEVICE}"),
         steps=NONE_YELLOW, no_value="Perangkat belum dikenali",
         help="Perangkat yang masih dibaca tanpa enkripsi; ganti dengan SNMPv3."),
    Panel(
        id=306, kind="stat", title="Lama baca terpanjang", width=4, height=4, source="mentah",
        queries=(Query(f"max(nadi_device_poll_duration_seconds{_DEVICE})", "Lama baca"),),
        look=Look(unit="s", steps=POLL_SECONDS, decimals=1), no_value="Belum ada pembacaan",
        help="Lama pembacaan perangkat yang paling lambat. Mendekati satu menit berarti ada bacaan yang terlewat.",
    ),
    Panel(
        id=307, kind="table", title="Tautan yang tidak hidup dan sebabnya", width=24, height=7,
        queries=(
            Query(f"max by (link, opd) {_BAD}"),
            Query(f"max by (link, device, provider, uplink) (nadi_link_info) and on (link) {_BAD}"),
            Query("max by (link) (max by (device, link) (nadi_link_info) * on (device) group_left () "
                  f"max by (device) (nadi_device_up{_DEVICE})) and on (link) {_BAD}"),
            Query(f"max by (link) (nadi_interface_up * on (device, interface) group_left (link) {_PORTS}) "
                  f"and on (link) {_BAD}"),
            Query(f"max by (link) (nadi_interface_admin_up * on (device, interface) group_left (link) {_PORTS}) "
                  f"and on (link) {_BAD}"),
            Query(f"max by (link) ({latest('nadi_link_bin_valid')}) and on (link) {_BAD}"),
        ),
        columns=(
            label("link", "Tautan", TO_LINK), label("opd", "Kode PD", TO_AGENCY),
            label("device", "Perangkat", TO_DEVICE), label("provider", "Penyedia"), label("uplink", "Hulu"),
            value("A", "Keadaan", states=LINK), value("C", "Perangkat", states=ALIVE, no_value="Tidak terbaca"),
            value("D", "Porta", states=ALIVE, no_value="Tidak terbaca"),
            value("E", "Porta diaktifkan", states=YES, no_value="Tidak terbaca"),
            value("F", "Kotak terakhir", states=VALID, no_value="Tidak terbaca"),
        ),
        no_value=comforting("Semua tautan hidup"),
        help="Perangkat mati: listrik atau jalur ke perangkat. Porta mati: kabel, radio, atau seberang. Semua tidak "
        "terbaca: agen atau jalur agen ke pusat. Tabel kosong berarti semua tautan hidup.",
    ),
    Panel(
        id=310, kind="table", title="Daftar perangkat", width=24, height=8, source="mentah",
        queries=(
            Query(f"max by (device, site, vendor, model, version, protocol) (nadi_device_info{_DEVICE})"),
            Query(f"max by (device) (nadi_device_up{_DEVICE})"),
            Query(f"max by (device) (nadi_device_uptime_seconds{_DEVICE}) / 86400"),
            Query(f"max by (device) (nadi_device_cpu_utilization_ratio{_DEVICE})"),
            Query(f"max by (device) (nadi_device_memory_used_bytes{_DEVICE} / nadi_device_memory_size_bytes{_DEVICE})"),
            Query(f"max by (device) (nadi_device_temperature_celsius{_DEVICE})"),
        ),
        columns=(
            label("device", "Perangkat", TO_DEVICE), label("site", "Lokasi"), label("vendor", "Merek"),
            label("model", "Model"), label("version", "Versi"), label("protocol", "Protokol"),
            value("B", "Keadaan", states=ALIVE), value("C", "Hidup selama", unit="suffix: hari", decimals=1),
            value("D", "Prosesor", unit="percentunit", steps=PROCESSOR),
            value("E", "Memori", unit="percentunit", steps=MEMORY), value("F", "Suhu", unit="celsius"),
        ),
        no_value="Tidak dilaporkan",
        help="Perangkat menurut pengakuannya sendiri. Klik kodenya untuk melihat porta dan tautannya saja.",
    ),
)  # fmt: skip


def _live(number: int, title: str, queries: tuple[Query, ...], look: Look, help: str, *, mirror: bool = False) -> Panel:
    return Panel(
        id=number, kind="timeseries", title=title, width=12, height=8, source="langsung", queries=queries, look=look,
        mirror=mirror, no_value="Penghitung tidak terbaca", help=help,
    )  # fmt: skip


def _rate(field: str) -> str:
    return f"rate(nadi_interface_{field}_total{_DEVICE}[$__rate_interval])"


_INTERFACES = (
    row(320, "Porta terdaftar: pemakaian, kejenuhan, galat (langsung)"),
    _live(321, "Trafik per porta (langsung)", (
        Query(f"{_rate('receive_bytes')} * 8 {_REGISTERED}", "{{device}} {{interface}} terima"),
        Query(f"-8 * {_rate('transmit_bytes')} {_REGISTERED}", "{{device}} {{interface}} kirim (ke bawah)"),
    ), Look(unit="bps"), "Laju menit ini, dilihat dari porta: 'terima' belum tentu 'unduh'. Pilih perangkat atau "
       "tautan di atas bila garis terlalu banyak.", mirror=True),
    _live(322, "Buangan dan galat (langsung)", tuple(
        Query(f"{_rate(field)} {_REGISTERED}", f"{{{{device}}}} {{{{interface}}}} {words}")
        for field, words in (
            ("transmit_discards", "buangan kirim"), ("receive_discards", "buangan terima"),
            ("receive_errors", "galat terima"), ("transmit_errors", "galat kirim"),
        )
    ), Look(unit="pps"), "Buangan berarti antrean penuh; galat berarti kabel, radio, atau dupleks yang salah."),
    _live(323, "Trafik terhadap kecepatan porta (langsung)", (
        Query(f"8 * {_rate('transmit_bytes')} / (nadi_interface_speed_bits_per_second{_DEVICE} > 0) {_REGISTERED}",
              "{{device}} {{interface}} kirim"),
        Query(f"8 * {_rate('receive_bytes')} / (nadi_interface_speed_bits_per_second{_DEVICE} > 0) {_REGISTERED}",
              "{{device}} {{interface}} terima"),
    ), Look(unit="percentunit", steps=BUSY, low=0), "Kejenuhan fisik porta; lain dari utilisasi alokasi."),
    _live(324, "Buangan antrean per tautan (langsung)", (
        Query('rate(nadi_queue_dropped_packets_total{device=~"$device", link=~"$link"}[$__rate_interval])',
              "{{link}} {{direction}}"),
    ), Look(unit="pps"), "Paket yang dibuang pembatas tautan, arah menurut OPD."),
)  # fmt: skip

_LINKS = (
    row(330, "Tautan"),
    Panel(
        id=331, kind="state-timeline", title="Keadaan tautan", width=24, height=9,
        queries=(Query('nadi_link_state{link=~"$link", site=~"$site"}', "{{link}}"),),
        look=Look(states=LINK, link=TO_LINK), no_value="Keadaan tautan tidak diterima",
        help="Riwayat keadaan tiap tautan. Klik garisnya untuk memilih tautan itu saja.",
    ),
    Panel(
        id=337, kind="timeseries", title="Laju per tautan (dasar laporan)", width=12, height=8,
        queries=(
            Query('nadi_link_rate_bits_per_second{link=~"$link", direction="unduh"}', "{{link}} unduh"),
            Query('-1 * nadi_link_rate_bits_per_second{link=~"$link", direction="unggah"}',
                  "{{link}} unggah (ke bawah)"),
        ),
        look=Look(unit="bps"), mirror=True, no_value="Belum ada kotak yang sah",
        help="Kotak 5 menit tiap tautan. Celah berarti tidak sah. Kotak masuk 15 sampai 20 menit setelah berakhir.",
    ),
    Panel(
        id=334, kind="status-history", title="Keabsahan kotak per tautan", width=12, height=8,
        queries=(Query('nadi_link_bin_valid{link=~"$link"}', "{{link}}"),),
        look=Look(states=VALID, link=TO_LINK), no_value="Belum ada kotak",
        help="Kotak 5 menit yang sah pada kedua arah (hijau) dan yang tidak (abu-abu).",
    ),
    Panel(
        id=332, kind="timeseries", title="Latensi P95 per tautan", width=12, height=7,
        queries=(Query('nadi_link_rtt_p95_seconds{link=~"$link"}', "{{link}}"),),
        look=Look(unit="s", steps=ROUND_TRIP, low=0, link=TO_LINK),
        no_value="Tidak ada tautan yang diukur dengan ping",
        help="P95 waktu bolak-balik ke ujung tautan pada kotak 5 menit terakhir; celah berarti tanpa jawaban.",
    ),
    Panel(
        id=333, kind="timeseries", title="Kehilangan paket per tautan", width=12, height=7,
        queries=(Query('nadi_link_loss_ratio{link=~"$link"}', "{{link}}"),),
        look=Look(unit="percentunit", steps=LOSS, low=0, link=TO_LINK),
        no_value="Tidak ada tautan yang diukur dengan ping",
        help="Bagian paket uji ke ujung tautan yang tidak kembali pada kotak 5 menit terakhir.",
    ),
    Panel(
        id=338, kind="timeseries", title="Latensi jalur", width=12, height=7, source="mentah",
        queries=(Query(f"nadi_probe_rtt_seconds{_DEVICE}", "{{device}} ke {{target}} ({{probe}})"),),
        look=Look(unit="s", steps=ROUND_TRIP), no_value="Tidak ada jalur yang diukur",
        help="Waktu bolak-balik pengukuran aktif agen; celah berarti tidak ada jawaban.",
    ),
    Panel(
        id=339, kind="timeseries", title="Kehilangan paket jalur", width=12, height=7, source="mentah",
        queries=(Query(f"nadi_probe_loss_ratio{_DEVICE}", "{{device}} ke {{target}} ({{probe}})"),),
        look=Look(unit="percentunit", steps=LOSS, low=0), no_value="Tidak ada jalur yang diukur",
        help="Bagian paket yang tidak kembali pada pengukuran aktif agen.",
    ),
    Panel(
        id=335, kind="table", title="Daftar tautan", width=24, height=8,
        queries=(
            Query('max by (link, opd, device, interface, medium, maintainer, provider, uplink, role) '
                  '(nadi_link_info{link=~"$link", device=~"$device"})'),
            Query('max by (link) (nadi_link_state{link=~"$link"})'),
            Query('time() - max by (link) (nadi_link_state_changed_timestamp_seconds{link=~"$link"})'),
        ),
        columns=(
            label("link", "Tautan", TO_LINK), label("opd", "Kode PD", TO_AGENCY), label("role", "Peran"),
            label("device", "Perangkat", TO_DEVICE), label("interface", "Porta"), label("medium", "Media"),
            label("maintainer", "Pengelola"), label("provider", "Penyedia"), label("uplink", "Hulu"),
            value("B", "Keadaan", states=LINK), value("C", "Selama", unit="dthms", no_value="Tidak diketahui"),
        ),
        no_value="Keadaan tautan tidak diterima",
        help="Tautan terdaftar: siapa yang mengelola, penyedianya, dan porta tempat tautan itu diukur.",
    ),
    Panel(
        id=336, kind="table", title="Batas di router yang berbeda dari penetapan", width=24, height=6,
        queries=(
            Query(f"max by (device, link, opd, direction) ({_LIMIT} == 0)"),
            Query("max by (device, link, opd, direction) (nadi_queue_limit_bits_per_second) "
                  f"and on (device, link, direction) ({_LIMIT} == 0)"),
            Query("max by (opd, direction) (nadi_opd_allocation_bits_per_second) "
                  f"and on (opd, direction) ({_LIMIT} == 0)"),
        ),
        columns=(
            label("link", "Tautan", TO_LINK), label("opd", "Kode PD", TO_AGENCY),
            label("device", "Perangkat", TO_DEVICE), label("direction", "Arah"),
            value("A", "Terhadap penetapan", states=LIMIT),
            value("B", "Batas terbaca", unit="bps", no_value="Tanpa batas atau dinonaktifkan"),
            value("C", "Alokasi OPD", unit="bps", no_value="Belum ada penetapan"),
        ),
        no_value=comforting("Tidak ada yang berbeda"),
        help="Batas kecepatan menurut perangkat yang lain dari penetapan. Yang tidak terbaca disebut pada dasbor "
        "Perangkat Daerah. Nadi hanya membaca; yang mengubah perangkat ialah petugas.",
    ),
)  # fmt: skip


def _resource(number: int, title: str, field: str, look: Look, no_value: str, help: str) -> Panel:
    queries = (Query(f"nadi_device_{field}{_DEVICE}", "{{device}}"),)
    return Panel(
        id=number, kind="timeseries", title=title, width=8, height=7, source="mentah", queries=queries, look=look,
        no_value=no_value, help=help,
    )  # fmt: skip


_RESOURCES = (
    row(340, "Sumber daya perangkat"),
    _resource(341, "Prosesor perangkat", "cpu_utilization_ratio", Look(unit="percentunit", steps=PROCESSOR, low=0),
              "Perangkat tidak melaporkan prosesor", "Rata-rata semua prosesor perangkat pada pembacaan itu."),
    _resource(342, "Suhu perangkat", "temperature_celsius", Look(unit="celsius"),
              "Perangkat tidak melaporkan suhu", "Suhu perangkat menurut perangkat itu sendiri."),
    _resource(343, "Tegangan perangkat", "voltage_volts", Look(unit="volt"),
              "Perangkat tidak melaporkan tegangan", "Tegangan catu perangkat; turun berarti catu daya melemah."),
)  # fmt: skip

LINKS = Board(
    uid="nadi-tautan",
    title="Nadi 3 - Tautan dan Router",
    purpose="Sebab teknis: tautan, perangkat, porta, dan jalur yang diukur.",
    span="now-6h",
    refresh="1m",
    variables=(
        Variable(name="site", label="Lokasi", query="label_values(nadi_link_info, site)"),
        Variable(name="device", label="Perangkat", query='label_values(nadi_link_info{site=~"$site"}, device)'),
        Variable(name="link", label="Tautan", query='label_values(nadi_link_info{site=~"$site"}, link)'),
    ),
    panels=(*_NOW, *_INTERFACES, *_LINKS, *_RESOURCES),
)
