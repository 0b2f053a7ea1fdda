"""The settings of notifications: what is refused, by name and without its secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import ConfigError, loads
from collector.config import Settings
from collector.feeds.notify_settings import NotifySettings
from tests.collector.notify_place import Place, channels

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # imported by apprise


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("bukan-url://x-rahasia/", "not a URL"),
        ("json://u:rahasia@192.0.2.1/", "in clear"),
        ("mailto://u:rahasia@contoh.go.id?to=a@contoh.go.id", "in clear"),
        ("rahasia", "NAME URL"),
    ],
)
def test_a_channel_that_cannot_be_or_sends_in_clear_is_refused_by_name(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        Place(tmp_path, NotifySettings(urls=channels(tmp_path, kait=url)))
    assert "rahasia" not in str(caught.value)


def test_the_channels_file_must_be_private(tmp_path: Path) -> None:
    path = channels(tmp_path, kait="jsons://contoh.go.id/")
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        NotifySettings(urls=path).channels()


def test_telegram_and_encrypted_mail_are_channels(tmp_path: Path) -> None:
    urls = {
        "telegram": "tgram://123456789:abcdefg_hijklmnop/12315544/",
        "surel": "mailtos://u:p@surel.contoh.go.id?to=noc@contoh.go.id",
    }
    notifier = Place(tmp_path, NotifySettings(urls=channels(tmp_path, **urls))).notifier
    assert [item.name for item in notifier.receivers] == ["telegram", "surel"]


def test_the_example_shows_the_defaults() -> None:
    text = (Path(__file__).parents[2] / "config" / "collector.toml").read_text(encoding="utf-8")
    part = text.partition("[notify]")[2].partition("\n[feed]")[0]
    shown = [line.removeprefix("# ") for line in part.splitlines() if line.startswith("# ") and " = " in line]
    given = "\n".join(line for line in shown if not line.startswith(("urls", "link")))
    assert loads(NotifySettings, given, source="example") == NotifySettings()


def test_settings_out_of_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="per_hour"):
        NotifySettings(per_hour=0)
    with pytest.raises(ValueError, match="link"):
        NotifySettings(link="nadi")
    assert Settings(data=Path(), zone="WIB").notify.urls is None
