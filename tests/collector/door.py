"""A collector's door with one enrolled agent and one write token, for the tests of ingest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.clock import NS, WIB, ManualClock
from agent.envelope import Envelope, Receipt, read_receipts
from agent.identity import Key
from collector.ingest import Answer, Ingest, Lines, Peer, WriteToken
from collector.ledger.journal import Entry, Journal

SECRET = "secret"
NOW = WIB.parse("2026-03-10T12:00:00")
AGENT = Key(b"a" * 32)
COLLECTOR = Key(b"c" * 32)
RUN = "00000000000000aa"


class Register:
    """The test's Directory: agents and tokens in memory, refusals in a list."""

    def __init__(self) -> None:
        self.agents = {"ag-1": Peer("ag-1", AGENT.public, frozenset({"rt-1", "rt-2"}), revoked=False)}
        self.tokens = {SECRET: WriteToken("tele", frozenset({"rt-1", "rt-2"}))}
        self.refusals: list[tuple[str, str, str, str]] = []

    def agent(self, name: str) -> Peer | None:
        return self.agents.get(name)

    def token(self, secret: str) -> WriteToken | None:
        return self.tokens.get(secret)

    def refuse(self, *, actor: str, action: str, object: str, reason: str) -> None:
        self.refusals.append((actor, action, object, reason))


@dataclass
class Door:
    """Ingest with all its parts, on a clock that stands still."""

    folder: Path
    floor_bytes: int = 0
    register: Register = field(default_factory=Register)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW, boot_ns=10**15, boot_id="boot-c"))
    stored: list[tuple[Entry, Lines]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.journal = Journal(self.folder / "journal.db", zone=WIB, floor_bytes=self.floor_bytes)
        self.ingest = Ingest(
            journal=self.journal, directory=self.register, key=COLLECTOR, clock=self.clock, on_stored=self._keep
        )

    def _keep(self, items: Sequence[tuple[Entry, Lines]]) -> None:
        self.stored.extend(items)

    def post(self, *envelopes: Envelope, clock: str | None = None) -> Answer:
        return self.ingest.batches(b"".join(e.to_bytes() for e in envelopes), sender_clock=clock)

    def receipts(self, *envelopes: Envelope, clock: str | None = None) -> list[Receipt]:
        answer = self.post(*envelopes, clock=clock)
        assert answer.status == 200, answer
        return read_receipts(answer.body, COLLECTOR.public)

    def write(self, text: str | bytes, *, token: str = SECRET, precision: str = "ns", gzip: bool = False) -> Answer:
        data = text.encode() if isinstance(text, str) else text
        return self.ingest.write(data, token=token, precision=precision, gzip=gzip)


def line(time_ns: int = NOW, device: str = "rt-1", interface: str = "eth0", octets: int = 5) -> str:
    return f"nadi_interface,device={device},interface={interface} receive_bytes_total={octets}u {time_ns}\n"


def envelope(
    seq: int,
    lines: str | bytes = "",
    *,
    agent: str = "ag-1",
    device: str = "rt-1",
    wall_ns: int = NOW,
    boot_ns: int = 500 * NS,
    boot_id: str = "boot-a",
    key: Key = AGENT,
) -> Envelope:
    text = lines.encode() if isinstance(lines, str) else lines
    return Envelope.seal(
        text or line(wall_ns, device).encode(),
        agent=agent,
        device=device,
        run=RUN,
        seq=seq,
        boot_id=boot_id,
        wall_ns=wall_ns,
        boot_ns=boot_ns,
        sign=key.sign,
    )
