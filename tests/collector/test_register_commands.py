"""``nadi register``: every act on the command line is an account's, and the form is read as the API reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.clock import WIB, SystemClock
from collector.register.revisions import Register
from tests.collector.register_sample import WHOLE, document
from tests.collector.test_cli import nadi

FORM = """
opd = "BPKAD"
link = "wan-bpkad"
down_mbps = 50
up_mbps = 20
reason = "Rekam medis elektronik di seluruh puskesmas"
services = ["SIMPUS"]
users = 140
starts = 2026-04-01
target = 2026-06-30
cost_rupiah_month = 4750000
risk = "Layanan melambat"
"""
REPORTED = """
type = "gangguan"
summary = "Koneksi terputus sejak pagi"
reporter = "Ani"
started = 2026-04-06T08:05:00+07:00
link = "wan-bpkad"
opd = "BPKAD"
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "collector.toml").write_text('data = "."\nzone = "WIB"\n')
    (tmp_path / "usulan.toml").write_text(FORM)
    (tmp_path / "insiden.toml").write_text(REPORTED)
    register = Register(tmp_path / "register.db", zone=WIB, clock=SystemClock())
    register.apply(document(WHOLE), actor="t", now_ns=1)
    for name, role, opd in (("ani", "opd", "BPKAD"), ("citra", "penetap", ""), ("dedi", "noc", "")):
        register.accounts.add(name, full_name=name, roles=[role], opd=opd, opds=("BPKAD",), actor="t", now_ns=1)
    register.close()
    return tmp_path


def test_a_proposal_is_opened_moved_listed_and_shown(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    def run(*arguments: object) -> tuple[int, str, str]:
        return nadi(capsys, "register", *arguments, "--data", data)

    opening = ("open", "usulan", "--file", data / "usulan.toml", "--as", "ani", "--note", "mendesak")
    status, told, _ = run(*opening)
    code = told.split()[0]
    assert (status, told) == (0, f"{code} revision 1: diajukan\n")
    assert run("move", "usulan", code, "dikembalikan", "--as", "dedi")[0] == 0
    assert run("move", "usulan", code, "diajukan", "--as", "ani", "--file", data / "usulan.toml")[0] == 0
    assert run("move", "usulan", code, "diterima", "--as", "citra", "--legal-basis", "Perbup 1/2026")[0] == 0
    assert code in run("list", "usulan", "--state", "diterima")[1]
    assert code not in run("list", "usulan", "--state", "ditolak")[1]
    shown = json.loads(run("show", "usulan", code)[1])
    assert [item["actor"] for item in shown] == ["ani", "dedi", "ani", "citra"]
    assert shown[0]["note"] == "mendesak"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("open", "usulan", "--file", "usulan.toml", "--as", "citra"), "peran noc atau opd"),
        (("open", "usulan", "--file", "usulan.toml", "--as", "siapa"), "there is no account 'siapa'"),
        (("open", "usulan", "--file", "insiden.toml", "--as", "ani"), "summary"),
        (("open", "usulan", "--file", "collector.toml", "--as", "ani"), "data"),
        (("move", "usulan", "USL-1", "diterima", "--as", "citra"), "tidak ada usulan"),
        (("list", "usulan", "--state", "entah"), "tidak ada keadaan"),
    ],
)
def test_what_may_not_be_is_told_and_is_1(
    capsys: pytest.CaptureFixture[str],
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(data)
    status, told, error = nadi(capsys, "register", *arguments, "--data", data)
    assert (status, told, said in error) == (1, "", True), error


def test_an_act_names_its_account_always(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    assert nadi(capsys, "register", "open", "usulan", "--file", data / "usulan.toml", "--data", data)[0] == 2


def test_fields_that_a_step_sets_are_given_as_toml(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    def run(*arguments: object) -> tuple[int, str, str]:
        return nadi(capsys, "register", *arguments, "--data", data)

    code = run("open", "insiden", "--file", data / "insiden.toml", "--as", "dedi")[1].split()[0]
    moving = ("move", "insiden", code, "ditangani", "--as", "dedi", "--set", "level=")
    status, _, error = run(*moving, "--set", "acknowledged=2026-04-06T08:20:00")
    assert (status, "acknowledged" in error) == (1, True)
    assert "is not K=V" in run(*moving, "--set", "acknowledged")[2]
    assert run(*moving, "--set", "acknowledged=2026-04-06T08:20:00+07:00")[0] == 0
    (*_, last) = json.loads(run("show", "insiden", code)[1])
    assert (last["form"]["acknowledged"], last["form"]["level"]) == ("2026-04-06T08:20:00+07:00", "")


def test_the_log_tells_under_which_user_of_the_machine_it_was(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    nadi(capsys, "register", "open", "usulan", "--file", data / "usulan.toml", "--as", "ani", "--data", data)
    told = nadi(capsys, "audit", "list", "--data", data)[1]
    assert "usulan.diajukan" in told
    assert "revision 1 as ani" in told
    assert "cli:" in told
