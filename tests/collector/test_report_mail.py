"""Sending a report: over TLS, to each recipient by itself, every delivery in the register (small loopback server)."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from agent.clock import SystemClock
from agent.config import ConfigError
from collector.config import of_folder
from collector.folder import Folder
from collector.mailing import MailServer, message, read_server
from collector.register.records.delivery import DELIVERY
from collector.register.records.report_state import REPORT_STATE
from collector.report.manifest import verify
from tests.collector.mail_place import REFUSED, MailPlace, mail_place
from tests.collector.report_sample import MONTH
from tests.collector.test_cli import nadi
from tests.collector.test_report_commands import acting, data

__all__ = ["data"]

PASSWORD = "kenari-surel-5521"


def account(data: Path, place: MailPlace, *, password: str = PASSWORD) -> Path:
    file = data / "surel.toml"
    file.write_text(
        f'host = "localhost"\nport = {place.port}\nsender = "diskominfo@contoh.example"\nuser = "diskominfo"\n'
        f'password = "{password}"\nauthorities = "{place.authorities}"\n'
    )
    file.chmod(0o600)
    return file


@pytest.fixture
def approved(capsys: pytest.CaptureFixture[str], data: Path) -> Path:
    for action, who in (("check", "budi"), ("approve", "citra")):
        assert nadi(capsys, "report", action, MONTH, *acting(data, who))[0] == 0
    return data


def test_a_sent_report_arrives_whole_and_is_recorded(capsys: pytest.CaptureFixture[str], approved: Path) -> None:
    with mail_place(approved, password=PASSWORD) as place:
        to = ("--to", "sekda@contoh.example", "--to", REFUSED, "--server", account(approved, place))
        status, out, error = nadi(capsys, "report", "send", MONTH, *to, *acting(approved, "budi"))
    assert (status, error, place.logins) == (1, "", ["diskominfo"] * 2)
    assert "sekda@contoh.example: handed over (SMP-" in out
    assert "kotak surat penuh" in out
    (received,) = place.received
    assert "Oktober 2026" in str(received["Subject"])
    pdf, archive = (part.get_content() for part in received.iter_attachments())
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        packed.extractall(approved / "diterima")
    assert verify(approved / "diterima" / "manifest.json") == []
    assert pdf == next((approved / "diterima").glob("*.pdf")).read_bytes()
    with Folder(of_folder(approved), clock=SystemClock(), writer=False) as folder:
        book = folder.register.book
        assert [(item.form.recipient, item.state) for item in book.current(DELIVERY)] == [
            ("sekda@contoh.example", "dikirim"),
            (REFUSED, "gagal"),
        ]
        assert [item.state for item in book.current(REPORT_STATE)] == ["disampaikan"]
        assert folder.reports.is_approved(MONTH)


@pytest.mark.parametrize("fault", ["password", "no tls", "other authority"])
def test_nothing_is_sent_in_the_clear_or_to_a_stranger(
    capsys: pytest.CaptureFixture[str], approved: Path, fault: str
) -> None:
    with mail_place(approved, password=PASSWORD, tls=fault != "no tls") as place:
        file = account(approved, place, password="salah" if fault == "password" else PASSWORD)
        if fault == "other authority":
            text = file.read_text().replace(f'authorities = "{place.authorities}"\n', "")
            file.write_text(text)
        send = ("--to", "sekda@contoh.example", "--server", file)
        status, out, error = nadi(capsys, "report", "send", MONTH, *send, *acting(approved, "budi"))
    assert (status, place.received, place.logins) == (1, [], [])
    assert "FAILED" in out
    assert PASSWORD not in out + error
    with Folder(of_folder(approved), clock=SystemClock(), writer=False) as folder:
        assert [item.state for item in folder.register.book.current(DELIVERY)] == ["gagal"]
        assert [item.state for item in folder.register.book.current(REPORT_STATE)] == ["disahkan"]


def test_an_address_or_an_account_file_that_would_do_harm_is_refused(data: Path) -> None:
    at = SystemClock().now().wall_ns
    for address in ("a@b.c\r\nBcc: x@y.z", "Nama <a@b.c>", "a b@c.d", "a@b.c,d@e.f", ""):
        with pytest.raises(ConfigError):
            message(
                sender="a@b.c", recipient=address, subject="s", text="t", at=of_folder(data).place.local(at),
                pdf=data / "x.pdf", files={},
            )  # fmt: skip
    assert PASSWORD not in repr(MailServer(host="h", sender="a@b.c", password=PASSWORD))
    file = data / "surel.toml"
    file.write_text('host = "h"\nsender = "a@b.c"\n')
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="others may read it"):
        read_server(file)
