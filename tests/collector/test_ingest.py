"""Signed envelopes: who may say what, and what is acknowledged."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.clock import DAY_S, NS
from agent.envelope import EnvelopeError, read_receipts
from agent.identity import Key
from agent.reading import decode
from collector.ingest import MAX_BODY, Peer
from collector.ledger.journal import CLOCK_CORRECTED, CLOCK_UNSURE, LATE
from tests.collector.door import AGENT, COLLECTOR, NOW, Door, envelope, line

HOUR = 3600 * NS


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    opened = Door(tmp_path)
    yield opened
    opened.journal.close()


def test_a_stored_envelope_is_acknowledged_with_the_chain_head(door: Door) -> None:
    [receipt] = door.receipts(envelope(1))
    assert (receipt.verdict, receipt.rejected, receipt.length) == ("stored", (), 1)
    assert (receipt.journal, receipt.head) == (door.journal.id, door.journal.head())
    [row] = door.journal.rows()
    assert (row.agent, row.device, row.seq, row.flags, row.first_ns) == ("ag-1", "rt-1", 1, 0, NOW)
    assert [(entry.key, list(lines)) for entry, lines in door.stored] == [(row.key, decode(line().encode())[0])]


def test_a_replay_in_any_order_stores_nothing_new(door: Door) -> None:
    batch = [envelope(i, line(NOW + i)) for i in range(1, 6)]
    door.post(*batch)
    for order in (batch[::-1], batch[2:] + batch[:2]):
        assert {receipt.verdict for receipt in door.receipts(*order)} == {"duplicate"}
    assert (door.journal.length(), len(door.stored), door.ingest.counters.duplicates) == (5, 5, 10)


def test_two_nodes_with_one_identity_are_seen_as_a_fork(door: Door) -> None:
    door.post(envelope(1))
    [receipt] = door.receipts(envelope(1, line(NOW + 1)))
    assert (receipt.verdict, receipt.reason[:4]) == ("quarantined", "fork")
    assert [item.reason for item in door.journal.quarantined()] == ["fork"]
    assert door.register.refusals[0][:3] == ("ag-1", "batch", "rt-1")


def refuse_unknown(door: Door) -> None:
    door.register.agents.clear()


def refuse_revoked(door: Door) -> None:
    door.register.agents["ag-1"] = replace(door.register.agents["ag-1"], revoked=True)


def refuse_other_key(door: Door) -> None:
    door.register.agents["ag-1"] = replace(door.register.agents["ag-1"], public=Key(b"x" * 32).public)


def refuse_foreign_device(door: Door) -> None:
    door.register.agents["ag-1"] = replace(door.register.agents["ag-1"], devices=frozenset({"rt-9"}))


@pytest.mark.parametrize("spoil", [refuse_unknown, refuse_revoked, refuse_other_key, refuse_foreign_device])
def test_who_may_not_say_that_gets_403_and_an_audit_record(door: Door, spoil: object) -> None:
    assert callable(spoil)
    spoil(door)
    answer = door.post(envelope(1))
    assert (answer.status, json.loads(answer.body)["code"]) == (403, "forbidden")
    assert [refusal[0] for refusal in door.register.refusals] == ["ag-1"]
    assert (door.journal.length(), door.journal.quarantined()) == (0, [])


@pytest.mark.parametrize(
    "lines",
    [
        line(device="rt-2"),
        f"nadi_agent,agent=ag-2 memory_bytes=5i {NOW}\n",
        f"nadi_host,host=ag-1 load1=1 {NOW}\n",
    ],
)
def test_a_line_of_another_identity_refuses_the_whole_envelope(door: Door, lines: str) -> None:
    assert door.post(envelope(1, line() + lines)).status == 403
    assert door.ingest.counters.rejected == {"identity": 1}
    assert door.journal.length() == 0


def test_a_bad_envelope_never_harms_the_others(door: Door) -> None:
    strange = envelope(2, agent="ag-9", key=Key(b"z" * 32))
    broken = replace(envelope(3), body=bytes(len(envelope(3).body)))
    receipts = door.receipts(envelope(1), strange, broken, envelope(4, device="rt-3"), envelope(5))
    assert [r.verdict for r in receipts] == ["stored", "quarantined", "quarantined", "quarantined", "stored"]
    assert [item.device for item in door.journal.quarantined()] == ["rt-3"]  # the others are nobody's word


def test_bytes_after_the_last_whole_envelope_get_no_receipt(door: Door) -> None:
    data = envelope(1).to_bytes() + envelope(2).to_bytes()[:-1]
    answer = door.ingest.batches(data, sender_clock=None)
    assert [r.seq for r in read_receipts(answer.body, COLLECTOR.public)] == [1]
    assert door.ingest.batches(b"junk", sender_clock=None).status == 400
    assert door.ingest.batches(b"", sender_clock=None).status == 400


def test_bad_lines_are_put_aside_and_the_good_ones_kept(door: Door) -> None:
    [receipt] = door.receipts(envelope(1, line() + "junk\n" + line(NOW + 1) + f"no_such,device=rt-1 x=1 {NOW}\n"))
    assert receipt.verdict == "stored"
    assert [number for number, _ in receipt.rejected] == [2, 4]
    assert [item.content for item in door.journal.quarantined()][0:1] == [b"junk"]
    [row] = door.journal.rows()
    assert [r.time_ns for r in decode(zlib.decompress(row.body))[0]] == [NOW, NOW + 1]
    assert door.journal.verify() == []


def test_nobody_else_can_make_a_receipt(door: Door) -> None:
    answer = door.post(envelope(1))
    with pytest.raises(EnvelopeError):
        read_receipts(answer.body, AGENT.public)
    with pytest.raises(EnvelopeError):
        read_receipts(answer.body.replace(b"stored", b"stored ", 1), COLLECTOR.public)


def test_too_large_a_request_is_413(door: Door) -> None:
    assert door.ingest.batches(bytes(MAX_BODY + 1), sender_clock=None).status == 413


CLOCKS = [
    # header wall - now, header boot id, sender wall - now, sender boot seconds, shift, flags
    (0, "b1", 0, 500, 0, 0),
    (-HOUR, "b1", 0, 500 + 3600, 0, 0),  # spooled for an hour
    (-HOUR - NS, "b1", 0, 500 + 3601, 0, LATE),
    (-299 * NS, "b1", -299 * NS, 500, 0, 0),  # a little off is left alone
    (-DAY_S * NS, "b0", 0, 5, 0, LATE),  # of the boot before, the clock is right now
    (-HOUR, "b1", -HOUR, 500, HOUR, CLOCK_CORRECTED),
    (7 * DAY_S * NS, "b1", 7 * DAY_S * NS, 510, -7 * DAY_S * NS - 10 * NS, CLOCK_CORRECTED),
    (-NOW + 60 * NS, "b1", -NOW + 70 * NS, 510, NOW - 70 * NS, CLOCK_CORRECTED),  # 1970
    (-2 * HOUR, "b1", 0, 500 + 3600, HOUR, CLOCK_CORRECTED),  # set right while it lay in the spool
    (-HOUR, "b0", -HOUR, 500, 0, CLOCK_UNSURE),
    (-NOW + 60 * NS, "b0", 0, 500, 0, CLOCK_UNSURE),
    (HOUR, "b0", 0, 500, 0, CLOCK_UNSURE),
]


@pytest.mark.parametrize(("off", "boot", "sender_off", "sender_boot", "shift", "flags"), CLOCKS)
def test_a_wrong_clock_is_corrected_by_the_boot_clock_or_flagged(
    door: Door, off: int, boot: str, sender_off: int, sender_boot: int, shift: int, flags: int
) -> None:
    clock = f"b1 {NOW + sender_off} {sender_boot * NS}"
    [receipt] = door.receipts(envelope(1, wall_ns=NOW + off, boot_id=boot), clock=clock)
    [row] = door.journal.rows()
    assert (receipt.verdict, row.shift_ns, row.flags) == ("stored", shift, flags)
    assert row.first_ns == NOW + off + shift


def test_a_clock_header_of_another_form_is_refused(door: Door) -> None:
    for text in ("b1 5", "b1 -5 5", "b1 5 x", "b1 5 5 5", f"b1 {10**30} 5"):
        assert door.post(envelope(1), clock=text).status == 400


def test_a_reading_far_from_its_batch_refuses_the_batch(door: Door) -> None:
    [receipt, _] = door.receipts(envelope(1, line(NOW - 2 * DAY_S * NS) + line()), envelope(2))
    assert (receipt.verdict, "more than a day" in receipt.reason) == ("quarantined", True)


def test_too_many_series_are_put_aside_and_health_still_passes(door: Door) -> None:
    flood = "".join(line(interface=f"veth{i}") for i in range(1005))
    health = f"nadi_input,device=rt-1,input=interfaces up=1i {NOW}\n"
    [receipt] = door.receipts(envelope(1, flood + health))
    assert (receipt.verdict, len(receipt.rejected)) == ("stored", 5)
    assert len(door.stored[0][0].left_out) == 5
    [again] = door.receipts(envelope(2, line(interface="new") + health))
    assert again.rejected[0][0] == 1
    door.clock.advance(DAY_S * NS)
    assert door.receipts(envelope(3, line(interface="new") + health))[0].rejected == ()


def test_an_agent_may_measure_several_devices(door: Door) -> None:
    door.register.agents["ag-1"] = Peer("ag-1", AGENT.public, frozenset({"rt-1", "rt-2"}), revoked=False)
    door.post(envelope(1), envelope(2, device="rt-2"))
    assert door.journal.devices() == ["rt-1", "rt-2"]
