"""For each alert: series that make it fire, series beside them that must not, and when it is looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """One promtool test: values at every minute by series; ``fires`` are the labels (of ``by``) of what fires.

    A series with none of the labels in ``fires`` is the quiet case: the answer of promtool must hold no more.
    """

    alert: str
    series: dict[str, str]
    minute: int
    by: str = ""
    fires: tuple[str, ...] = ()


def _wan(link: str) -> str:
    return f'nadi_link_state{{link="{link}", opd="PD01", role="wan", site="a", uplink="isp"}}'


def _hulu(link: str, uplink: str = "isp") -> str:
    return f'nadi_link_state{{link="{link}", opd="", role="uplink", site="noc", uplink="{uplink}"}}'


def _spool(agent: str, field: str) -> str:
    return f'nadi_agent_spool_{field}{{agent="{agent}"}}'


def _backups() -> dict[str, str]:
    states = {"hilang": 0, "baik": 1, "lambat": 2, "kritis": 3, "gelap": 4}
    return {f'nadi_backup_state{{server="{name}"}}': f"{value}x90" for name, value in states.items()}


def _quality(field: str, bad: str, good: str) -> dict[str, str]:
    """One link that is bad, one that is good, and a bad one that is down."""
    values = {"l1": bad, "l2": good, "l3": bad}
    return {f'nadi_link_{field}{{link="{link}", opd="PD01"}}': f"{value}x90" for link, value in values.items()}


def _states() -> dict[str, str]:
    return {_wan("l1"): "1x90", _wan("l2"): "1x90", _wan("l3"): "0x90"}


def _reports(field: str, bad: str, good: str) -> dict[str, str]:
    return {f'nadi_report_{field}{{period="1970-0{n}"}}': f"{value}x90" for n, value in ((1, bad), (2, good))}


_MEDIUM, _HIGH = ("severity", ("sedang",)), ("severity", ("tinggi",))
_OWN = {"nadi_collector_own_backup_timestamp_seconds": "0x90"}

CASES = (
    Case(
        "NadiRedamHulu",
        {
            **{_hulu("h1", "isp"): "0x20", _hulu("h2", "isp"): "3x20"},
            **{_hulu("h3", "cadangan"): "0x20", _hulu("h4", "cadangan"): "1x20", _hulu("h5", ""): "0x20"},
            **{_hulu("h6", "kerja"): "4x20", _hulu("h7", "campur"): "4x20", _hulu("h8", "campur"): "0x20"},
        },
        *(5, "uplink", ("isp", "campur")),
    ),
    Case("NadiHuluMati", {_hulu("h1"): "1x4 0x20", _hulu("h2"): "3x20", _wan("l1"): "0x20"}, 8, "link", ("h1",)),
    Case("NadiHuluTidakDiketahui", {_hulu("h1"): "3x20", _hulu("h2"): "0x20"}, 15, "link", ("h1",)),
    Case("NadiTautanMati", {_wan("l1"): "1x4 0x10 1x30", _wan("l2"): "1x4 _x60"}, 9, "link", ("l1",)),
    Case("NadiTautanMati", {_wan("l1"): "1x4 0x10 1x30"}, 7),
    Case("NadiTautanMati", {_wan("l1"): "1x4 0x10 1x30"}, 20, "link", ("l1",)),
    Case("NadiTautanMati", {_wan("l1"): "1x4 0x10 1x30"}, 40),
    Case("NadiTautanTidakDiketahui", {_wan("l1"): "3x30", _wan("l2"): "0x30"}, 20, "link", ("l1",)),
    Case("NadiTautanBerkedip", {_wan("l1"): "1 0 1 0 1 0 1x25", _wan("l2"): "1 0 1x25"}, 20, "link", ("l1",)),
    Case("NadiKehilanganPaket", {**_quality("loss_ratio", "0.08", "0.01"), **_states()}, 50, "link", ("l1",)),
    Case("NadiLatensiTinggi", {**_quality("rtt_p95_seconds", "0.3", "0.1"), **_states()}, 50, "link", ("l1",)),
    Case(
        "NadiPerangkatDiam",
        {
            **{f'nadi_device_up{{device="rt-{n}"}}': "0x20" for n in (1, 2, 3)},
            **{f'nadi_link_info{{link="l{n}", device="rt-{n}"}}': "1x20" for n in (1, 2, 3)},
            **{_wan("l1"): "0x20", _wan("l2"): "1x20", _wan("l3"): "4x20"},
        },
        *(10, "device", ("rt-2",)),
    ),
    Case(
        "NadiGalatAntarmuka",
        {
            'nadi_interface_receive_errors_total{device="rt-1", interface="e1"}': "0+120x90",
            'nadi_interface_receive_errors_total{device="rt-2", interface="e1"}': "0+30x90",
        },
        *(80, "device", ("rt-1",)),
    ),
    Case(
        "NadiAntreanBerbeda",
        {f'nadi_queue_config_match{{device="r", queue="q", link="l{n}", opd="PD01"}}': f"{n}x60" for n in range(3)},
        *(40, "link", ("l0",)),
    ),
    Case(
        "NadiAlokasiJenuh",
        {
            'nadi_opd_utilization_ratio{opd="PD01", direction="unduh"}': "0.95x300",
            'nadi_opd_utilization_ratio{opd="PD02", direction="unduh"}': "0.85x300",
        },
        *(200, "opd", ("PD01",)),
    ),
    Case(
        "NadiCakupanRendah",
        {'nadi_evaluation_coverage_ratio{opd="PD01"}': "0.8x90", 'nadi_evaluation_coverage_ratio{opd="PD02"}': "1x90"},
        *(70, "opd", ("PD01",)),
    ),
    Case(
        "NadiKontrakAkanBerakhir",
        {
            'nadi_capacity_contract_end_timestamp_seconds{contract="a", provider="p"}': "7000000x90",
            'nadi_capacity_contract_end_timestamp_seconds{contract="b", provider="p"}': "9000000x90",
        },
        *(70, "contract", ("a",)),
    ),
    Case(
        "NadiLaporanBelumDisampaikan",
        {
            **{f'nadi_report_due_timestamp_seconds{{period="1970-0{n}"}}': "600x60" for n in (1, 2, 3)},
            'nadi_report_due_timestamp_seconds{period="1970-04"}': "9000x60",
            'nadi_report_state{period="1970-01"}': "3x60",
            'nadi_report_state{period="1970-02"}': "4x60",
            'nadi_report_state{period="1970-04"}': "1x60",
        },
        *(30, "period", ("1970-01", "1970-03")),
    ),
    Case("NadiTindakLanjutLewat", _reports("follow_up_overdue", "2", "0"), 70, "period", ("1970-01",)),
    Case("NadiKeutuhanLaporanGagal", _reports("integrity_ok", "0", "1"), 2, "period", ("1970-01",)),
    Case(
        "NadiTemuanTinggi",
        {
            'nadi_finding_open{rule="over_allocation", severity="tinggi"}': "2x60",
            'nadi_finding_open{rule="line_silence", severity="tinggi"}': "0x60",
            'nadi_finding_open{rule="at_ceiling", severity="sedang"}': "2x60",
        },
        *(40, "rule", ("over_allocation",)),
    ),
    Case(
        "NadiInsidenLewatTarget",
        {
            'nadi_incident_breached{type="gangguan", level="1", domain="WAN"}': "1x9",
            'nadi_incident_breached{type="keluhan", level="1", domain="WAN"}': "1x9",
            'nadi_incident_breached{type="gangguan", level="1", domain="LAN"}': "0x9",
        },
        *(5, "domain", ("WAN",)),
    ),
    Case(
        "NadiPemutusanLewatRencana",
        {
            **{f'nadi_disconnection_active{{disconnection="{n}", opd="PD01"}}': "1x60" for n in ("P1", "P2")},
            **{
                f'nadi_disconnection_planned_end_timestamp_seconds{{disconnection="{n}", opd="PD01"}}': f"{end}x60"
                for n, end in (("P1", 600), ("P2", 9000), ("P3", 600))
            },
        },
        *(30, "disconnection", ("P1",)),
    ),
    Case(
        "NadiUPSPadaBaterai",
        {'nadi_ups_on_battery{ups="u1"}': "1x9", 'nadi_ups_on_battery{ups="u2"}': "0x9"},
        3,
        "ups",
        ("u1",),
    ),
    Case(
        "NadiUPSSisaWaktuRendah",
        {
            **{'nadi_ups_on_battery{ups="u1"}': "1x9", 'nadi_ups_battery_runtime_seconds{ups="u1"}': "500x9"},
            **{'nadi_ups_on_battery{ups="u2"}': "0x9", 'nadi_ups_battery_runtime_seconds{ups="u2"}': "500x9"},
        },
        *(3, "ups", ("u1",)),
    ),
    Case(
        "NadiUPSTidakTerbaca",
        {'nadi_ups_state{ups="u1"}': "5x30", 'nadi_ups_state{ups="u2"}': "1x30"},
        15,
        "ups",
        ("u1",),
    ),
    Case("NadiUPSMati", {'nadi_ups_state{ups="u1"}': "0x30", 'nadi_ups_state{ups="u2"}': "5x30"}, 5, "ups", ("u1",)),
    Case(
        "NadiUPSGantiBaterai",
        {'nadi_ups_replace_battery{ups="u1"}': "1x90", 'nadi_ups_replace_battery{ups="u2"}': "0x90"},
        70,
        "ups",
        ("u1",),
    ),
    Case(
        "NadiGensetGagalAlih",
        {
            **{'nadi_ats_mains_present{ats="a1"}': "1x4 0x40", 'nadi_ats_source{ats="a1"}': "1x50"},
            **{'nadi_ats_mains_present{ats="a2"}': "1x4 0x40", 'nadi_ats_source{ats="a2"}': "1x4 2x40"},
        },
        *(8, "ats", ("a1",)),
    ),
    Case(
        "NadiBahanBakarRendah",
        {'nadi_generator_fuel_ratio{generator="g1"}': "0.2x30", 'nadi_generator_fuel_ratio{generator="g2"}': "0.3x30"},
        15,
        "generator",
        ("g1",),
    ),
    Case(
        "NadiSuhuTinggi",
        {
            'nadi_environment_temperature_celsius{device="s", sensor="1"}': "33x30",
            'nadi_environment_temperature_celsius{device="s", sensor="2"}': "24x30",
        },
        *(10, "sensor", ("1",)),
    ),
    Case(
        "NadiAirTerdeteksi",
        {
            'nadi_environment_water_detected{device="s", sensor="1"}': "1x9",
            'nadi_environment_water_detected{device="s", sensor="2"}': "0x9",
        },
        *(2, "sensor", ("1",)),
    ),
    Case(
        "NadiAsapTerdeteksi",
        {
            'nadi_environment_smoke_detected{device="s", sensor="1"}': "1x9",
            'nadi_environment_smoke_detected{device="s", sensor="2"}': "0x9",
        },
        *(2, "sensor", ("1",)),
    ),
    Case(
        "NadiDiskPenuh",
        {
            'nadi_host_filesystem_available_bytes{host="s1", mountpoint="/", fstype="ext4"}': "5x30",
            'nadi_host_filesystem_size_bytes{host="s1", mountpoint="/", fstype="ext4"}': "100x30",
            'nadi_host_filesystem_available_bytes{host="s2", mountpoint="/", fstype="ext4"}': "50x30",
            'nadi_host_filesystem_size_bytes{host="s2", mountpoint="/", fstype="ext4"}': "100x30",
            'nadi_host_filesystem_available_bytes{host="s3", mountpoint="/run", fstype="tmpfs"}': "0x30",
            'nadi_host_filesystem_size_bytes{host="s3", mountpoint="/run", fstype="tmpfs"}': "100x30",
        },
        *(15, "host", ("s1",)),
    ),
    Case(
        "NadiWaktuAlihLewat",
        {
            'nadi_ats_last_transfer_duration_seconds{site="s", ats="a1"}': "20x9",
            'nadi_ats_transfer_limit_seconds{site="s", ats="a1"}': "15x9",
            'nadi_ats_last_transfer_duration_seconds{site="s", ats="a2"}': "10x9",
            'nadi_ats_transfer_limit_seconds{site="s", ats="a2"}': "15x9",
        },
        *(2, "ats", ("a1",)),
    ),
    Case("NadiServerDiam", {'nadi_host_up{host="s1"}': "0x20", 'nadi_host_up{host="s2"}': "1x20"}, 8, "host", ("s1",)),
    Case(
        "NadiServerTanpaUPS",
        {
            'nadi_host_info{host="s1", role="database", ups=""}': "1x90",
            'nadi_host_info{host="s2", role="database", ups="u1"}': "1x90",
            'nadi_host_info{host="s3", role="jaringan", ups=""}': "1x90",
        },
        *(70, "host", ("s1",)),
    ),
    Case("NadiCadanganKritis", _backups(), 40, "server", ("hilang", "kritis")),
    Case("NadiCadanganTerlambat", _backups(), 40, "server", ("lambat",)),
    Case("NadiCadanganTidakDiketahui", _backups(), 70, "server", ("gelap",)),
    Case(
        "NadiTanpaPita",
        {
            'nadi_backup_state{server="a"}': "1x1500",
            'nadi_backup_state{server="b"}': "1x1500",
            'nadi_backup_tape_copy_timestamp_seconds{server="a"}': "1x1500",
        },
        *(1460, "server", ("b",)),
    ),
    Case("NadiPengumpulDiam", {"nadi_collector_last_bin_timestamp_seconds": "0x60"}, 18, "severity", ("kritis",)),
    Case("NadiPengumpulDiam", {"nadi_collector_last_bin_timestamp_seconds": "0+60x60"}, 30),
    Case("NadiPengumpulDiam", {"nadi_lain": "1x20"}, 5, "severity", ("kritis",)),
    Case(
        "NadiAgenDiam",
        {
            **{'nadi_agent_up{agent="a1"}': "0x30", 'nadi_agent_info{agent="a1", site="s", uplink="isp"}': "1x30"},
            **{'nadi_agent_up{agent="a2"}': "1x30", 'nadi_agent_info{agent="a2", site="s", uplink="isp"}': "1x30"},
        },
        *(15, "uplink", ("isp",)),
    ),
    Case(
        "NadiSimpananAgenPenuh",
        {
            **{_spool("a1", "bytes"): "90x30", _spool("a1", "limit_bytes"): "100x30"},
            **{_spool("a2", "bytes"): "10x30", _spool("a2", "limit_bytes"): "100x30"},
        },
        *(15, "agent", ("a1",)),
    ),
    Case(
        "NadiJamMenyimpang",
        {
            'nadi_agent_clock_offset_seconds{agent="a1"}': "-6x20",
            'nadi_agent_clock_offset_seconds{agent="a2"}': "4x20",
        },
        *(15, "agent", ("a1",)),
    ),
    Case(
        "NadiSertifikatHabis",
        {
            'nadi_certificate_not_after_timestamp_seconds{name="a"}': "2000000x90",
            'nadi_certificate_not_after_timestamp_seconds{name="b"}': "4000000x90",
        },
        *(70, "name", ("a",)),
    ),
    Case(
        "NadiKeluaranTertinggal",
        {'nadi_collector_sink_lag_seconds{sink="a"}': "700x20", 'nadi_collector_sink_lag_seconds{sink="b"}': "30x20"},
        10,
        "sink",
        ("a",),
    ),
    Case("NadiPeriksaLogLewat", {"nadi_collector_log_check_due_timestamp_seconds": "600x90"}, 80, *_MEDIUM),
    Case("NadiPeriksaLogLewat", {"nadi_collector_log_check_due_timestamp_seconds": "9000x90"}, 80),
    Case(
        "NadiPekerjaanGagal",
        {
            'nadi_collector_job_failures_total{job="judge"}': "0x9 1x60",
            'nadi_collector_job_failures_total{job="seal"}': "3x70",
        },
        *(15, "job", ("judge",)),
    ),
    Case(
        "NadiCadanganSendiri",
        {"nadi_collector_up": "1x90", "nadi_collector_own_backup_timestamp_seconds": "-172800x90"},
        *(70, *_HIGH),
    ),
    Case("NadiCadanganSendiri", {"nadi_collector_up": "1x90"}, 70, *_HIGH),
    Case("NadiCadanganSendiri", {**_OWN, "nadi_collector_up": "1x90"}, 70),
    Case("NadiKeutuhanRusak", {"nadi_collector_integrity_ok": "0x9"}, 2, "severity", ("kritis",)),
    Case("NadiKeutuhanRusak", {"nadi_collector_integrity_ok": "1x9"}, 2),
    Case(
        "NadiPemberitahuanGagal",
        {
            'nadi_collector_notifications_total{channel="surel", result="gagal"}': "0x9 2x60",
            'nadi_collector_notifications_total{channel="telegram", result="terkirim"}': "0x9 2x60",
        },
        *(15, "channel", ("surel",)),
    ),
    Case("NadiSelaluMenyala", {"nadi_lain": "1x20"}, 5, "severity", ("info",)),
)
