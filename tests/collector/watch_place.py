"""Two agencies behind one uplink, a UPS at one of them, and a client that says of each port what a test wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.clock import NS, WIB, ManualClock
from collector.config import Settings
from collector.register.book import Record
from collector.register.document import reads
from collector.register.kinds import Context, Kind
from collector.register.people import Actor
from collector.register.records.incident import INCIDENT
from collector.running import Collector
from collector.watch import IncidentSettings
from tests.collector.web_visitor import running

START = WIB.parse("2026-11-02T09:00")
NOC = Actor("dedi", frozenset(("noc",)))
OFFICIAL = Actor("citra", frozenset(("penetap",)))
_OPD = '[[opd]]\ncode = "{0}"\nname = "Dinas {0}"\npriority = "sedang"\nsite = "{1}"\n'
_DEVICE = '[[device]]\ncode = "{0}"\nname = "{0}"\nsite = "{1}"\nsource = "token:tele"\n'
_LINK = (
    '[[link]]\ncode = "{0}"\n{1}\ndevice = "{2}"\ninterface = "ether1"\nunduh = "receive"\nvantage = "{3}"\n'
    'medium = "serat optik"\nowner = "Pemkab"\nmaintainer = "{4}"\nactive_from = 2026-01-01\ncontract = "isp"\n'
)
INVENTORY = "".join(
    (
        *(f'[[site]]\ncode = "{code}"\nname = "{code}"\n' for code in ("noc", "kantor-a", "kantor-b")),
        '[[contract]]\ncode = "isp"\nprovider = "PT"\nnumber = "K-1"\ndown_mbps = 100\nup_mbps = 100\n'
        "valid_from = 2026-01-01\n",
        _OPD.format("A", "kantor-a"),
        _OPD.format("B", "kantor-b"),
        *(_DEVICE.format(code, site) for code, site in (("ra", "kantor-a"), ("rb", "kantor-b"), ("rh", "noc"))),
        _DEVICE.format("ups-b", "kantor-b") + 'kind = "ups"\n',
        _LINK.format("wan-a", 'opd = "A"', "ra", "opd", "WAN"),
        _LINK.format("wan-b", 'opd = "B"', "rb", "opd", "WAN"),
        _LINK.format("hulu", 'role = "uplink"', "rh", "noc", "Penyedia"),
    )
)
ROUTERS = {"wan-a": "ra", "wan-b": "rb", "hulu": "rh"}


@dataclass
class Place:
    """A collector whose ports say what ``ports`` has: 1 up, 0 down, None nothing."""

    data: Path
    collector: Collector
    clock: ManualClock
    token: str
    ports: dict[str, int | None]
    more: str = ""
    minute: int = 0

    def until(self, minute: int, **ports: int | None) -> None:
        """Let the ports say so twice a minute until a minute after the start, and the watch look each minute."""
        self.ports |= {code.replace("_", "-"): value for code, value in ports.items()}
        while self.minute < minute:
            self.minute += 1
            self.clock.advance(60 * NS)
            self.write([self.clock.now().wall_ns - seconds * NS for seconds in (35, 5)])
            self.look()

    def write(self, times: list[int], ports: Mapping[str, int | None] | None = None) -> None:
        """Deliver readings of some times (UTC ns) now."""
        said = self.ports if ports is None else ports
        lines = [
            f"nadi_interface,device={ROUTERS[code]},interface=ether1 receive_bytes_total={at_ns // NS}u,"
            f"transmit_bytes_total={at_ns // NS}u,up={up}i {at_ns}\n"
            for at_ns in times
            for code, up in said.items()
            if up is not None
        ]
        lines += [f"{self.more} {at_ns}\n" for at_ns in times if self.more]
        if lines:
            answer = self.collector.ingest.write("".join(lines).encode(), token=self.token, precision="ns", gzip=False)
            assert answer.status == 204, answer

    def look(self) -> None:
        self.collector.jobs.run("watch")
        assert self.collector.faults() == {}

    @property
    def incidents(self) -> list[Record]:
        return self.collector.folder.register.book.current(INCIDENT)

    def context(self) -> Context:
        return Context(self.collector.live.inventory, WIB, self.clock.now().wall_ns)

    def open(self, kind: Kind, form: object) -> str:
        return self.collector.folder.register.book.open(kind, form, actor=NOC, context=self.context()).code

    def move(self, kind: Kind, code: str, target: str, *, who: Actor = NOC, **values: object) -> None:
        book = self.collector.folder.register.book
        book.move(kind, code, target, actor=who, context=self.context(), values=values)

    @contextmanager
    def again(self) -> Iterator[Place]:
        """Give the same after the collector was ended (the caller has left it) and started again."""
        with running(_settings(self.data), clock=self.clock) as collector:
            collector.take_up()
            yield Place(self.data, collector, self.clock, self.token, self.ports, self.more, self.minute)


def _settings(data: Path, **given: object) -> Settings:
    return Settings(data=data, zone="WIB", region="Kabupaten Contoh", incidents=IncidentSettings(**given))  # type: ignore[arg-type]


@contextmanager
def place(data: Path, **given: object) -> Iterator[Place]:
    """Give the place after half an hour in which everything worked."""
    clock = ManualClock(START, boot_ns=10**15)
    with running(_settings(data, **given), clock=clock) as collector:
        register = collector.folder.register
        register.apply(reads(INVENTORY, source="test", zone=WIB), actor="t", now_ns=START)
        devices = sorted((*ROUTERS.values(), "ups-b"))
        token = register.access.mint_write_token(name="tele", devices=devices, actor="t", now_ns=START)
        collector.live.adopt(register.inventory())
        made = Place(data, collector, clock, token, dict.fromkeys(ROUTERS, 1))
        made.write([START - minute * 60 * NS for minute in range(30)])
        made.look()
        yield made
