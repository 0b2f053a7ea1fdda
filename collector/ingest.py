"""Take what senders measured: verify, bound, deduplicate, journal with fsync, and only then acknowledge.

Two ways in: signed envelopes of agents (design.md §4, answered by signed receipts), and the InfluxDB 2 write API.
Each envelope and each line is judged by itself; what is refused is put aside or audited, and always counted.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.clock import Clock, Moment
from agent.envelope import Envelope, EnvelopeError, Receipt, split, write_receipts
from agent.identity import Key
from collector.admission import (
    MAX_DECODED,
    SANE_NS,
    Admitted,
    Directory,
    Peer,
    Refused,
    SeriesCap,
    WriteToken,
    admit,
    check_sender,
    read_clock,
)
from collector.ledger.body import Lines
from collector.ledger.journal import Appended, Entry, Journal, JournalError, Quarantined, batch_key
from collector.writes import PRECISIONS, TooLarge, gunzip, judge

__all__ = ["MAX_BODY", "MAX_DECODED", "Answer", "Directory", "Ingest", "IngestCounters", "Lines", "Peer", "WriteToken"]

MAX_BODY = 8 << 20
"""Bytes of a request as received."""

MAX_POST_DECODED = 16 << 20
"""Bytes of all bodies of one request, decompressed; envelopes past it get no receipt and are sent again."""

RETRY_AFTER_S = 30

log = logging.getLogger(__name__)

Stored = Sequence[tuple[Entry, Lines]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer a request: HTTP status, body, headers."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass
class IngestCounters:
    """What came in since the start: samples live (at most 5 min old) and backfilled, and all that was not stored.

    ``waiting`` are the requests that wait now.
    """

    live: int = 0
    backfill: int = 0
    waiting: int = 0
    duplicates: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    """Envelopes, lines and requests by reason; the reasons are a fixed few."""

    def reject(self, reason: str, count: int = 1) -> None:
        """Count something that was not stored."""
        self.rejected[reason] = self.rejected.get(reason, 0) + count


@dataclass(slots=True)
class _Judged:
    """An envelope on its way: admitted or refused, and where the journal put it."""

    envelope: Envelope
    admitted: Admitted | None = None
    refused: Refused | None = None
    appended: Appended | None = None


class Ingest:
    """The door of the journal. Its methods may be called by several threads; they wait for the disk."""

    def __init__(
        self,
        *,
        journal: Journal,
        directory: Directory,
        key: Key,
        clock: Clock,
        on_stored: Callable[[Stored], None],
        cap: SeriesCap | None = None,
    ) -> None:
        """``on_stored`` is given each newly stored entry after the commit, its readings made when asked for."""
        self._journal, self._directory, self._key, self._clock = journal, directory, key, clock
        self._on_stored = on_stored
        self._cap = cap or SeriesCap()
        self.counters = IngestCounters()
        self.offsets: dict[str, int] = {}
        """By enrolled agent how far (ns) its clock was before ours at its last delivery; its way here makes it less."""

    def batches(self, data: bytes, *, sender_clock: str | None) -> Answer:
        """Judge the envelopes of a request and answer with receipts: 200, or 400, 403, 413, 503 for the whole."""
        return self.batches_many([(data, sender_clock)])[0]

    def batches_many(self, requests: Sequence[tuple[bytes, str | None]]) -> list[Answer]:
        """Answer several requests of (body, sender's clock) that share one commit."""
        received_ns = self._clock.now().wall_ns
        judged = [self._request(data, clock, received_ns) for data, clock in requests]
        items = [item for request in judged if not isinstance(request, Answer) for item in request]
        try:
            self._append(items, received_ns)
            return [
                request if isinstance(request, Answer) else self._acknowledge(request, received_ns)
                for request in judged
            ]
        except JournalError as error:
            unavailable = self._unavailable(error)
            return [request if isinstance(request, Answer) else unavailable for request in judged]

    def _request(self, data: bytes, sender_clock: str | None, received_ns: int) -> Answer | list[_Judged]:
        """Judge a request's envelopes, or answer it when it holds none that may be stored."""
        if len(data) > MAX_BODY:
            return self._no("too_large", 413, f"the body is larger than {MAX_BODY} bytes")
        try:
            sent = read_clock(sender_clock)
        except ValueError as error:
            return self._no("header", 400, str(error))
        judged, broken = self._judge(data, sent, received_ns)
        if not judged:
            return self._no("envelope", 400, broken or "the body holds no envelope")
        if all(item.refused is not None and item.refused.forbidden for item in judged):
            return _error(403, "forbidden", str(judged[0].refused))
        return judged

    def _judge(self, data: bytes, sent: Moment | None, received_ns: int) -> tuple[list[_Judged], str]:
        """Judge envelope by envelope up to the first byte that is none, or until enough was decompressed."""
        judged: list[_Judged] = []
        decoded = 0
        try:
            for envelope in split(data):
                item = _Judged(envelope)
                judged.append(item)
                try:
                    check_sender(envelope, self._directory.agent(envelope.header.agent))
                    item.admitted = admit(envelope, sent=sent, received_ns=received_ns, cap=self._cap)
                    if sent is not None:
                        self.offsets[envelope.header.agent] = sent.wall_ns - received_ns
                    decoded += len(item.admitted.lines.body)
                except Refused as refused:
                    item.refused = refused
                    decoded += MAX_DECODED if refused.code == "body" else 0
                    self._note(refused, actor=envelope.header.agent, object=envelope.header.device)
                if decoded > MAX_POST_DECODED:
                    return judged, ""
        except EnvelopeError as error:
            self.counters.reject("envelope")
            return judged, str(error)
        return judged, ""

    def _note(self, refused: Refused, *, actor: str, object: str, action: str = "batch") -> None:
        self.counters.reject(refused.code)
        if refused.forbidden:
            self._directory.refuse(actor=actor, action=action, object=object, reason=refused.reason)

    def _append(self, judged: Sequence[_Judged], received_ns: int) -> None:
        admitted = [item for item in judged if item.admitted is not None]
        appended = self._store([item.admitted for item in admitted if item.admitted], received_ns)
        for item, done in zip(admitted, appended, strict=True):
            item.appended = done

    def _acknowledge(self, judged: Sequence[_Judged], received_ns: int) -> Answer:
        known = [(item.envelope, item.refused) for item in judged if item.refused and item.refused.known]
        self._put_aside([_whole(envelope, refused, received_ns) for envelope, refused in known])
        newest = [item.appended for item in judged if item.appended is not None]
        state = newest[-1] if newest else Appended("stored", self._journal.length(), self._journal.head())
        receipts = [self._receipt(item, item.appended or state) for item in judged]
        return Answer(200, write_receipts(receipts, self._key.sign), {"Content-Type": "application/json"})

    def _receipt(self, item: _Judged, state: Appended) -> Receipt:
        header = item.envelope.header
        at = (self._journal.receipt_id, state.length, state.head)
        if item.admitted is None:
            return Receipt(header.run, header.seq, header.sha256, "quarantined", str(item.refused), (), *at)
        if state.outcome == "fork":
            reason = "fork: another batch of this run and number is stored"
            refused = Refused("fork", f"{reason}; two nodes with one identity", forbidden=True)
            self._note(refused, actor=header.agent, object=header.device)
            return Receipt(header.run, header.seq, header.sha256, "quarantined", reason, (), *at)
        rejected = tuple((number, reason) for number, _, reason in item.admitted.rejected)
        return Receipt(header.run, header.seq, header.sha256, state.outcome, "", rejected, *at)

    def write(self, data: bytes, *, token: str, precision: str, gzip: bool) -> Answer:
        """Take line protocol as InfluxDB 2 does: 204 when all is stored, 400 with the good lines stored, else an error.

        Statuses: 204, 400 (invalid, or a partial write), 401, 403 (foreign device, derived name), 413, 503.
        """
        if len(data) > MAX_BODY:
            return self._no("too_large", 413, f"the body is larger than {MAX_BODY} bytes")
        writer = self._directory.token(token)
        if writer is None:
            self._note(Refused("token", "unknown write token", forbidden=True), actor="?", object="", action="write")
            return _error(401, "unauthorized", "the token is not known")
        if precision not in PRECISIONS:
            return self._no("header", 400, f"precision must be one of {', '.join(PRECISIONS)}")
        try:
            return self._take(data, writer, precision, gzip=gzip)
        except TooLarge as error:
            return self._no("too_large", 413, str(error))
        except JournalError as error:
            return self._unavailable(error)

    def _take(self, data: bytes, writer: WriteToken, precision: str, *, gzip: bool) -> Answer:
        received_ns = self._clock.now().wall_ns
        source = f"token:{writer.name}"
        body = b""
        try:
            body = gunzip(data) if gzip else data
            write = judge(body, token=writer, precision=precision, received_ns=received_ns, cap=self._cap)
        except Refused as refused:
            self._note(refused, actor=source, object="", action="write")
            if refused.forbidden:
                return _error(403, "forbidden", str(refused))
            self._put_aside([Quarantined(received_ns, source, "", "", 0, str(refused), body or data)])
            return _error(400, "invalid", str(refused))
        appended = self._store(write.admitted, received_ns)
        if not write.rejected:
            return Answer(204, b"", {})
        if not appended or any(done.outcome != "duplicate" for done in appended):
            self._reject_lines(write.rejected, source=source, device="", key=write.key, received_ns=received_ns)
        number, _, reason = write.rejected[0]
        count = f"{len(write.rejected)} of {write.total} lines quarantined"
        return _error(400, "invalid", f"partial write: {count}; line {number}: {reason}")

    def _store(self, admitted: Sequence[Admitted], received_ns: int) -> list[Appended]:
        """Append, then count, put bad lines aside and pass on what is new; raise JournalError."""
        if not admitted:
            return []
        appended = self._journal.append([item.entry for item in admitted])
        stored: list[tuple[Entry, Lines]] = []
        for item, done in zip(admitted, appended, strict=True):
            if done.outcome == "duplicate":
                self.counters.duplicates += 1
            if done.outcome == "stored":
                stored.append((item.entry, item.lines))
                self._count(item, received_ns)
                entry = item.entry
                self._reject_lines(
                    item.rejected, source=entry.agent, device=entry.device, key=entry.key, received_ns=received_ns
                )
        if stored:
            self._on_stored(stored)
        return appended

    def _count(self, item: Admitted, received_ns: int) -> None:
        if received_ns - item.entry.last_ns <= SANE_NS:
            self.counters.live += item.lines.samples
        else:
            self.counters.backfill += item.lines.samples

    def _reject_lines(
        self, rejected: Sequence[tuple[int, bytes, str]], *, source: str, device: str, key: str, received_ns: int
    ) -> None:
        if rejected:
            self.counters.reject("line", len(rejected))
            self._put_aside([Quarantined(received_ns, source, device, key, n, why, line) for n, line, why in rejected])

    def _put_aside(self, items: Sequence[Quarantined]) -> None:
        """Quarantine what the sender will be told is there; on a full disk it is lost, counted and logged."""
        try:
            if items:
                self._journal.quarantine(items)
        except JournalError as error:
            self.counters.reject("quarantine_full", len(items))
            log.error("%d refused items could not be put aside: %s", len(items), error)

    def _no(self, code: str, status: int, message: str) -> Answer:
        self.counters.reject(code)
        return _error(status, "request too large" if status == 413 else "invalid", message)

    def _unavailable(self, error: JournalError) -> Answer:
        self.counters.reject("journal")
        log.error("not acknowledged: %s", error)
        answer = _error(503, "unavailable", "the journal cannot be written; nothing of this was acknowledged")
        return Answer(503, answer.body, {**answer.headers, "Retry-After": str(RETRY_AFTER_S)})


def _whole(envelope: Envelope, refused: Refused, received_ns: int) -> Quarantined:
    header = envelope.header
    key = batch_key(header.agent, header.run, header.seq)
    return Quarantined(received_ns, header.agent, header.device, key, 0, refused.reason, envelope.to_bytes())


def _error(status: int, code: str, message: str) -> Answer:
    body = json.dumps({"code": code, "message": message}).encode()
    return Answer(status, body, {"Content-Type": "application/json"})
