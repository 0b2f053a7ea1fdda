"""Bodies made to fill memory or time: refused, and the process stays small (F21)."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.ingest import Answer
from tests.collector.door import Door, envelope

MIB = 1 << 20


def inflated(size: int) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(size // MIB)) + packer.flush()


def signed(*bodies: bytes) -> bytes:
    return b"".join(envelope(seq, body).to_bytes() for seq, body in enumerate(bodies, 1))


Bomb = tuple[str, Callable[[], bytes]]
BOMBS: dict[str, Bomb] = {
    "gzip of 1 GiB": ("gzip", lambda: inflated(1024 * MIB)),
    "nested gzip": ("gzip", lambda: gzip.compress(inflated(256 * MIB))),
    "many gzip members": ("gzip", lambda: gzip.compress(b"") * 100_000),
    "one line of 8 MB": ("write", lambda: b"x" * 8_000_000),
    "4 million lines": ("gzip", lambda: gzip.compress(b"a\n" * 4_000_000)),
    "8 million blank lines": ("gzip", lambda: gzip.compress(b"\n" * 8_000_000)),
    "a million tags": ("write", lambda: b"nadi_interface,device=rt-1" + b",interface=a" * 600_000 + b" up=1i 5"),
    "a million fields": ("write", lambda: b"nadi_interface,device=rt-1 " + b"up=1i," * MIB + b" 5"),
    "many long lines": ("write", lambda: (b"nadi_interface,device=rt-1 " + b"up=1i," * 40_000 + b" 5\n") * 30),
    "signed, 64 MiB of zeros": ("batch", lambda: signed(bytes(64 * MIB))),
    "signed, 100 times 8 MiB": ("batch", lambda: signed(*[b"\n" * 8_000_000] * 100)),
    "a header that never ends": ("batch", lambda: b"{" * 8_000_000),
    "deep JSON": ("batch", lambda: b"[" * 2000 + b"\n"),
    "a lying length": ("batch", lambda: lying()),
    "a long clock": ("clock", lambda: signed(b"x")),
}


def throw(door: Door, way: str, bomb: bytes) -> Answer:
    if way in ("write", "gzip"):
        return door.write(bomb, gzip=way == "gzip")
    return door.ingest.batches(bomb, sender_clock="b " + "9" * 1_000_000 + " 5" if way == "clock" else None)


def lying() -> bytes:
    whole = envelope(1)
    header = whole.header._replace(length=2**62).to_bytes()
    return whole.to_bytes().replace(whole.header_bytes, header)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory_and_time(name: str) -> None:
    command = [sys.executable, "-m", "tests.collector.test_ingest_bombs", name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    told = json.loads(done.stdout)
    assert told["status"] in (400, 413) or (told["status"], told["stored"]) == (200, 0)
    assert told["grown_mib"] <= 32
    assert told["seconds"] < 5


def high_water() -> int:
    """Return the most memory this process ever held, KiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def explode(name: str) -> None:
    """Throw one bomb at a door in this process, and tell status, stored samples, memory and CPU time."""
    with tempfile.TemporaryDirectory() as folder:
        door = Door(Path(folder))
        assert door.post(envelope(1000)).status == 200
        way, make = BOMBS[name]
        bomb = make()
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before, start = high_water(), time.process_time()
        answer = throw(door, way, bomb)
        told = {
            "status": answer.status,
            "stored": door.ingest.counters.live - 1,
            "grown_mib": (high_water() - before) / 1024,
            "seconds": time.process_time() - start,
        }
        door.journal.close()
    print(json.dumps(told))


if __name__ == "__main__":
    explode(sys.argv[1])
