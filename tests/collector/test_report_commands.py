"""``nadi report`` from the draft to the signed copy, by three people."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.clock import SystemClock
from collector.config import of_folder
from collector.folder import Folder
from collector.report_commands import with_action
from tests.collector.report_sample import CASES, MONTH, ORIGIN, SETTINGS, sample
from tests.collector.signers import DAY, PASSPHRASE, Authority, now
from tests.collector.stamp_place import StampAuthority, serving
from tests.collector.test_cli import nadi

WORDS = "kuda terbang di atas awan"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make a data folder with one draft and three people."""
    (tmp_path / "collector.toml").write_text('data = "."\nzone = "WIB"\nregion = "Kabupaten Contoh"\n')
    secret = tmp_path / "sandi"
    secret.write_text(WORDS + "\n")
    secret.chmod(0o600)
    with Folder(of_folder(tmp_path), clock=SystemClock(), writer=True) as folder:
        for name, role in (("budi", "pemeriksa"), ("citra", "penetap")):
            folder.register.accounts.add(
                name, full_name=name.title(), roles=[role], opds=(), password=WORDS, actor="t", now_ns=1
            )
        issue, _ = folder.reports.issue(sample(cases=CASES[:2]), settings=SETTINGS, origin=ORIGIN, key=folder.key)
        folder.life.begin(issue)
    return tmp_path


def acting(data: Path, account: str) -> tuple[object, ...]:
    return ("--account", account, "--password-file", data / "sandi", "--data", data)


def test_the_action_write_may_be_left_out() -> None:
    assert with_action(["report", "2026-10", "--data", "x"]) == ["report", "write", "2026-10", "--data", "x"]
    assert with_action(["report", "sign", "2026-10"]) == ["report", "sign", "2026-10"]
    assert with_action(["status"]) == ["status"]


def test_a_report_is_checked_approved_and_signed(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    assert nadi(capsys, "report", "check", MONTH, *acting(data, "budi"))[0] == 0
    status, out, _ = nadi(capsys, "report", "approve", MONTH, *acting(data, "citra"))
    assert (status, "is disahkan (LAP-" in out) == (0, True)
    authority = Authority.new("Otoritas Contoh", now=now())
    p12 = authority.official(data / "c.p12", name="Citra", since=now() - DAY, until=now() + DAY)
    (data / "frasa").write_text(PASSPHRASE)
    (data / "frasa").chmod(0o600)
    sign = ("report", "sign", MONTH, "--p12", p12, "--passphrase-file", data / "frasa", "--data", data)
    status, out, error = nadi(capsys, *sign)
    assert (status, error) == (0, "")
    signed = Path(out.strip().partition(": ")[2])
    status, out, _ = nadi(capsys, "verify", signed, "--trust", authority.pem(data / "ca.pem"))
    assert (status, "by Common Name: Citra" in out) == (0, True)
    assert "disahkan" in nadi(capsys, "report", "list", "--data", data)[1]
    assert nadi(capsys, "check", "--data", data)[0] == 0
    signed.write_bytes(signed.read_bytes().replace(b"/Type", b"/Typo", 1))
    status, out, _ = nadi(capsys, "verify", signed)
    assert (status, f"{signed.name}: changed" in out) == (1, True)
    assert nadi(capsys, "check", "--data", data)[0] == 1


def test_while_the_time_stamp_authority_is_down_nothing_is_signed(
    capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    for action, who in (("check", "budi"), ("approve", "citra")):
        assert nadi(capsys, "report", action, MONTH, *acting(data, who))[0] == 0
    (tsa := StampAuthority(data / "tsa")).make()
    with serving(tsa):
        pass
    (data / "report.toml").write_text(f'[timestamp]\nurl = "{tsa.url}"\nauthorities = "tsa/ca.pem"\n')
    (data / "collector.toml").write_text('data = "."\nzone = "WIB"\nreport = "report.toml"\n')
    (data / "sandi").write_text(PASSPHRASE)
    p12 = Authority.new("Otoritas Contoh", now=now()).official(
        data / "c.p12", name="Citra", since=now() - DAY, until=now() + DAY
    )
    sign = ("report", "sign", MONTH, "--p12", p12, "--passphrase-file", data / "sandi", "--data", data)
    status, _, error = nadi(capsys, *sign)
    assert (status, "no answer" in error, "nothing was signed" in error) == (1, True, True)
    assert not list((data / "reports").glob("*/*-ditandatangani"))
    with serving(tsa):
        status, out, error = nadi(capsys, *sign)
    assert (status, error) == (0, "")
    assert "by Common Name: Stempel Waktu Contoh" in nadi(capsys, "verify", out.strip().partition(": ")[2])[1]
    (copy,) = (data / "reports").glob("*/*-ditandatangani/1/manifest.json")
    assert "Stempel Waktu Contoh" in copy.read_text()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--pkcs11", "lib.so", "--token", "Kantor"), "--pkcs11 needs --token LABEL and --certificate LABEL"),
        (("--pkcs11", "lib.so", "--pin", "1234"), "unrecognized arguments: --pin 1234"),
        ((), "one of the arguments --p12 --pkcs11 is required"),
    ],
)
def test_a_token_is_named_in_full_and_its_pin_never_on_the_command_line(
    capsys: pytest.CaptureFixture[str], data: Path, given: tuple[str, ...], told: str
) -> None:
    status, _, error = nadi(capsys, "report", "sign", MONTH, *given, "--data", data)
    assert (status > 0, told in error) == (True, True)


def test_a_quarter_is_rolled_up_once_a_month_of_it_is_approved(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    status, _, error = nadi(capsys, "report", "2026-Q4", "--data", data)
    assert (status, "belum ada laporan bulanan 2026-Q4 yang disahkan" in error) == (1, True)
    for action, who in (("check", "budi"), ("approve", "citra")):
        assert nadi(capsys, "report", action, MONTH, *acting(data, who))[0] == 0
    status, out, _ = nadi(capsys, "report", "2026-Q4", "--data", data)
    assert (status, out.splitlines()[0]) == (0, "2026-Q4 version 1")
    pdf = next(line for line in out.splitlines() if line.endswith(".pdf"))
    assert nadi(capsys, "verify", pdf)[0] == 0
    assert nadi(capsys, "check", "--data", data)[0] == 0
    path = Path(pdf).with_name("evaluasi-2026-Q4-v1.xlsx")
    path.write_bytes(path.read_bytes() + b"x")
    assert f"{path.name}: changed" in nadi(capsys, "check", "--data", data)[1]


def test_what_may_not_be_done_says_why(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    status, _, error = nadi(capsys, "report", "approve", MONTH, *acting(data, "citra"))
    assert (status, "berkeadaan draf" in error) == (1, True)
    status, _, error = nadi(capsys, "report", "check", MONTH, *acting(data, "citra"))
    assert (status, "memerlukan peran pemeriksa" in error) == (1, True)
    (data / "sandi").write_text("salah sekali sandinya")
    status, _, error = nadi(capsys, "report", "check", MONTH, *acting(data, "budi"))
    assert (status, "name or password is wrong" in error) == (1, True)
    (data / "sandi").chmod(0o644)
    status, _, error = nadi(capsys, "report", "check", MONTH, *acting(data, "budi"))
    assert (status, "others may read it" in error) == (2, True)
    status, _, error = nadi(capsys, "report", "sign", MONTH, "--p12", "x", "--data", data)
    assert (status, "is approved (disahkan) yet" in error) == (1, True)


def test_a_draft_swapped_after_its_approval_ends_the_command_with_a_word(
    capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    for action, who in (("check", "budi"), ("approve", "citra")):
        assert nadi(capsys, "report", action, MONTH, *acting(data, who))[0] == 0
    place = data / "reports" / str(MONTH)
    (place / "1-disahkan").rename(data / "hilang")
    path = place / "1" / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"Kabupaten", b"Kabupatex"))
    status, out, error = nadi(capsys, "report", "2026-Q4", "--data", data)
    assert (status, out, error.count("\n")) == (1, "", 1)
    assert "its manifest is not the one that was approved as LAP-" in error
