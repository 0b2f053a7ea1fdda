"""The command line: what each command says, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.clock import NS, WIB, ManualClock, Month
from collector.cli import main
from collector.config import of_folder, read
from collector.terminal import mbps, percent, table
from tests.collector.door import line
from tests.collector.register_sample import WHOLE
from tests.collector.web_visitor import running, settings_at

EXAMPLES = Path(__file__).parents[2] / "config"
JULY = Month(2026, 7)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "collector.toml").write_text(
        'data = "."\nzone = "WIB"\nregion = "Kabupaten Contoh"\n[listen]\nport = 1\n'
    )
    (tmp_path / "inventory.toml").write_text(
        WHOLE.replace('name = "Router 1"', 'name = "Router 1"\nsource = "token:tele"')
    )
    return tmp_path


def nadi(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    try:
        status = main([str(argument) for argument in arguments])
    except SystemExit as end:
        status = int(end.code or 0)
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def measured(data: Path) -> None:
    """Fill the folder with an hour of July."""
    clock = ManualClock(WIB.parse("2026-07-30T10:00"), boot_ns=10**15, boot_id="b")
    with running(settings_at(data), clock=clock) as collector:
        access = collector.folder.register.access
        token = access.mint_write_token(name="tele", devices=["r1"], actor="t", now_ns=clock.now().wall_ns)
        text = "".join(
            line(clock.now().wall_ns - second * NS, device="r1", interface="ether1", octets=10**7 - second * 1000)
            for second in range(0, 3600, 60)
        )
        assert collector.ingest.write(text.encode(), token=token, precision="ns", gzip=False).status == 204


def test_the_shipped_examples_load(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    settings = read(EXAMPLES / "collector.toml")
    assert settings.report_settings().region == "Kabupaten Contoh"
    assert settings.evaluation.parameters().holidays


def test_wrong_use_is_2_and_what_cannot_be_done_is_1(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    assert nadi(capsys, "evaluate", "2026-13", "--data", data)[0] == 2
    status, _, error = nadi(capsys, "status", "--config", data / "missing.toml")
    assert (status, error.count("\n")) == (2, 1)
    status, _, error = nadi(capsys, "evaluate", "2026-07", "--data", data)
    assert (status, "no journal.db is in it" in error) == (1, True)
    assert nadi(capsys, "check", "--data", data / "nowhere")[0] == 2


def test_an_unknown_key_of_the_configuration_is_named(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    (data / "collector.toml").write_text('data = "."\nzone = "WIB"\n[listen]\nprot = 1\n')
    status, _, error = nadi(capsys, "status", "--data", data)
    assert status == 2
    assert "collector.toml:4" in error
    assert "'port'" in error


def test_an_inventory_is_compared_applied_and_shown(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    file = data / "inventory.toml"
    assert "added" in nadi(capsys, "inventory", "diff", file, "--data", data)[1]
    assert "revision 1\n" in nadi(capsys, "inventory", "apply", file, "--data", data)[1]
    assert "revision 1 stays" in nadi(capsys, "inventory", "apply", file, "--data", data)[1]
    assert "wan-bpkad=r1:ether1" in nadi(capsys, "inventory", "show", "--data", data)[1]
    file.write_text(file.read_text().replace("down_mbps = 90", "down_mbps = 91"))
    status, _, error = nadi(capsys, "inventory", "apply", file, "--data", data)
    assert status == 1
    assert "inventory.toml" in error


def test_agents_and_tokens_are_minted_listed_and_ended(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    place = ("--data", data)
    secret = nadi(capsys, "agents", "token", "a-1", "--device", "r1", *place)[1].strip()
    assert secret.startswith("nadi-enrol-")
    listed = nadi(capsys, "agents", "list", *place)[1]
    assert "invited" in listed
    assert secret not in listed
    assert nadi(capsys, "tokens", "write", "tele", "--device", "r1", *place)[1].startswith("nadi-write-")
    assert nadi(capsys, "tokens", "operator", "noc", *place)[1].startswith("nadi-operator-")
    assert nadi(capsys, "tokens", "revoke", "operator", "noc", *place)[0] == 0
    assert "revoked" in nadi(capsys, "tokens", "list", *place)[1]
    assert nadi(capsys, "agents", "revoke", "nobody", *place)[0] == 1


def test_status_falls_back_to_the_data_folder(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    measured(data)
    nadi(capsys, "inventory", "apply", data / "inventory.toml", "--data", data)
    status, shown, _ = nadi(capsys, "status", "--data", data)
    assert status == 0
    assert "from the data folder" in shown
    assert "tidak diketahui" in shown


def test_a_month_is_evaluated_reported_and_verified(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    measured(data)
    place = ("--data", data)
    nadi(capsys, "inventory", "apply", data / "inventory.toml", *place)
    assert "DATA TIDAK CUKUP" in nadi(capsys, "evaluate", JULY, *place)[1]
    found = json.loads(nadi(capsys, "evaluate", JULY, "--json", *place)[1])
    assert [(opd["code"], opd["unduh"]["valid"], opd["unduh"]["volume_octets"]) for opd in found["opds"]] == [
        ("BPKAD", 12, 3540 * 1000)
    ]
    assert "version 1\n" in nadi(capsys, "report", JULY, "--out", data / "out", *place)[1]
    assert "nothing changed" in nadi(capsys, "report", JULY, *place)[1]
    manifest = data / "out" / "manifest.json"
    assert nadi(capsys, "verify", manifest)[0] == 0
    spoilt = next((data / "out").glob("*.csv"))
    spoilt.write_bytes(spoilt.read_bytes() + b"x")
    assert nadi(capsys, "verify", manifest)[0] == 1


def test_a_month_that_has_not_ended_has_no_report(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    measured(data)
    status, _, error = nadi(capsys, "report", "2999-01", "--data", data)
    assert (status, "has not ended" in error) == (1, True)


def test_the_folder_is_checked_sealed_and_rebuilt(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    measured(data)
    place = ("--data", data)
    assert "sealed 2026-07-30" in nadi(capsys, "seal", *place)[1]
    assert nadi(capsys, "rebuild", *place)[0] == 0
    assert nadi(capsys, "check", *place)[0] == 0
    assert nadi(capsys, "quarantine", *place)[0] == 0


def test_only_one_writer_has_a_data_folder(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    with running(settings_at(data)):
        status, _, error = nadi(capsys, "seal", "--data", data)
    assert (status, "is running on this data folder" in error) == (1, True)


def test_a_folder_without_configuration_is_read_in_its_own_zone(tmp_path: Path) -> None:
    with running(settings_at(tmp_path), label="SIMULASI"):
        pass
    assert of_folder(tmp_path).zone == "WIB"
    with running(of_folder(tmp_path)) as collector:
        assert collector.folder.journal.label == "SIMULASI"


def test_unknown_is_a_dash_and_never_zero() -> None:
    assert (mbps(None), mbps(0.0), mbps(1_005_000), mbps(1_234_567_890)) == ("-", "0.00", "1.01", "1234.57")
    assert (percent(None), percent(0.0), percent(0.9995)) == ("-", "0.0 %", "100.0 %")


def test_a_table_lines_up_and_obeys_nobody() -> None:
    lines = table(["a", "n"], [["x\x1b[31m", "1"], ["yy", "22"]], right=[1])
    assert len({len(text) for text in lines}) == 1
    assert "\x1b" not in "".join(lines)
