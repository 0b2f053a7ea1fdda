"""Nadi 6: UPS, transfer switch, generator and the room."""

from __future__ import annotations

from dashboards.limits import (
    ATS,
    AUTOMATIC,
    BATTERY_DAYS,
    FUEL,
    GOOD,
    PRESENT,
    ROOM_CELSIUS,
    SPARE_SECONDS,
    TEST_DAYS,
    TRANSFER,
    TROUBLE,
    UPS,
    UPS_CHARGE,
    UPS_LOAD,
    UPS_SECONDS,
    YES,
)
from dashboards.model import Board, Look, Panel, Query, Variable
from dashboards.panels import TO_HOST, TO_UPS, label, row, value

_UPS = '{ups=~"$ups"}'


def _stat(number: int, title: str, expr: str, look: Look, no_value: str, help: str, *, width: int = 4) -> Panel:
    return Panel(
        id=number, kind="stat", title=title, width=width, height=4, source="mentah", queries=(Query(expr, title),),
        look=look, no_value=no_value, help=help,
    )  # fmt: skip


_NOW = (
    row(600, "Sekarang"),
    Panel(
        id=601, kind="stat", title="Keadaan UPS", width=6, height=4,
        queries=(Query(f"nadi_ups_state{_UPS}", "{{ups}}"),), look=Look(states=UPS, link=TO_UPS),
        no_value="Keadaan UPS tidak diterima",
        help="Keadaan tiap UPS. 'Tidak diketahui' berarti UPS tidak terbaca, bukan mati dan bukan baik.",
    ),
    _stat(602, "Sisa waktu terendah", f"min(nadi_ups_battery_runtime_seconds{_UPS})",
          Look(unit="dthms", steps=UPS_SECONDS), "UPS tidak terbaca", "Sisa waktu baterai yang tersingkat sekarang."),
    _stat(603, "Listrik PLN", "min(nadi_ats_mains_present)", Look(states=PRESENT), "ATS tidak terbaca",
          "Ada tidaknya listrik PLN pada masukan pertama sakelar alih.", width=3),
    _stat(604, "Sumber beban", "min(nadi_ats_source)", Look(states=ATS), "ATS tidak terbaca",
          "Sumber yang sekarang memikul beban; bila ada beberapa sakelar, yang terburuk.", width=3),
    Panel(
        id=605, kind="stat", title="Waktu alih terakhir", width=4, height=4,
        queries=(Query("max(nadi_ats_last_transfer_duration_seconds)", "Waktu alih"),),
        look=Look(unit="dthms"), no_value="Belum pernah beralih",
        help="Waktu dari listrik padam sampai genset memikul beban pada kejadian terakhir (batas atas).",
    ),
    _stat(606, "Bahan bakar", "min(nadi_generator_fuel_ratio)", Look(unit="percentunit", steps=FUEL),
          "Tidak terukur", "Isi tangki genset yang paling rendah; 'Tidak terukur' berarti perlu dicatat petugas."),
    Panel(
        id=610, kind="state-timeline", title="Rantai daya", width=24, height=8, source="mentah",
        queries=(
            Query("nadi_ats_mains_present", "PLN ada ({{ats}})"),
            Query(f"nadi_ups_on_battery{_UPS}", "{{ups}} pada baterai"),
            Query("nadi_generator_running", "{{generator}} jalan"),
            Query("nadi_ats_source == bool 2", "Beban dari genset ({{ats}})"),
        ),
        look=Look(states=YES), no_value="Rantai daya tidak terbaca",
        help="Urutan kejadian saat padam: PLN hilang, UPS ke baterai, genset jalan, beban pindah. Kosong berarti tidak "
        "terbaca.",
    ),
)  # fmt: skip


def _graph(number: int, title: str, queries: tuple[Query, ...], look: Look, help: str) -> Panel:
    return Panel(
        id=number, kind="timeseries", title=title, width=8, height=7, source="mentah", queries=queries, look=look,
        no_value="Tidak terbaca", help=help,
    )  # fmt: skip


_ROWS = (
    row(620, "UPS"),
    _graph(621, "Muatan baterai", (Query(f"nadi_ups_battery_charge_ratio{_UPS}", "{{ups}}"),),
           Look(unit="percentunit", steps=UPS_CHARGE, low=0, high=1), "Muatan baterai tiap UPS; celah: tidak terbaca."),
    _graph(622, "Sisa waktu", (Query(f"nadi_ups_battery_runtime_seconds{_UPS}", "{{ups}}"),),
           Look(unit="dthms", low=0), "Sisa waktu pada beban saat itu, menurut UPS."),
    _graph(623, "Beban", (Query(f"nadi_ups_load_ratio{_UPS}", "{{ups}}"),),
           Look(unit="percentunit", steps=UPS_LOAD, low=0, high=1), "Beban terhadap kemampuan UPS."),
    _graph(624, "Tegangan masuk dan keluar", (
        Query(f"nadi_ups_input_voltage_volts{_UPS}", "{{ups}} masuk"),
        Query(f"nadi_ups_output_voltage_volts{_UPS}", "{{ups}} keluar"),
    ), Look(unit="volt"), "Tegangan pada masukan dan keluaran UPS; masukan nol saat padam."),
    Panel(
        id=625, kind="table", title="Daftar UPS", width=16, height=7,
        queries=(
            Query(f"max by (ups, site) (nadi_ups_state{_UPS})"),
            Query(f"max by (ups) (nadi_ups_load_ratio{_UPS})"),
            Query(f"(time() - max by (ups) (nadi_ups_battery_installed_timestamp_seconds{_UPS})) / 86400"),
            Query(f"(time() - max by (ups) (nadi_ups_self_test_timestamp_seconds{_UPS})) / 86400"),
            Query(f"min by (ups) (nadi_ups_self_test_passed{_UPS})"),
            Query(f"max by (ups) (nadi_ups_battery_events{_UPS})"),
            Query(f"max by (ups) (nadi_ups_replace_battery{_UPS})"),
            Query(f"max by (ups, model) (nadi_ups_info{_UPS})"),
            Query(f"max by (ups) (nadi_ups_on_battery_seconds_total{_UPS})"),
        ),
        columns=(
            label("ups", "UPS", TO_UPS), label("site", "Lokasi"), label("model", "Model"),
            value("A", "Keadaan", states=UPS), value("B", "Beban", unit="percentunit", steps=UPS_LOAD),
            value("C", "Umur baterai", unit="suffix: hari", decimals=0,
                  steps=((None, "green"), (BATTERY_DAYS, "yellow"))),
            value("D", "Uji terakhir", unit="suffix: hari", decimals=1, steps=((None, "green"), (TEST_DAYS, "yellow"))),
            value("E", "Hasil uji", states=GOOD), value("F", "Kejadian baterai"),
            value("I", "Lama pada baterai", unit="dthms"),
            value("G", "Ganti baterai", states=TROUBLE),
        ),
        no_value="Tidak dilaporkan",
        help="UPS terdaftar, umur baterai, uji mandiri terakhir, dan banyaknya peralihan ke baterai bulan ini.",
    ),
    Panel(
        id=626, kind="table", title="Server per UPS", width=12, height=7,
        queries=(Query('max by (host, role, ups, location) (nadi_host_info{role=~"aplikasi|database"})'),),
        columns=(label("host", "Server", TO_HOST), label("role", "Peran"), label("ups", "UPS", TO_UPS),
                 label("location", "Letak")),
        no_value="Keadaan server tidak diterima",
        help="Server aplikasi dan basis data dengan UPS-nya; kolom UPS yang kosong berarti tanpa UPS.",
    ),
    Panel(
        id=627, kind="table", title="Genset", width=12, height=7, source="mentah",
        queries=(
            Query("max by (generator) (nadi_generator_auto_mode)"),
            Query("(time() - max by (generator) (nadi_generator_last_test_timestamp_seconds)) / 86400"),
            Query("min by (generator) (nadi_generator_last_test_passed)"),
            Query("max by (generator) (nadi_generator_load_watts)"),
            Query("max by (generator) (nadi_generator_run_seconds_total) / 3600"),
            Query("max by (generator) (nadi_generator_battery_voltage_volts)"),
        ),
        columns=(
            label("generator", "Genset"), value("A", "Pengendali", states=AUTOMATIC),
            value("B", "Uji terakhir", unit="suffix: hari", decimals=1, steps=((None, "green"), (TEST_DAYS, "yellow"))),
            value("C", "Hasil uji", states=GOOD), value("D", "Beban", unit="watt"),
            value("E", "Jam jalan", unit="suffix: jam", decimals=1), value("F", "Tegangan aki", unit="volt"),
        ),
        no_value="Tidak dilaporkan",
        help="Genset yang dibaca atau dicatat. Pengendali manual berarti genset tidak menyala sendiri saat padam.",
    ),
    Panel(
        id=628, kind="bargauge", title="Waktu alih terhadap batas", width=12, height=5,
        queries=(
            Query("nadi_ats_last_transfer_duration_seconds / nadi_ats_transfer_limit_seconds", "{{ats}}"),
        ),
        look=Look(unit="percentunit", steps=TRANSFER, low=0, high=1.5), no_value="Belum pernah beralih",
        help="Waktu alih terakhir terhadap batas menurut ketentuan; di atas 100 % berarti terlambat.",
    ),
    Panel(
        id=629, kind="stat", title="Kelonggaran UPS terhadap waktu alih", width=12, height=5,
        queries=(
            Query("min(nadi_ups_battery_runtime_seconds) - max(nadi_ats_transfer_limit_seconds)", "Kelonggaran"),
        ),
        look=Look(unit="dthms", steps=SPARE_SECONDS), no_value="Tidak dapat dihitung",
        help="Sisa waktu UPS tersingkat dikurangi batas waktu alih ke genset: harus jauh di atas nol.",
    ),
)  # fmt: skip

_ROOM = (
    row(630, "Ruang pusat data"),
    _graph(631, "Suhu", (Query("nadi_environment_temperature_celsius", "{{device}} {{sensor}}"),),
           Look(unit="celsius", steps=ROOM_CELSIUS), "Suhu udara tiap sensor."),
    _graph(632, "Kelembapan", (Query("nadi_environment_humidity_ratio", "{{device}} {{sensor}}"),),
           Look(unit="percentunit", low=0, high=1), "Kelembapan nisbi; jaga antara 40 dan 60 %."),
    Panel(
        id=633, kind="state-timeline", title="Air, asap, pintu", width=8, height=7, source="mentah",
        queries=(
            Query("nadi_environment_water_detected", "{{device}} {{sensor}} air"),
            Query("nadi_environment_smoke_detected", "{{device}} {{sensor}} asap"),
            Query("nadi_environment_door_open", "{{device}} {{sensor}} pintu terbuka"),
        ),
        look=Look(states=TROUBLE), no_value="Sensor tidak terbaca",
        help="Air, asap, dan pintu terbuka menurut sensor; kosong berarti tidak terbaca.",
    ),
)  # fmt: skip

POWER = Board(
    uid="nadi-daya",
    title="Nadi 6 - UPS dan Genset",
    purpose="Rantai daya pusat data: PLN, UPS, genset, sakelar alih, dan keadaan ruang.",
    span="now-24h",
    refresh="1m",
    variables=(
        Variable(name="site", label="Lokasi", query="label_values(nadi_ups_state, site)"),
        Variable(name="ups", label="UPS", query='label_values(nadi_ups_state{site=~"$site"}, ups)'),
    ),
    panels=(*_NOW, *_ROWS, *_ROOM),
)
