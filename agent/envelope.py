"""The signed envelope of a batch, and the receipt that answers it.

On the wire an envelope is ``header LF signature LF body``: the header is canonical JSON on one line, the
signature base64 of Ed25519 over ``"nadi-batch-1\\n" + header + "\\n" + body``, the body zlib (RFC 1950) of
line protocol. Envelopes follow one another without a gap; the header's ``length`` ends each.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from agent.identity import verify

CONTENT_TYPE = "application/vnd.nadi.batches"
CLOCK_HEADER = "X-Nadi-Clock"
"""Request header: ``boot_id wall_ns boot_ns`` of the sender at the moment of sending."""

MAX_HEADER = 2048
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Form of an agent's, a device's and a token's name."""

_NATURAL = r"(0|[1-9]\d{0,18})"
_CANONICAL = re.compile(
    rf'{{"agent":"({NAME.pattern})","boot_id":"([\w-]{{1,64}})","boot_ns":{_NATURAL},"device":"({NAME.pattern})",'
    rf'"length":{_NATURAL},"run":"([0-9a-f]{{16}})","seq":{_NATURAL},"sha256":"([0-9a-f]{{64}})","version":1,'
    rf'"wall_ns":{_NATURAL}}}'.encode("ascii")
)
"""A header as every agent writes it; whatever else may be one is read as JSON, and told what is wrong with it."""

_HEADER_KEYS = frozenset(
    ("agent", "boot_id", "boot_ns", "device", "length", "run", "seq", "sha256", "version", "wall_ns")
)


class EnvelopeError(ValueError):
    """Bytes that are no envelope (or no receipt); the message says where they stop being one."""


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: object) -> bytes:
    """Return canonical JSON: sorted keys, no blanks, UTF-8."""
    return _ENCODER.encode(value).encode()


class Header(NamedTuple):
    """What a batch is: who made it, of which device, its place in the run, its times and its content's hash.

    ``wall_ns`` and ``boot_ns`` are one look at both clocks in the gather cycle; a reading of the batch was
    taken at boot time ``boot_ns + (reading.time_ns - wall_ns)``. ``sha256`` is that of the zlib body.
    """

    agent: str
    device: str
    run: str
    seq: int
    boot_id: str
    wall_ns: int
    boot_ns: int
    length: int
    sha256: str

    def to_bytes(self) -> bytes:
        """Return the canonical JSON line, without the newline."""
        return canonical({"version": 1, **self._asdict()})

    @classmethod
    def from_bytes(cls, line: bytes) -> Header:
        """Read and check a header; raise EnvelopeError."""
        match = _CANONICAL.fullmatch(line)
        if match is not None:
            agent, boot_id, boot_ns, device, length, run, seq, sha256, wall_ns = (
                part.decode() for part in match.groups()
            )
            numbers = (int(wall_ns), int(boot_ns), int(length))
            if max(*numbers, int(seq)) < 2**63:
                return cls(agent, device, run, int(seq), boot_id, *numbers, sha256)
        return cls._from_json(line)

    @classmethod
    def _from_json(cls, line: bytes) -> Header:
        try:
            table = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise EnvelopeError("header is not JSON") from error
        if not isinstance(table, dict) or table.keys() != _HEADER_KEYS:
            raise EnvelopeError("header has not the keys of version 1")
        if table.pop("version") != 1:
            raise EnvelopeError("version is not 1")
        header = cls(**table)
        if header.to_bytes() != line:
            raise EnvelopeError("header is not canonical JSON")
        header._check()
        return header

    def _check(self) -> None:
        for name in (self.agent, self.device):
            if not isinstance(name, str) or NAME.fullmatch(name) is None:
                raise EnvelopeError(f"name {name!r} is not letters, digits, '.', '_' or '-' (at most 64)")
        if not isinstance(self.run, str) or re.fullmatch(r"[0-9a-f]{16}", self.run) is None:
            raise EnvelopeError("run is not 16 hexadecimal digits")
        if not isinstance(self.sha256, str) or re.fullmatch(r"[0-9a-f]{64}", self.sha256) is None:
            raise EnvelopeError("sha256 is not 64 hexadecimal digits")
        if not isinstance(self.boot_id, str) or re.fullmatch(r"[\w-]{1,64}", self.boot_id, re.ASCII) is None:
            raise EnvelopeError("boot_id is not of letters, digits, '_' or '-'")
        for number in (self.seq, self.wall_ns, self.boot_ns, self.length):
            if type(number) is not int or not 0 <= number < 2**63:
                raise EnvelopeError("a number of the header is not a natural number of 63 bits")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A header, its bytes as they came, the signature (64 bytes) and the compressed body."""

    header: Header
    header_bytes: bytes
    signature: bytes
    body: bytes

    @classmethod
    def seal(
        cls,
        lines: bytes,
        *,
        agent: str,
        device: str,
        run: str,
        seq: int,
        boot_id: str,
        wall_ns: int,
        boot_ns: int,
        sign: Callable[[bytes], bytes],
    ) -> Envelope:
        """Compress line protocol and sign it."""
        body = zlib.compress(lines, 6)
        digest = hashlib.sha256(body).hexdigest()
        header = Header(agent, device, run, seq, boot_id, wall_ns, boot_ns, len(body), digest)
        header_bytes = header.to_bytes()
        return cls(header, header_bytes, sign(_signed(header_bytes, body)), body)

    def is_whole(self) -> bool:
        """Tell whether the body is the one the header names."""
        return hashlib.sha256(self.body).hexdigest() == self.header.sha256

    def is_signed_by(self, public: bytes) -> bool:
        """Tell whether the holder of ``public`` signed header and body."""
        return verify(public, _signed(self.header_bytes, self.body), self.signature)

    def to_bytes(self) -> bytes:
        """Return the bytes on the wire and in the spool."""
        return b"\n".join((self.header_bytes, base64.b64encode(self.signature), self.body))


def _signed(header_bytes: bytes, body: bytes) -> bytes:
    return b"\n".join((b"nadi-batch-1", header_bytes, body))


def split(data: bytes) -> Iterator[Envelope]:
    """Yield the envelopes that stand one after another in ``data``; raise EnvelopeError at the first bad byte."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at, at + MAX_HEADER + 1)
        if end < 0:
            raise EnvelopeError(f"no header of at most {MAX_HEADER} bytes at byte {at}")
        header_bytes = data[at:end]
        header = Header.from_bytes(header_bytes)
        after = end + 1 + 88
        try:
            signature = base64.b64decode(data[end + 1 : after], validate=True)
        except binascii.Error as error:
            raise EnvelopeError(f"no signature at byte {end + 1}") from error
        if len(signature) != 64 or data[after : after + 1] != b"\n":
            raise EnvelopeError(f"no signature of 64 bytes at byte {end + 1}")
        body = data[after + 1 : after + 1 + header.length]
        if len(body) != header.length:
            raise EnvelopeError(f"the body of {header.run}/{header.seq} is cut short")
        yield Envelope(header, header_bytes, signature, body)
        at = after + 1 + header.length


def inflate(body: bytes, limit: int) -> bytes:
    """Decompress zlib of at most ``limit`` bytes; raise EnvelopeError for more, for junk and for trailing bytes."""
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise EnvelopeError("the body is not zlib") from error
    if len(data) > limit:
        raise EnvelopeError(f"the body is larger than {limit} bytes when decompressed")
    if not stream.eof or stream.unused_data:
        raise EnvelopeError("the body is cut short or something follows it")
    return data


Verdict = Literal["stored", "duplicate", "quarantined"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The collector's word on one envelope: it is on disk (or never will be), and where the chain stands.

    ``rejected`` are pairs of line number and reason; ``journal`` is the journal's id, ``length`` the number
    of its entries and ``head`` the chain head after this one.
    """

    run: str
    seq: int
    sha256: str
    verdict: Verdict
    reason: str
    rejected: tuple[tuple[int, str], ...]
    journal: str
    length: int
    head: str


def write_receipts(receipts: list[Receipt], sign: Callable[[bytes], bytes]) -> bytes:
    """Return the answer to a POST: a canonical JSON line of receipts, LF, its signature in base64."""
    line = canonical({"receipts": [_as_table(receipt) for receipt in receipts]})
    return line + b"\n" + base64.b64encode(sign(b"nadi-receipt-1\n" + line))


def _as_table(receipt: Receipt) -> dict[str, Any]:
    return {name: getattr(receipt, name) for name in Receipt.__slots__}


def read_receipts(data: bytes, public: bytes) -> list[Receipt]:
    """Read an answer and check the collector's signature; whatever is not such an answer is an EnvelopeError."""
    line, newline, signature = data.partition(b"\n")
    try:
        raw = base64.b64decode(signature, validate=True)
    except binascii.Error as error:
        raise EnvelopeError("the answer bears no signature") from error
    if not newline or not verify(public, b"nadi-receipt-1\n" + line, raw):
        raise EnvelopeError("the answer is not signed by the pinned collector")
    try:
        table = json.loads(line)
        return [
            Receipt(**{**item, "rejected": tuple((int(n), str(why)) for n, why in item["rejected"])})
            for item in table["receipts"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise EnvelopeError("the answer is not a list of receipts") from error
