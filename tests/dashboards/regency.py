"""A regency with a data centre on its eighth day, fed to a real VictoriaMetrics and scraped by a real Prometheus.

Offices, servers, UPSes and backups are the simulation's own; what it has none of (SNMP devices, probes, a generator's
controller, services, tapes, a queue, a dead line) is sent by one more client with a write token.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.clock import MS, NS, WIB, ManualClock, Month
from agent.envelope import Envelope
from agent.identity import enrolment_proof
from collector.config import Settings
from collector.feeds import feed as feeds
from collector.feeds.feed import Feed
from collector.feeds.points import derived_lines, of_moment
from collector.feeds.settings import FeedSettings
from collector.register.document import reads
from collector.running import Collector
from collector.simulation.hall import Reporter
from collector.simulation.model import Simulation, simulation
from collector.simulation.papers import CENTRE, inventory
from tests.collector.feed_place import Centre
from tests.collector.web_visitor import running

MONTH = Month.parse("2026-10")
BEGIN, NOW = WIB.parse("2026-10-07T16:00:00"), WIB.parse("2026-10-08T16:00:00")
"""The mains failed at 14:03 of that day, and came back at 15:10."""

HOUR = 3600 * NS
SENT_AFTER = 20 * NS

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
        f"nadi_interface,device=rt-uji,interface=ether9 up=0i,admin_up=1i,receive_bytes_total={1000 * n}u,"
        f"transmit_bytes_total={1000 * n}u,receive_errors_total={n}u,transmit_errors_total={n}u,"
        f"receive_discards_total={n}u,transmit_discards_total={n}u,speed_bits_per_second=1000000000i",
        f"nadi_queue,device=rt-uji,queue=antre receive_bytes_total={10**6 * n}u,transmit_bytes_total={4 * 10**6 * n}u,"
        f"receive_dropped_packets_total={n}u,transmit_dropped_packets_total={3 * n}u",
        "nadi_probe,device=rt-uji,target=10.9.0.1,probe=icmp success=1i,rtt_seconds=0.031,loss_ratio=0.02",
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


@dataclass
class Regency:
    """A collector on the simulated day, and the token of the client with what is not simulated."""

    collector: Collector
    clock: ManualClock
    token: str
    reporter: Reporter
    batches: dict[int, list[tuple[bytes, str]]]

    def hour(self, end_ns: int) -> None:
        """Let the batches of the hour that ends come in."""
        self.clock.advance(end_ns + SENT_AFTER - self.clock.now().wall_ns)
        right = f"{'b' * 32} {self.clock.now().wall_ns} {self.clock.now().wall_ns - BEGIN + 40 * 24 * HOUR}"
        together = defaultdict(list)
        for body, sender_clock in self.batches.pop(end_ns, []):
            together[sender_clock].append(body)
        for sender_clock, bodies in together.items():
            answer = self.collector.ingest.batches(b"".join(bodies), sender_clock=sender_clock or right)
            assert answer.status == 200, answer
        if end_ns > BEGIN:
            self.more(*(end_ns - minute * 60 * NS - NS for minute in range(60) if end_ns < NOW or minute < 30))

    def more(self, *times_ns: int) -> None:
        """Let some minutes of the other client's readings come in."""
        lines = "".join(more_lines(time_ns) for time_ns in times_ns)
        answer = self.collector.ingest.write(lines.encode(), token=self.token, precision="ns", gzip=False)
        assert answer.status == 204, answer

    def told(self) -> None:
        """Let an agent tell of itself."""
        at_ns, key = self.clock.now().wall_ns, self.reporter.key
        lines = "".join(
            f"nadi_agent,agent={self.reporter.name} cpu_seconds_total={10.0 - minute},memory_bytes=21000000i,"
            f"spool_bytes=0i,spool_limit_bytes=100000000i,spool_oldest_timestamp_seconds={at_ns // NS - 30}.0 "
            f"{at_ns - minute * 60 * NS}\n"
            for minute in range(5)
        )
        sealed = Envelope.seal(
            lines.encode(), agent=self.reporter.name, device=self.reporter.name, run="00000000000000ff", seq=int(at_ns),
            boot_id="c" * 32, wall_ns=at_ns, boot_ns=10**15, sign=key.sign,
        )  # fmt: skip
        answer = self.collector.ingest.batches(sealed.to_bytes(), sender_clock=f"{'c' * 32} {at_ns} {10**15}")
        assert answer.status == 200, answer

    def fed(self, url: str, *, moments: int = 1) -> None:
        """Feed the day's data hour by hour, with what stands at each; for pictures drawn over the hour before."""
        settings = FeedSettings(url=url, samples_per_second=1_000_000, timeout_seconds=10)
        place = Centre(self.collector, self.clock, self.token, BEGIN)
        feed = Feed(self.collector.folder, settings, moment=place.moment)
        try:
            for end_ns in range(BEGIN + HOUR, NOW + 1, HOUR):
                self.hour(end_ns)
                if moments > 1 or end_ns == NOW:
                    self.told()
                    for job in ("judge", "check"):
                        self.collector.jobs.run(job)
                while feed.step():
                    pass
                for number in range(1, moments):
                    earlier_ns = end_ns - number * HOUR // moments
                    told = (item for item in place.moment() if item[0] not in feeds.BIN_SERIES)
                    feed.server.write(derived_lines(of_moment(told, earlier_ns)).lines)
        finally:
            feed.stop()


def batches_of(model: Simulation) -> dict[int, list[tuple[bytes, str]]]:
    """Return what every sender sends until now, by the hour in which it ends; late spools are not waited for."""
    found: dict[int, list[tuple[bytes, str]]] = defaultdict(list)
    for station in model.senders:
        for last_ms, envelope in station.envelopes():
            end_ns = (last_ms * MS // HOUR + 1) * HOUR
            if end_ns > NOW:
                break
            sender_clock = station.sender_clock((end_ns + SENT_AFTER) // MS) if station.slow_ms else ""
            found[end_ns].append((envelope.to_bytes(), sender_clock))
    return found


@contextmanager
def regency(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Regency]:
    """Give a regency whose week until the day before is in the journal."""
    monkeypatch.setattr(feeds, "MOMENT_SECONDS", 0)
    model = simulation(opd=8, month=MONTH, seed=7, zone=WIB)
    start_ns = (model.place.start_ms * MS // HOUR - 1) * HOUR
    clock = ManualClock(start_ns, boot_ns=10**15, boot_id="b")
    settings = Settings(data=folder / "data", zone="WIB", region="Kabupaten Contoh")
    with running(settings, clock=clock) as collector:
        register = collector.folder.register
        text = inventory(model.place, model.offices) + MORE
        register.apply(reads(text, source="the test", zone=WIB), actor="t", now_ns=start_ns)
        devices = ["rt-uji", "srv-uji", "kendali-genset", "ups-uji"]
        token = register.access.mint_write_token(name="uji", devices=devices, actor="t", now_ns=start_ns)
        for station in model.senders:
            key, name = station.key, station.name
            secret = register.access.mint_enrolment(
                agent=name, devices=list(station.devices), actor="t", now_ns=start_ns
            )
            proof = key.sign(enrolment_proof(secret, name, key.public))
            register.access.enrol(token=secret, agent=name, public_key=key.public, proof=proof, now_ns=start_ns)
        made = Regency(collector, clock, token, model.hall[-1], batches_of(model))
        for end_ns in range(start_ns, BEGIN + 1, HOUR):
            made.hour(end_ns)
        yield made
