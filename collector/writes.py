"""Read what an InfluxDB 2 client writes: bounded decompression, timestamps to nanoseconds, one entry a device."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping, Set, Sized
from dataclasses import dataclass

from agent.catalogue import RAW
from agent.reading import LineError
from collector.admission import EARLIEST_NS, MAX_DECODED, OVER_CAP, SANE_NS, Admitted, Refused, SeriesCap, WriteToken
from collector.ledger.body import Lines
from collector.ledger.entry import CLOCK_WALL_ONLY, Entry

PRECISIONS = {"ns": 0, "us": 3, "ms": 6, "s": 9}
"""Zeros to append to a timestamp of each precision to make it nanoseconds."""

_STAMP = re.compile(rb" (\d{1,18}) *(\r?)$", re.MULTILINE)
_GZIP = 31


class TooLarge(Exception):
    """A body that is larger than allowed when decompressed."""


@dataclass(frozen=True, slots=True)
class Write:
    """A judged body: what to store of each device, the lines put aside, and how many lines there were."""

    admitted: list[Admitted]
    rejected: list[tuple[int, bytes, str]]
    total: int
    key: str


def gunzip(data: bytes) -> bytes:
    """Decompress one gzip member of bounded size; raise TooLarge, and Refused for what is not one whole member."""
    stream = zlib.decompressobj(_GZIP)
    try:
        body = stream.decompress(data, MAX_DECODED + 1)
    except zlib.error as error:
        raise Refused("body", "the body is not gzip") from error
    if len(body) > MAX_DECODED:
        raise TooLarge(f"the body is larger than {MAX_DECODED} bytes when decompressed")
    if not stream.eof or stream.unused_data:
        raise Refused("body", "the gzip body is cut short or something follows it")
    return body


def to_nanoseconds(body: bytes, precision: str) -> bytes:
    """Return the lines with nanosecond timestamps; a line without one stays as it is."""
    zeros = b"0" * PRECISIONS[precision]
    return _STAMP.sub(rb" \g<1>" + zeros + rb"\2", body) if zeros else body


def judge(body: bytes, *, token: WriteToken, precision: str, received_ns: int, cap: SeriesCap) -> Write:
    """Judge a decoded body line by line; raise Refused for foreign devices, derived names and hopeless bodies."""
    key = f"write/{token.name}/{precision}/{hashlib.sha256(body).hexdigest()}"
    body = to_nanoseconds(body, precision)
    try:
        lines = Lines(body)
    except LineError as error:
        raise Refused("body", str(error)) from error
    _check_names(lines, token)
    rejected = [(bad.number, bad.line, bad.reason) for bad in lines.rejected]
    total = len(lines) + len(rejected)
    parts: dict[str, Lines] = {identity.value: lines for identity in lines.identities}
    in_time = not len(lines) or (lines.first_ns >= EARLIEST_NS and lines.last_ns <= received_ns + SANE_NS)
    over = {device: cap.over(device, _series(lines, device, parts), received_ns) for device in parts}
    if rejected or not in_time or len(parts) > 1 or any(over.values()):
        parts = _parts(lines, over, rejected, received_ns)
    admitted = [_admitted(f"{key}/{device}", token, device, part, received_ns) for device, part in parts.items()]
    return Write(admitted, sorted(rejected), total, key)


def _check_names(lines: Lines, token: WriteToken) -> None:
    for tag, value in lines.identities:
        if value not in token.devices:
            reason = f"token {token.name} may not speak of {tag} {value[:64]}"
            raise Refused("foreign_device", reason, forbidden=True)
    for bad in lines.rejected:
        name = re.split(rb"[, ]", bad.line, maxsplit=1)[0].decode(errors="replace")
        if name.startswith("nadi_") and name not in RAW:
            reason = f"token {token.name} may not write {name[:64]}: it is the collector's own or unknown"
            raise Refused("derived_name", reason, forbidden=True)


def _series(lines: Lines, device: str, devices: Sized) -> Set[bytes]:
    if len(devices) == 1:
        return lines.series
    return {line.key for line in lines.raw() if line.identity.value == device}


def _parts(
    lines: Lines, over: Mapping[str, frozenset[bytes]], rejected: list[tuple[int, bytes, str]], received_ns: int
) -> dict[str, Lines]:
    """Return the good lines of each device; the others are added to ``rejected``."""
    texts: dict[str, list[bytes]] = {}
    for line in lines.raw():
        device = line.identity.value
        if not EARLIEST_NS <= line.time_ns <= received_ns + SANE_NS:
            rejected.append((line.number, line.content, "timestamp is before 2020 or in the future"))
        elif line.key in over[device]:
            rejected.append((line.number, line.content, OVER_CAP))
        else:
            texts.setdefault(device, []).append(line.content)
    return {device: Lines(b"\n".join(text) + b"\n") for device, text in sorted(texts.items())}


def _admitted(key: str, token: WriteToken, device: str, lines: Lines, received_ns: int) -> Admitted:
    body = zlib.compress(lines.body, 6)
    entry = Entry(
        key=key,
        agent=f"token:{token.name}",
        device=device,
        run="",
        seq=0,
        boot_id="",
        wall_ns=0,
        boot_ns=0,
        received_ns=received_ns,
        shift_ns=0,
        flags=CLOCK_WALL_ONLY,
        first_ns=lines.first_ns,
        last_ns=lines.last_ns,
        sha256=hashlib.sha256(body).digest(),
        header=b"",
        signature=b"",
        body=body,
    )
    return Admitted(entry, lines, [])
