"""Journal rows become columns, and the quick way of reading lines agrees with the full one."""

from __future__ import annotations

import hashlib
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.reading import LineError, decode, encode, reading
from collector.ledger.columns import Columns, Series
from collector.ledger.entry import CLOCK_CORRECTED, Row
from collector.ledger.lines import columns_of

START = 1_790_000_000_000_000_000
LITERALS = st.sampled_from(("5u", "5i", "0u", "18446744073709551615u", "1234567890123456789u", "9223372036854775807i"))
FLOATS = st.sampled_from(("5", "5i", "-0.0", "1.", ".5", "+2.5", "1e-05", "-1E+3", "0.123456789012345678901", "1e100"))


def row(lines: str, *, number: int = 1, boot_id: str = "boot-a", shift_ns: int = 0, flags: int = 0) -> Row:
    body = zlib.compress(lines.encode())
    return Row(
        id=number,
        key=f"batch/agen-1/run/{number}",
        agent="agen-1",
        device="opd-1",
        run="run",
        seq=number,
        boot_id=boot_id,
        wall_ns=START,
        boot_ns=7_000,
        received_ns=START,
        shift_ns=shift_ns,
        flags=flags,
        first_ns=START,
        last_ns=START,
        sha256=hashlib.sha256(body).digest(),
        header=b"",
        signature=b"",
        body=body,
    )


def as_readings(columns: Columns) -> list[tuple[int, dict[str, object]]]:
    found = []
    for i, time_ns in enumerate(columns.time_ns.tolist()):
        names = [n for n, c in sorted(columns.fields.items()) if c.present is None or c.present[i]]
        found.append((time_ns, {name: columns.fields[name].values[i].item() for name in names}))
    return found


def test_times_boots_and_corrections_follow_the_row() -> None:
    line = "nadi_interface,device=opd-1,interface=e receive_bytes_total=%du %d"
    rows = [
        row(line % (3, START + 900), number=1, shift_ns=-500, flags=CLOCK_CORRECTED),
        row(line % (1, START + 100), number=2, boot_id="boot-b"),
        row(line % (2, START + 200), number=3, boot_id=""),
    ]
    (series, columns), *rest = columns_of(rows).items()
    assert (series, rest) == (Series("agen-1", "opd-1", "nadi_interface,device=opd-1,interface=e"), [])
    assert columns.fields["receive_bytes_total"].values.tolist() == [1, 2, 3]
    assert columns.corrected_ns.tolist() == [START + 100, START + 200, START + 400]
    assert [columns.boot_ids[i] if i >= 0 else "" for i in columns.boot] == ["boot-b", "", "boot-a"]
    assert columns.boot_ns.tolist() == [7_100, 0, 7_900]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(LITERALS, LITERALS, FLOATS, st.integers(0, 3), st.integers(-9, 10**19 // 8)), max_size=12))
def test_the_quick_reading_agrees_with_the_full_one(cases: list[tuple[str, str, str, int, int]]) -> None:
    lines = []
    for counter, gauge, number, form, stamp in cases:
        pairs = [f"disk_read_bytes_total={counter}", f"logged_in_users={gauge}", f"load1={number}"]
        host = "nadi_host,mode=a\\ b,host=opd-1" if form == 3 else "nadi_host,host=opd-1,mode=a\\ b"
        lines.append(f"{host} {','.join(pairs[form % 3 :])} {stamp}\n")
    good, _ = decode("".join(lines).encode())
    tables = columns_of([row(encode_as_sent(lines))])
    found = [pair for columns in tables.values() for pair in as_readings(columns)]
    wanted = [(item.time_ns, dict(item.fields)) for item in good]
    assert sorted(found, key=repr) == sorted(((t, as_kept(f)) for t, f in wanted), key=repr)


def encode_as_sent(lines: list[str]) -> str:
    """Leave out what ingest would have put aside."""
    return "".join(line for line in lines if decode(line.encode())[0])


def as_kept(fields: dict[str, int | float]) -> dict[str, int | float]:
    return {name: float(value) if name == "load1" else value for name, value in sorted(fields.items())}


def test_a_line_outside_the_catalogue_names_its_row() -> None:
    with pytest.raises(LineError, match=r"journal row 4 .*no_such"):
        columns_of([row("no_such,device=a x=1i 5", number=4)])


def test_a_gauge_over_63_bits_is_refused_at_the_door() -> None:
    _, bad = decode(b"nadi_host,host=a logged_in_users=9223372036854775808u 5")
    assert "does not fit signed 64 bits" in bad[0].reason


def test_fields_that_come_and_go_keep_where_they_were() -> None:
    batch = [
        reading("nadi_interface", {"receive_bytes_total": 2**64 - 1}, START, device="opd-1", interface="e"),
        reading("nadi_interface", {"up": 1}, START + 1, device="opd-1", interface="e"),
        reading("nadi_interface", {"up": 0, "receive_bytes_total": 5}, START + 2, device="opd-1", interface="e"),
    ]
    (columns,) = columns_of([row(encode(batch).decode())]).values()
    assert as_readings(columns) == [(item.time_ns, dict(item.fields)) for item in batch]
    assert columns.take(np.array([1])).fields.keys() == {"up"}
