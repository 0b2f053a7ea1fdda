"""Send what waits in the spool, and believe nothing but a signed receipt.

Every POST takes the newest waiting records first, so live readings never queue behind a backlog; the backlog follows
in the pauses. Whatever is not a receipt signed by the pinned collector (a captive portal's 200, a cut answer, an
error) leaves the records where they are, and the next try comes after a back-off with full jitter.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence

from agent.channel import Answer, Channel, ChannelError
from agent.clock import Clock
from agent.envelope import CLOCK_HEADER, CONTENT_TYPE, EnvelopeError, Header, Receipt, read_receipts
from agent.log import Log
from agent.segment import Record
from agent.spool import Mark, Spool

_log = Log("uplink")

PATH = "/api/v1/batches"
MAX_POST = 512 * 1024
_SWIFT_S, _SLOW_S = 1.0, 4.0
"""A POST that took less may be followed by a larger one, one that took more by a smaller one."""
_LEAST_PAUSE_S = 0.05
_MAX_WAIT_S = 3600.0
_ABOUT_THE_BODY = frozenset((400, 413, 415, 422))
_SET_ASIDE_S = 3600.0


def _key(record: Record) -> tuple[str, int, str]:
    """Return what a receipt must name to be that of this record."""
    try:
        header = Header.from_bytes(record.payload.partition(b"\n")[0])
    except EnvelopeError:
        return "", -1, ""  # of another version of this program: no receipt will fit, so it is kept
    return header.run, header.seq, header.sha256


def chance() -> float:
    """Return a number of [0, 1). (The library's random would cost the resident agent 0.2 MiB.)"""
    return int.from_bytes(os.urandom(6)) / 2.0**48


class Backoff:
    """Exponential back-off with full jitter, also at its cap, so that many agents never come back together."""

    def __init__(self, *, base_s: float = 1.0, cap_s: float = 60.0, chance: Callable[[], float] = chance) -> None:
        self._base_s, self._cap_s, self._chance = base_s, cap_s, chance
        self._failures = 0

    def next(self, retry_after_s: float = 0.0) -> float:
        """Return how many seconds to wait after one more failure, at least what the server asked for (1 h at most)."""
        bound = min(self._cap_s, self._base_s * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return min(max(retry_after_s, 0.0), _MAX_WAIT_S) + self._chance() * bound

    def reset(self) -> None:
        """Begin anew after a success."""
        self._failures = 0


class Uplink:
    """The one thread that talks to the collector."""

    def __init__(
        self,
        *,
        channel: Channel,
        collector_key: bytes,
        spool: Spool,
        clock: Clock,
        backoff: Backoff | None = None,
        spread_s: float = 0.0,
    ) -> None:
        """``spread_s``: each batch waits this long, other agents another time, since all measure at the same second."""
        self._channel, self._collector_key, self._spool, self._clock = channel, collector_key, spool, clock
        self._backoff = backoff or Backoff()
        self._spread_s = spread_s
        self._limit = MAX_POST
        self._aside: set[int] = set()
        self._aside_since = 0.0
        self._refusals = 0
        self._not_before = 0.0
        self._said = ""
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="uplink", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()
        self._wake.set()

    def wake(self) -> None:
        """Say that a record was added."""
        self._wake.set()

    @property
    def alive(self) -> bool:
        """Tell whether the thread runs."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float) -> None:
        """Send what waits once more and end; return after ``timeout_s`` at the latest."""
        self._channel.timeout = min(self._channel.timeout, timeout_s / 2)
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        pause: float | None = None
        while not self._stop.is_set():
            if self._wake.wait(pause) and pause is None:
                self._stop.wait(self._spread_s)
            self._wake.clear()
            early = self._not_before - time.monotonic()
            pause = early if early > 0 else self.turn()
        if time.monotonic() >= self._not_before:
            self.turn()
        self._channel.close()

    def turn(self) -> float | None:
        """Send one POST of the newest waiting records; return how long to wait before the next, None: nothing waits."""
        if time.monotonic() - self._aside_since > _SET_ASIDE_S:
            self._aside.clear()
        records = self._spool.newest(self._limit, self._aside)
        if not records:
            return None
        begun = time.monotonic()
        try:
            answer = self._post(records)
        except ChannelError as error:
            self._limit = max(self._limit // 2, 1)
            return self._failed(str(error))
        took = time.monotonic() - begun
        problem = self._judge(records, answer)
        if problem:
            return self._failed(problem, answer.retry_after_s)
        self._backoff.reset()
        self._refusals = 0
        self._limit = self._fitted(took)
        self._say("")
        return max(took / 2, _LEAST_PAUSE_S)

    def _post(self, records: Sequence[Record]) -> Answer:
        moment = self._clock.now()
        headers = {
            "Content-Type": CONTENT_TYPE,
            CLOCK_HEADER: f"{moment.boot_id} {moment.wall_ns} {moment.boot_ns}",
        }
        return self._channel.post(PATH, b"".join(record.payload for record in records), headers)

    def _fitted(self, took_s: float) -> int:
        """Return the next POST's bound, so that on a slow line live readings wait a few seconds at most."""
        if took_s > _SLOW_S:
            return max(self._limit // 2, 1)
        return min(self._limit * 4, MAX_POST) if took_s < _SWIFT_S else self._limit

    def _judge(self, records: Sequence[Record], answer: Answer) -> str:
        """Settle what the receipts name; return what is wrong with the answer, "" if nothing is."""
        try:
            receipts = read_receipts(answer.body, self._collector_key)
        except EnvelopeError as error:
            if answer.status in _ABOUT_THE_BODY:
                self._make_smaller(records)
            return f"status {answer.status}: {error}"
        known = {(r.run, r.seq, r.sha256): r for r in receipts}
        settled: list[Record] = []
        valid: list[Receipt] = []
        for record in records:
            receipt = known.get(_key(record))
            if receipt is not None:
                settled.append(record)
                valid.append(receipt)
        if settled:
            self._spool.settle(settled, self._mark(valid))
            self._tell(valid)
            return ""  # what got none goes with the next POST
        return f"status {answer.status}: none of {len(records)} batches got a receipt"

    def _mark(self, receipts: Sequence[Receipt]) -> Mark | None:
        """Return where the chain stands. A duplicate may carry the length of its first time, so it says little."""
        fresh = [r for r in receipts if r.verdict == "stored"]
        before = self._spool.mark
        if not fresh and before is not None and receipts[0].journal == before.journal:
            return None
        newest = max(fresh or receipts, key=lambda r: r.length)
        return Mark(newest.journal, newest.length, newest.head)

    def _tell(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            if receipt.verdict == "quarantined":
                _log.warning(f"the collector quarantined {receipt.run}/{receipt.seq}: {receipt.reason}")
                if receipt.reason.startswith("fork"):
                    self._spool.renew_run(receipt.run)
            for number, reason in receipt.rejected[:3]:
                _log.warning(f"the collector rejected line {number} of {receipt.run}/{receipt.seq}: {reason}")

    def _make_smaller(self, records: Sequence[Record]) -> None:
        """Halve the next POST; a single record that is refused stands aside for an hour, unless all are refused."""
        self._limit = max(min(self._limit, sum(len(r.payload) for r in records)) // 2, 1)
        if len(records) == 1:
            self._refusals += 1
            if self._refusals > 2:
                self._aside.clear()
            else:
                self._aside.add(records[0].seq)
                self._aside_since = time.monotonic()

    def _failed(self, reason: str, retry_after_s: float = 0.0) -> float:
        wait = self._backoff.next(retry_after_s)
        self._not_before = time.monotonic() + wait
        self._say(reason)
        return wait

    def _say(self, reason: str) -> None:
        """Log once that nothing can be delivered, and once that it can again."""
        if reason and reason != self._said:
            _log.warning(f"not delivered, kept: {reason}")
        elif self._said and not reason:
            _log.warning("delivering again")
        self._said = reason
