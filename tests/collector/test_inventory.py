"""The inventory document: what is read, and what is told about a wrong one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import WIB, WIT
from collector.inventory import InventoryError
from collector.register.document import MAX_BYTES, Document, read, reads
from collector.register.spans import resolve
from tests.collector.register_sample import ALLOCATION, CONTRACT, DEVICE, LINK, OPD, SITE, WHOLE, document, later

EXAMPLE = Path(__file__).parents[2] / "config" / "inventory.toml"


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(InventoryError) as caught:
        document(text)
    return caught.value.problems


def test_the_shipped_example_is_read() -> None:
    example = read(EXAMPLE, zone=WIB)
    assert len(example.opd) == 5
    assert len(example.site) == 2
    changed = [item for item in resolve(example.allocation) if item.opd == "DISDUKCAPIL"]
    assert [item.valid_to_ns for item in changed] == [changed[1].valid_from_ns, None]
    assert [item.device for item in example.server] == ["srv-backup", "srv-keuangan", "srv-simpeg"]
    assert [(item.code, item.device, item.tape_copies) for item in example.backup] == [
        ("keuangan-pita", "srv-backup", 2),
        ("simpeg-harian", "srv-simpeg", 0),
        ("simpeg-pita", "srv-backup", 1),
    ]
    assert (example.ups[0].generator, example.generator[0].ats) == ("genset-1", "ats-1")


def test_rates_are_exact_bits_per_second() -> None:
    (item,) = document(WHOLE.replace('"12.5"', '"0.000001"')).allocation
    assert (item.record.down_bps, item.record.up_bps, item.record.floor_down_bps) == (90_000_000, 1, 20_000_000)


@pytest.mark.parametrize("value", ["12.5", '"1e3"', "0", "-5", '"0.0000001"', '"１２"', '"nan"', "true", '" 5"'])
def test_a_rate_that_is_not_exact_mbps_is_refused(value: str) -> None:
    (problem,) = problems(WHOLE.replace('up_mbps = "12.5"', f"up_mbps = {value}"))
    assert problem.startswith("inventory.toml:40: allocation[0].up_mbps: ")


def test_dates_are_local_to_the_zone() -> None:
    (western,) = document().link
    (eastern,) = reads(WHOLE, source="x", zone=WIT).link
    assert western.active_from == WIB.parse("2026-01-01")
    assert western.active_from - eastern.active_from == 2 * 3600 * 10**9


def test_order_in_the_file_plays_no_part() -> None:
    assert document(ALLOCATION + LINK + CONTRACT + DEVICE + OPD + SITE).canonical() == document().canonical()


def test_the_canonical_form_is_read_back_equal() -> None:
    whole = document(WHOLE + later("SK-2", "2026-07-01", more='revoked = { number = "SK-3", date = 2026-08-01 }\n'))
    assert Document.from_canonical(whole.canonical()) == whole


def test_every_problem_is_told_at_once_with_its_line() -> None:
    wrong = WHOLE.replace('site = "noc"\n[[device]]', 'site = "nic"\n[[device]]').replace('unduh = "receive"', "")
    wrong = wrong.replace("= 2027-01-01", "= 2025-01-01").replace('number = "SK-1"', 'number = "SK-1"\ndown_bps = 5')
    told = problems(wrong)
    assert [problem.split(": ")[:2] for problem in told] == [
        ["inventory.toml:8", "opd[0].site"],
        ["inventory.toml:20", "contract[0].valid_to"],
        ["inventory.toml:21", "link[0].unduh"],
        ["inventory.toml:35", "allocation[0].down_bps"],
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('code = "r1"', 'code = "../r1"', "must be letters, digits"),
        ('code = "BPKAD"', 'code = "bpkad"', "must be capitals"),
        ('code = "BPKAD"', 'code = "..", ', "not valid TOML"),
        ('opd = "BPKAD"\ndevice', 'opd = "BPKID"\ndevice', "there is no [[opd]] 'BPKID'"),
        ('device = "r1"', 'device = "r2"', "there is no [[device]] 'r2'"),
        ('opd = "BPKAD"\ndevice', "device", 'is required unless role = "uplink"'),
        ('interface = "ether1"', 'interface = "ether1"\nqueu = "q"', "unknown key"),
        ('unduh = "receive"', 'unduh = "in"', "'receive', 'transmit'"),
        ("active_from = 2026-01-01", "active_from = 2026-01-01T08:01:00", "5-minute boundary"),
        ("active_from = 2026-01-01", "active_from = 0001-01-01", "between the years"),
        ("floor_down_mbps = 20", "floor_down_mbps = 91", "more than the allocation"),
        ("date = 2025-12-22", "date = 2025-12-22T08:00:00", "without a time of day"),
        ('name = "Router 1"', 'name = "Router\\u001b[2J"', "unprintable character U+001B"),
        ('name = "Router 1"', 'name = ""', "must not be empty"),
        ('name = "Router 1"', f'name = "{"x" * 201}"', "more than 200"),
        ('medium = "serat optik"', 'medium = "serat optik"\nrole = "uplink"', "must not be set on an uplink"),
        (LINK, LINK + "active_to = 2025-12-31\n", "is before active_from"),
        ('site = "noc"\n[[contract]]', 'site = "noc"\ncache_seconds = 301\n[[contract]]', "0 to 300 seconds"),
        ("valid_to = 2027-01-01", "valid_to = 2027-01-01\ncost_rupiah_month = -1", "must not be negative"),
        ('up_mbps = "12.5"', 'up_mbps = "12.5"\nfloor_up_mbps = 13', "more than the allocation"),
        (CONTRACT, CONTRACT + 'revoked = { number = "x", date = 2025-12-31 }\n', "is before valid_from"),
        (CONTRACT, CONTRACT + 'revoked = { number = "x", date = 2027-01-01 }\n', "is not before valid_to"),
        ("[[site]]", "[[sites]]", "did you mean [[site]]?"),
        ("[[site]]", "[site]", "must be written as [[site]] tables"),
    ],
)
def test_what_is_wrong_is_told_with_its_mend(old: str, new: str, told: str) -> None:
    assert any(told in problem for problem in problems(WHOLE.replace(old, new)))


def test_an_opd_name_may_be_any_printable_text() -> None:
    name = '=HYPERLINK("x") ../../etc/passwd é 😀'
    (opd,) = document(WHOLE.replace('name = "Badan Keuangan"', f"name = '{name}'")).opd
    assert opd.name == name


@pytest.mark.parametrize("source", ["poller-noc", "token:telegraf"])
def test_a_device_is_measured_by_an_agent_or_by_a_write_token(source: str) -> None:
    (device,) = document(WHOLE.replace(DEVICE, f'{DEVICE}source = "{source}"\n')).device
    assert device.source == source
    assert "must be letters" in problems(WHOLE.replace(DEVICE, f'{DEVICE}source = "key:{source}"\n'))[0]


@pytest.mark.parametrize("twice", [SITE, OPD, DEVICE, CONTRACT, LINK, ALLOCATION])
def test_a_code_stands_for_one_object(twice: str) -> None:
    assert any("is there twice" in problem for problem in problems(WHOLE + twice))


def test_one_interface_feeds_one_link_at_a_time() -> None:
    second = LINK.replace("wan-bpkad", "wan-2")
    assert "one interface feeds one link" in problems(WHOLE + second)[0]
    ended = WHOLE.replace(LINK, LINK + "active_to = 2026-03-01\n")
    assert len(document(ended + second.replace("= 2026-01-01", "= 2026-03-01")).link) == 2


def test_a_later_decision_ends_the_earlier() -> None:
    one, two = resolve(document(WHOLE + later("SK-2", "2026-07-01")).allocation)
    assert one.valid_to_ns == two.valid_from_ns == WIB.parse("2026-07-01")


def test_an_older_decision_cannot_shorten_a_later_one() -> None:
    (problem,) = problems(WHOLE + later("SK-0", "2026-07-01", date="2025-01-01"))
    assert "overlaps 'SK-1', a later decision" in problem


def test_two_allocations_from_the_same_time_are_refused_unless_one_is_revoked_then() -> None:
    assert "begins at the same time" in problems(WHOLE + later("SK-2", "2026-01-01"))[0]
    mended = WHOLE + 'revoked = { number = "ralat", date = 2026-01-01 }\n' + later("SK-1 (ralat)", "2026-01-01")
    assert [item.decision_number for item in resolve(document(mended).allocation)] == ["SK-1 (ralat)"]


def test_a_file_that_is_no_text_or_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b'x = "\xff"')
    with pytest.raises(InventoryError, match="not UTF-8 at byte 5"):
        read(tmp_path / "a.toml", zone=WIB)
    with pytest.raises(InventoryError, match="cannot be read: No such file"):
        read(tmp_path / "b.toml", zone=WIB)


def test_a_huge_file_is_no_inventory(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(InventoryError, match="larger than 16 MiB"):
        read(tmp_path / "a.toml", zone=WIB)


def test_a_thousand_problems_are_not_all_told() -> None:
    told = problems("".join(OPD.replace("BPKAD", f"b{i}") for i in range(1000)))
    assert len(told) == 101
    assert told[-1] == "there may be more; mend these first"


DAYS = st.integers(0, 40)
SPAN = st.tuples(DAYS, st.none() | st.integers(1, 40), st.none() | DAYS)


@given(st.lists(SPAN, max_size=6, unique_by=lambda span: span[0]))
def test_resolved_spans_never_overlap(spans: list[tuple[int, int | None, int | None]]) -> None:
    text = SITE + OPD
    for start, length, revoked in spans:
        end = f"valid_to = {day(start + length)}\n" if length else ""
        withdrawn = revoked is not None and (length is None or revoked < length)
        gone = f'revoked = {{ number = "R", date = {day(start + (revoked or 0))} }}\n' if withdrawn else ""
        text += later(f"SK-{start}", day(start), date=day(start), more=end + gone)
    items = resolve(document(text).allocation)
    for before, after in pairwise(items):
        assert before.valid_to_ns is not None
        assert before.valid_from_ns < before.valid_to_ns <= after.valid_from_ns


def day(number: int) -> str:
    return WIB.day(WIB.parse("2026-01-01") + number * 86_400 * 10**9).isoformat()


@pytest.mark.parametrize(
    ("probe", "told"),
    [
        ("r1", 'must be "DEVICE/TARGET"'),
        ("/bpkad", 'must be "DEVICE/TARGET"'),
        ("r1/", 'must be "DEVICE/TARGET"'),
        ("r9/bpkad", "there is no [[device]] 'r9'"),
    ],
)
def test_a_probe_names_a_device_and_its_target(probe: str, told: str) -> None:
    assert told in problems(WHOLE.replace(LINK, f'{LINK}probe = "{probe}"\n'))[0]


def test_a_probe_goes_through_one_line_at_a_time() -> None:
    probed = LINK + 'probe = "r1/bpkad"\n'
    other = probed.replace("wan-bpkad", "wan-2").replace("ether1", "ether2")
    assert "link 'wan-bpkad' has this probe too" in problems(WHOLE.replace(LINK, probed) + other)[0]
    ended = WHOLE.replace(LINK, probed + "active_to = 2026-03-01\n")
    later_link = other.replace("active_from = 2026-01-01", "active_from = 2026-03-01")
    assert [item.probe for item in document(ended + later_link).link] == ["r1/bpkad"] * 2
    assert document().link[0].probe == ""
