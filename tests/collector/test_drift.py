"""Determined and configured limits, and the commands rendered for a person to apply."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from agent.clock import NS, WIB, ManualClock, SystemClock
from agent.reading import encode, reading
from collector.inventory import Inventory
from collector.judge.drift import Drift, Match, commands, comment, drifts, exact_mbps, quoted
from collector.limits import FRESH_NS, drifts_at
from collector.register.revisions import Register
from tests.collector.register_sample import ALLOCATION, LINK, NOW, OPD, WHOLE, document, later, opened
from tests.collector.test_cli import nadi
from tests.collector.web_visitor import running, settings_at

GOLDEN = Path(__file__).parent.parent / "cases" / "routeros" / "limits.rsc"
INTERFACE = 'interface = "ether1"\nunduh = "receive"\n'
LIMITED = "[[link]]\nlimited = true"
HOSTILE = 'a"] [/system reset] $x \\ é;\\'  # as a literal string of TOML
SIMPLE = WHOLE.replace("[[link]]", LIMITED).replace(INTERFACE, 'queue = "opd bpkad"\n')
SOURCE = 'name = "Router 1"\nsource = "token:tele"'
READ = {"present": 1, "receive_bits_per_second": 12_500_000, "transmit_bits_per_second": 90_000_000}


def inventory(folder: Path, text: str) -> Inventory:
    register = opened(folder)
    register.apply(document(text), actor="t", now_ns=NOW)
    found = register.inventory()
    register.close()
    return found


def another(code: str, measured: str, *, opd: str = "BPKAD") -> str:
    text = LINK.replace("[[link]]", LIMITED).replace("wan-bpkad", code).replace('"BPKAD"', f'"{opd}"')
    return text.replace(INTERFACE, measured)


def words(known: Inventory, fields: dict[str, int]) -> list[str]:
    return [item.words for item in drifts(known, lambda *_: fields, at_ns=NOW)]


def test_what_is_set_as_determined_agrees_and_one_bit_more_does_not(tmp_path: Path) -> None:
    known = inventory(tmp_path, SIMPLE)
    assert words(known, READ) == ["sesuai", "sesuai"]
    assert words(known, {**READ, "transmit_bits_per_second": 90_000_001}) == ["berbeda (90,000001 Mbps)", "sesuai"]
    assert words(known, {**READ, "receive_bits_per_second": 0}) == ["sesuai", "berbeda (tanpa batas)"]
    assert Drift(known.links[0], "unduh", 0, 0, False).match is Match.BERBEDA, "no limit is not a limit of 0"


def test_what_was_not_read_is_unknown_and_a_disabled_queue_differs(tmp_path: Path) -> None:
    known = inventory(tmp_path, SIMPLE)
    assert words(known, {}) == ["tidak terbaca", "tidak terbaca"]
    assert words(known, {"present": 0}) == ["berbeda (antrean dinonaktifkan)"] * 2
    (down, up) = drifts(known, lambda *_: {"transmit_bits_per_second": 90_000_000}, at_ns=NOW)
    assert (down.match, up.match) == (Match.SESUAI, Match.TIDAK_TERBACA)


def test_a_link_turned_at_its_queue_and_one_at_an_interface_are_read_from_their_own_side(tmp_path: Path) -> None:
    turned = SIMPLE.replace("[[link]]", '[[link]]\nunduh = "receive"')
    swapped = {"receive_bits_per_second": 90_000_000, "transmit_bits_per_second": 12_500_000}
    assert words(inventory(tmp_path, turned), swapped) == ["sesuai", "sesuai"]
    (tmp_path / "b").mkdir()
    port = inventory(tmp_path / "b", WHOLE.replace("[[link]]", LIMITED))
    assert words(port, {"present": 1, "transmit_bits_per_second": 12_500_000}) == ["tidak terbaca", "sesuai"]


def test_links_without_a_determination_or_not_to_be_limited_are_not_compared(tmp_path: Path) -> None:
    assert words(inventory(tmp_path, SIMPLE.replace(ALLOCATION, "")), READ) == []
    (tmp_path / "b").mkdir()
    assert words(inventory(tmp_path / "b", SIMPLE.replace("limited = true", "limited = false")), READ) == []


def rendered(known: Inventory, **more: str) -> str:
    return "\n".join(commands(known, at_ns=NOW, on=date(2026, 8, 10), **more)) + "\n"


def test_the_commands_are_those_of_the_golden_file(tmp_path: Path) -> None:
    text = SIMPLE + OPD.replace("BPKAD", "DINKES").replace("Badan Keuangan", "Dinas\\\\ Kesehatan")
    text += another("wan-2", 'queue_unduh = "turun"\nqueue_unggah = "naik"\n') + another(
        "wan-3", INTERFACE.replace("1", "2")
    )
    text += another("wan-4", f"queue = '{HOSTILE}'\n") + another("wan-5", 'queue = "q"\n', opd="DINKES")
    assert rendered(inventory(tmp_path, text)) == GOLDEN.read_text(encoding="utf-8")


def test_one_opds_commands_and_those_of_a_later_set_can_be_asked_for(tmp_path: Path) -> None:
    text = SIMPLE + later("SK-2", "2026-09-01")
    known = inventory(tmp_path, text)
    assert "max-limit=12500000/90000000" in rendered(known, opd="BPKAD")
    assert "/queue" not in rendered(known, opd="LAIN")
    then = "\n".join(commands(known, at_ns=WIB.parse("2026-09-01T00:00"), on=date(2026, 9, 1)))
    assert "max-limit=12500000/111000000" in then
    assert "penetapan SK-2 tanggal 2026-06-20" in then


@pytest.mark.parametrize("name", ['"', "\\", "$a", "[x]", "{", "?", ";", "\n", "é", "`", "#", "'", "\u2028", "\x7f"])
def test_nothing_of_a_name_leaves_its_string_nor_a_comment_its_line(name: str) -> None:
    assert re.fullmatch(r'"(?:[A-Za-z0-9 ._:/+@,-]|\\[0-9A-F]{2})*"', quoted(f"x{name}y"))
    octets = re.sub(rb"\\(..)", lambda found: bytes.fromhex(found[1].decode()), quoted(f"x{name}y").encode())
    assert octets.decode() == f'"x{name}y"'
    assert len(comment(f"x{name}y").splitlines()) == 1
    assert not comment("x\\").endswith("\\")


def test_rates_are_written_without_rounding() -> None:
    assert [exact_mbps(rate) for rate in (0, 1, 12_500_000, 10**8)] == [
        "0 Mbps", "0,000001 Mbps", "12,5 Mbps", "100 Mbps",
    ]  # fmt: skip


def test_the_newest_limit_read_counts_until_it_is_stale_and_another_agents_never(tmp_path: Path) -> None:
    clock = ManualClock(NOW, boot_ns=10**15, boot_id="b")
    with running(settings_at(tmp_path), clock=clock) as collector:
        folder = collector.folder
        folder.register.apply(document(SIMPLE.replace('name = "Router 1"', SOURCE)), actor="t", now_ns=NOW)
        for source, second, up in (("tele", -90, 1), ("tele", -60, 12_500_000), ("lain", -30, 2)):
            token = folder.register.access.mint_write_token(name=source, devices=["r1"], actor="t", now_ns=NOW)
            fields = {**READ, "receive_bits_per_second": up}
            line = encode([reading("nadi_limit", fields, NOW + second * NS, device="r1", queue="opd bpkad")])
            assert collector.ingest.write(line, token=token, precision="ns", gzip=False).status == 204
            folder.register.access.revoke_write_token(source, actor="t", now_ns=NOW)
        known = folder.register.inventory()

        def at(time_ns: int) -> list[str]:
            return [item.words for item in drifts_at(known, folder.readings, at_ns=time_ns)]

        assert at(NOW) == ["sesuai", "sesuai"]
        assert at(NOW - 75 * NS) == ["sesuai", "berbeda (0,000001 Mbps)"]
        assert at(NOW - 60 * NS + FRESH_NS) == ["sesuai", "sesuai"]
        assert at(NOW - 60 * NS + FRESH_NS + 1) == ["tidak terbaca", "tidak terbaca"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "collector.toml").write_text('data = "."\nzone = "WIB"\n')
    register = Register(tmp_path / "register.db", zone=WIB, clock=SystemClock())
    register.apply(document(SIMPLE), actor="t", now_ns=1)
    register.close()
    return tmp_path


def test_the_command_line_shows_and_renders(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    status, told, _ = nadi(capsys, "limits", "render", "--opd", "BPKAD", "--date", "2026-02-01", "--data", data)
    assert (status, told.count("/queue")) == (0, 1)
    assert "berlaku pada 2026-02-01" in told
    status, told, _ = nadi(capsys, "limits", "show", "--data", data)
    assert (status, told.count("tidak terbaca")) == (0, 2)
    status, _, wrong = nadi(capsys, "limits", "show", "--opd", "X", "--data", data)
    assert (status, "no OPD 'X'" in wrong) == (1, True)
    status, _, wrong = nadi(capsys, "limits", "render", "--date", "2025-01-01", "--data", data)
    assert (status, "limited = true" in wrong) == (1, True)
    assert nadi(capsys, "limits", "render", "--date", "besok", "--data", data)[0] == 2
