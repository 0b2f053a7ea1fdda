"""Records for the tests of the spool: content that tells its own run and number."""

from __future__ import annotations

from agent.clock import NS, ManualClock
from agent.spool import Spool


def payload(run: str, seq: int, size: int = 60) -> bytes:
    """Return bytes which only this number of this run has."""
    return f"{run}/{seq:08d}/".encode().ljust(size, b".")


def put(spool: Spool, clock: ManualClock, count: int, *, size: int = 60) -> str:
    """Append records 10 s apart; return the run of the last."""
    runs: list[str] = []

    def seal(run: str, seq: int) -> bytes:
        runs.append(run)
        return payload(run, seq, size)

    for _ in range(count):
        clock.advance(10 * NS)
        spool.append(seal, clock.now().wall_ns)
    return runs[-1]


def seqs(spool: Spool) -> set[int]:
    """Return the numbers that wait, and check that each record is the one it says."""
    records = spool.newest(10**9)
    for record in records:
        run, seq, _ = record.payload.split(b"/", 2)
        assert int(seq) == record.seq
        assert record.payload == payload(run.decode(), record.seq, len(record.payload))
    return {record.seq for record in records}
