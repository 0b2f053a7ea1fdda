"""``nadi inventory import`` and ``nadi register import``: the differences first, and nothing without ``--apply``."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.clock import SystemClock
from collector.config import of_folder
from collector.folder import Folder
from tests.collector.test_cli import nadi

EXAMPLE = Path(__file__).parents[2] / "config" / "inventory.toml"


@pytest.fixture
def data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Make a data folder with the example's inventory and somebody of the NOC."""
    (tmp_path / "collector.toml").write_text('data = "."\nzone = "WIB"\nregion = "Kabupaten Contoh"\n')
    assert nadi(capsys, "inventory", "apply", EXAMPLE, "--data", tmp_path)[0] == 0
    with Folder(of_folder(tmp_path), clock=SystemClock(), writer=False) as folder:
        folder.register.accounts.add("dedi", full_name="Dedi", roles=["noc"], opds=(), actor="t", now_ns=1)
    return tmp_path


def test_an_exported_table_is_edited_compared_and_applied(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    file = data / "tautan.csv"
    status, out, _ = nadi(capsys, "inventory", "export", file, "--data", data)
    assert (status, out.split()) == (0, [str(file), str(data / "tautan-kamus-data.csv")])
    assert "tidak ada perbedaan" in nadi(capsys, "inventory", "import", file, "--data", data)[1]
    file.write_text(file.read_text().replace(",nirkabel,", ",serat optik,"))
    status, out, _ = nadi(capsys, "inventory", "import", file, "--data", data)
    assert (status, "Media: nirkabel -> serat optik" in out, "ulangi dengan --apply" in out) == (0, True, True)
    assert "revision 1" in nadi(capsys, "inventory", "show", "--data", data)[1]
    assert "revision 2" in nadi(capsys, "inventory", "import", file, "--apply", "--data", data)[1]
    assert "inventory.import" in nadi(capsys, "audit", "list", "--data", data)[1]


def test_a_refused_row_ends_in_failure_and_changes_nothing(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    file = data / "tautan.csv"
    file.write_text("Kode;Kemampuan Fisik (Mbps);Media\nwan-bpkad;1.000;x\nwan-disdik;12,5;y\n")
    status, out, _ = nadi(capsys, "inventory", "import", file, "--apply", "--data", data)
    assert (status, "tautan baris 2: wan-bpkad - Kemampuan Fisik (Mbps): 1.000 dapat dibaca" in out) == (1, True)
    assert "revision 1" in nadi(capsys, "inventory", "show", "--data", data)[1]


def test_a_template_is_filled_in_and_imported(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    file = data / "lokasi.csv"
    assert nadi(capsys, "inventory", "template", file, "--data", data)[0] == 0
    assert file.read_text() == "Kode,Nama\n"
    file.write_text("Kode,Nama\nkantor-camat,Kantor Camat\n")
    assert "revision 2" in nadi(capsys, "inventory", "import", file, "--apply", "--data", data)[1]
    book = data / "kosong.xlsx"
    assert nadi(capsys, "inventory", "template", book, "--data", data)[0] == 0
    assert "tidak ada perbedaan" in nadi(capsys, "inventory", "import", book, "--data", data)[1]


@pytest.mark.parametrize("name", ["jaringan.csv", "tautan.ods"])
def test_a_file_that_says_not_what_it_is_ends_with_a_word(
    capsys: pytest.CaptureFixture[str], data: Path, name: str
) -> None:
    status, _, error = nadi(capsys, "inventory", "export", data / name, "--data", data)
    assert (status, "sebutkan yang mana" in error or "harus berakhiran" in error) == (1, True)


def test_proposals_are_brought_as_an_account(capsys: pytest.CaptureFixture[str], data: Path) -> None:
    file = data / "u.csv"
    assert nadi(capsys, "register", "template", "usulan", file, "--data", data)[0] == 0
    titles = file.read_text().strip().split(",")
    row = {"Kode OPD": "BPKAD", "Kode Tautan": "wan-bpkad", "Unduh (Mbps)": "100", "Unggah (Mbps)": "50",
           "Alasan": "Sistem keuangan daerah yang baru", "Layanan": "SIPD", "Jumlah Pengguna": "40",
           "Mulai": "2026-12-01", "Target": "2026-12-31", "Biaya (Rp/bulan)": "0", "Risiko": "Melambat"}  # fmt: skip
    file.write_text(f"{','.join(titles)}\n{','.join(row.get(title, '') for title in titles)}\n")
    bring = ("register", "import", "usulan", file, "--as", "dedi", "--data", data)
    assert "1 baru" in nadi(capsys, *bring)[1]
    assert "USL-" not in nadi(capsys, "register", "list", "usulan", "--data", data)[1]
    assert "-00001" in nadi(capsys, *bring, "--apply")[1]
    assert "1 tetap" in nadi(capsys, *bring, "--apply")[1]
    assert nadi(capsys, "register", "export", "usulan", data / "x.xlsx", "--data", data)[0] == 0
