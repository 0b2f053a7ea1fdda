"""What of the regency is not simulated: its inventory, and its readings."""

from __future__ import annotations

from agent.clock import NS, WIB
from collector.simulation.papers import CENTRE

BEGIN, NOW = WIB.parse("2026-10-07T16:00:00"), WIB.parse("2026-10-08T16:00:00")
"""The mains failed at 14:03 of that day, and came back at 15:10."""

CUT = WIB.parse("2026-10-08T10:00:00")
"""When the line of ``tautan-putus`` was disconnected."""

FELL = WIB.parse("2026-10-08T15:40:00")
"""When the line of ``tautan-mati`` went down."""

MORE = f"""
[[opd]]
code = "UJI"
name = "Kantor Uji"
priority = "dasar"
site = "{CENTRE}"
[[device]]
code = "rt-uji"
name = "Router uji"
site = "{CENTRE}"
source = "token:uji"
[[allocation]]
opd = "UJI"
number = "500.12/UJI/2026"
date = 2026-09-28
legal_basis = "Peraturan Bupati"
official = "Kepala Dinas"
priority = "dasar"
down_mbps = 10
up_mbps = 10
floor_down_mbps = 2
floor_up_mbps = 2
valid_from = 2026-09-30T22:00:00
[[device]]
code = "srv-uji"
name = "Server uji"
site = "{CENTRE}"
kind = "server"
source = "token:uji"
[[server]]
device = "srv-uji"
role = "aplikasi"
opd = "UJI"
datacentre = true
location = "Rak B1"
ups = ["ups-a"]
[[device]]
code = "kendali-genset"
name = "Pengendali genset"
site = "{CENTRE}"
kind = "generator"
source = "token:uji"
[[link]]
code = "tautan-antre"
device = "rt-uji"
queue = "antre"
opd = "UJI"
vantage = "noc"
medium = "serat optik"
owner = "Kabupaten Contoh"
maintainer = "WAN"
active_from = 2026-10-08
probe = "rt-uji/10.9.0.1"
limited = true
[[link]]
code = "tautan-lama"
device = "rt-uji"
interface = "ether8"
unduh = "transmit"
opd = "UJI"
vantage = "noc"
medium = "serat optik"
owner = "Kabupaten Contoh"
maintainer = "WAN"
active_from = 2026-09-30T22:00:00
active_to = 2026-10-01
[[link]]
code = "hulu-uji"
role = "uplink"
device = "rt-uji"
interface = "ether6"
unduh = "receive"
vantage = "noc"
medium = "serat optik"
owner = "PT Penyedia Uji"
maintainer = "Penyedia"
contract = "KONTRAK-UJI"
active_from = 2026-10-08
[[link]]
code = "tautan-putus"
device = "rt-uji"
interface = "ether7"
unduh = "transmit"
opd = "UJI"
vantage = "noc"
medium = "serat optik"
owner = "Kabupaten Contoh"
maintainer = "WAN"
active_from = 2026-10-08
[[link]]
code = "tautan-mati"
device = "rt-uji"
interface = "ether9"
unduh = "transmit"
opd = "UJI"
vantage = "noc"
medium = "serat optik"
owner = "Kabupaten Contoh"
maintainer = "WAN"
active_from = 2026-10-08
[[device]]
code = "ups-uji"
name = "UPS uji"
site = "{CENTRE}"
kind = "ups"
source = "token:uji"
[[backup]]
code = "uji-harian"
server = "srv-uji"
job = "uji"
engine = "restic"
full_every_days = 2
[[contract]]
code = "KONTRAK-UJI"
provider = "PT Penyedia Uji"
number = "027/9/SPK/2026"
down_mbps = 50
up_mbps = 50
cost_rupiah_month = 1000000
valid_from = 2026-01-01
valid_to = 2026-12-31
"""


def more_lines(at_ns: int) -> str:
    """Return one minute's readings of what is not simulated; counters grow, disks fill."""
    n = (at_ns - BEGIN) // (60 * NS)
    sec = at_ns // NS
    lines = [
        "nadi_device,device=rt-uji,vendor=MikroTik,model=RB4011,version=7.16,serial=X1,protocol=snmpv2c info=1i",
        f"nadi_device,device=rt-uji up=1i,uptime_seconds={600 + 60 * n}.0,cpu_utilization_ratio=0.21,"
        "memory_used_bytes=100000000i,memory_size_bytes=1000000000i,temperature_celsius=44.0,voltage_volts=24.1,"
        f"poll_duration_seconds=0.7,last_success_timestamp_seconds={sec}.0",
        f"nadi_interface,device=rt-uji,interface=ether9 up={int(at_ns < FELL)}i,admin_up=1i,"
        f"receive_bytes_total={1000 * n}u,transmit_bytes_total={1000 * n}u,receive_errors_total={n}u,"
        f"transmit_errors_total={n}u,receive_discards_total={n}u,transmit_discards_total={n}u,speed_bits_per_second=1000000000i",
        f"nadi_interface,device=rt-uji,interface=ether6 up=1i,admin_up=1i,receive_bytes_total={10**8 * n}u,"
        f"transmit_bytes_total={10**7 * n}u",
        f"nadi_interface,device=rt-uji,interface=ether7 up={int(at_ns < CUT)}i,admin_up=1i,receive_bytes_total={n}u,"
        f"transmit_bytes_total={n}u",
        f"nadi_queue,device=rt-uji,queue=antre receive_bytes_total={10**6 * n}u,transmit_bytes_total={4 * 10**6 * n}u,"
        f"receive_dropped_packets_total={n}u,transmit_dropped_packets_total={3 * n}u",
        "nadi_probe,device=rt-uji,target=10.9.0.1,probe=icmp success=1i,rtt_seconds=0.031,loss_ratio=0.02",
        "nadi_limit,device=rt-uji,queue=antre receive_bits_per_second=8000000i,transmit_bits_per_second=8000000i",
        "nadi_probe,device=srv-uji,target=portal,probe=http success=1i,"
        f"certificate_not_after_timestamp_seconds={sec + 20 * 86400}.0",
        f"nadi_host,host=srv-uji boot_time_seconds={BEGIN // NS}.0,load1=0.5,cpu_cores=4i,"
        "memory_size_bytes=8000000000i,memory_available_bytes=3000000000i,swap_used_bytes=1000000i,removable_storage=0i,public_listeners=1i,"
        "pending_security_updates=3i,antivirus_signature_age_seconds=700000.0,clock_offset_seconds=0.01,"
        "reboot_required=0i",
        f"nadi_host,host=srv-uji,mode=idle cpu_seconds_total={200.0 * n}",
        f"nadi_host,host=srv-uji,mode=user cpu_seconds_total={40.0 * n}",
        "nadi_host,host=srv-uji,mountpoint=/,fstype=ext4 filesystem_size_bytes=100000000000i,"
        f"filesystem_available_bytes={9_000_000_000 - n * 1_000_000}i,filesystem_readonly=0i",
        f"nadi_host,host=srv-uji,disk=sda disk_read_bytes_total={n}u,disk_written_bytes_total={n}u,"
        f"disk_io_time_seconds_total={1.0 * n},disk_healthy=1i",
        f"nadi_host,host=srv-uji,interface=eth0 network_receive_bytes_total={n}u,network_transmit_bytes_total={n}u",
        "nadi_service,device=srv-uji,unit=nginx.service up=0i,running=0i,failed=1i",
        "nadi_tape,device=srv-uji,drive=st0 up=1i,alerts=1i,cleaning_required=1i,media_worn=0i",
        "nadi_device,device=ups-uji,model=SRT,protocol=snmpv3,vendor=APC info=1i",
        f"nadi_ups,ups=ups-uji up=1i,on_battery=0i,output_voltage_volts=220.0,battery_runtime_seconds=1800.0,"
        f"battery_installed_timestamp_seconds={BEGIN // NS - 10**8}.0",
        f"nadi_backup,device=srv-uji,job=uji,engine=restic last_success_timestamp_seconds={BEGIN // NS}.0,last_ok=1i,"
        f"last_full_timestamp_seconds={BEGIN // NS}.0,last_verified_timestamp_seconds={BEGIN // NS}.0,"
        f"last_restore_test_timestamp_seconds={BEGIN // NS}.0,restore_test_passed=1i,last_duration_seconds=100.0",
        "nadi_generator,generator=kendali-genset up=1i,running=0i,auto_mode=1i,load_watts=0.0,fuel_ratio=0.6,"
        f"battery_voltage_volts=12.6,run_seconds_total={3600.0 + n}",
    ]
    return "".join(f"{line} {at_ns}\n" for line in lines)


def lines_before(start_ns: int) -> str:
    """Return the readings of two hours before the month, of a line that was given up with it."""
    return "".join(
        f"nadi_interface,device=rt-uji,interface=ether8 up=1i,receive_bytes_total={10**7 * n}u,"
        f"transmit_bytes_total={4 * 10**7 * n}u {start_ns - (120 - n) * 60 * NS}\n"
        for n in range(121)
    )
