"""From a port that goes down to the message, by real Prometheus and Alertmanager 0.25; the receivers are the test's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerts.town import DEVICES, SHIPPED, Town, town, until

BOOK = "https://nadi.contoh.go.id/docs/penanganan.md"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("town")) as found:
        yield found


@pytest.fixture
def calm(place: Town) -> Town:
    place.calm()
    return place


def test_amtool_accepts_the_example_as_shipped_and_with_every_receiver_on(tmp_path: Path) -> None:
    if shutil.which("amtool") is None:
        pytest.fail("amtool is not installed") if os.environ.get("CI") else pytest.skip("amtool is not installed")
    text = (SHIPPED / "alertmanager.yml").read_text(encoding="utf-8")
    shutil.copy(SHIPPED / "nadi.tmpl", tmp_path)
    for variant in (text, text.replace("#~", "")):
        (tmp_path / "a.yml").write_text(variant, encoding="utf-8")
        done = subprocess.run(["amtool", "check-config", "a.yml"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    live = [line for line in text.splitlines() if "_configs" in line and "#~" not in line]
    assert live == [], "as shipped it sends something"


def test_the_pulse_arrives_and_nothing_else_while_all_is_well(calm: Town) -> None:
    until(lambda: any("NadiSelaluMenyala" in text and '"/denyut"' in text for text in calm.hooks.taken))
    calm.evaluations(4)
    assert calm.told() == []
    assert calm.mails() == []


def test_twenty_days_of_backfill_send_nothing(calm: Town) -> None:
    now = int(time.time())
    down = dict.fromkeys(DEVICES, 0)
    for day in range(20, 0, -1):
        start = now - day * 86_400
        calm.write(list(range(start, min(start + 86_400, now - 1800), 300)), up=down)
    calm.evaluations(6)
    assert calm.told() == []
    assert calm.mails() == []


def test_a_link_that_dies_arrives_by_webhook_and_by_mail_with_code_level_and_link(calm: Town) -> None:
    calm.up["r1"] = 0
    until(lambda: any("NadiTautanMati" in text for text in calm.told()) and calm.mails())
    path, table = json.loads(next(text for text in calm.told() if "NadiTautanMati" in text))
    assert path == "/noc"
    assert [item["labels"]["link"] for item in table["alerts"]] == ["wan-bpkad"]
    head, _, body = calm.mails()[0].partition("\r\n\r\n")
    assert "Subject: [MENYALA] NadiTautanMati (tinggi)" in head
    assert f"[MENYALA] NadiTautanMati (tinggi)\r\nwan-bpkad\r\n{BOOK}#naditautanmati" in body
    assert "Badan" not in calm.mails()[0]
    calm.up["r1"] = 1
    until(lambda: any('"status": "resolved"' in text and "wan-bpkad" in text for text in calm.told()))


def test_a_dead_uplink_is_told_and_the_links_behind_it_are_not(calm: Town) -> None:
    calm.up["r2"] = 0
    until(lambda: calm.alerts("NadiRedamHulu") and any("NadiHuluMati" in text for text in calm.told()))
    calm.up["r1"] = calm.up["r3"] = 0
    until(lambda: len(calm.alerts("NadiTautanMati")) == 2)
    until(lambda: any('"link": "wan-bpkad"' in text for text in calm.told()))
    calm.evaluations(3)
    states = {item["labels"]["link"]: item["status"]["state"] for item in calm.alerts("NadiTautanMati")}
    assert states == {"wan-disdik": "suppressed", "wan-bpkad": "active"}
    assert not [text for text in calm.told() if "wan-disdik" in text or "NadiRedamHulu" in text]
    telegram = [json.loads(text)[1] for text in calm.hooks.taken if "sendMessage" in text]
    assert telegram[0]["text"] == f"[MENYALA] NadiHuluMati (kritis)\nhulu\n{BOOK}#nadihulumati"
    calm.up["r2"] = 1
    until(lambda: any('"link": "wan-disdik"' in text for text in calm.told()))
