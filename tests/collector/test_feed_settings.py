"""The feed's settings, its token's file, its commands, and ``nadi run`` with a feed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.config import ConfigError, loads
from collector.cli import main
from collector.config import Settings
from collector.feeds.settings import FeedSettings
from tests.collector.feed_place import centre, drain, until, victoria
from tests.collector.test_web_main import answers, collector

LEAST = 'data = "."\nzone = "WIB"\n[feed]\n'


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('url = "http://192.0.2.1:8428"', "use https"),
        ('url = "https://u:p@h"', "not of the form"),
        ('url = "ftp://h"', "not of the form"),
        ('url = "http://127.0.0.1:1"\nread_url = "http://192.0.2.1"', "read_url"),
        ("settle_minutes = 5", "settle_minutes is not between 15 and 1440"),
        ("samples_per_second = 0", "samples_per_second"),
        ('server = "prometheus"', "server"),
        ('url = "http://127.0.0.1:1"\nbucket = ""', "org and bucket"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_name(line: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        loads(Settings, LEAST + line, source="collector.toml")


def test_the_example_shows_the_defaults() -> None:
    text = (Path(__file__).parents[2] / "config" / "collector.toml").read_text(encoding="utf-8").partition("[feed]")[2]
    shown = "\n".join(re.findall(r"^# (\w+ = .+)$", text, re.MULTILINE))
    unset = re.sub(r"^(token|ca) = .*$", "", shown, flags=re.MULTILINE)
    assert loads(Settings, LEAST + unset, source="example").feed == FeedSettings()
    assert set(re.findall(r"^(\w+) =", shown, re.MULTILINE)) == set(FeedSettings.__slots__)


@pytest.mark.parametrize(("mode", "content"), [(0o644, "t"), (0o600, ""), (0o600, "two words"), (0o600, "x" * 5000)])
def test_a_tokens_file_must_be_private_and_hold_one_token(tmp_path: Path, mode: int, content: str) -> None:
    place = tmp_path / "token"
    place.write_text(content)
    place.chmod(mode)
    with pytest.raises(ConfigError, match="token"):
        FeedSettings(token=place).secret()


def test_a_token_may_be_a_credential_of_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "feed").write_text("abc\n")
    (tmp_path / "feed").chmod(0o440)
    with pytest.raises(ConfigError, match="LoadCredential"):
        FeedSettings(token=Path("feed")).secret()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert FeedSettings(token=Path("feed")).secret() == "abc"


def test_a_running_collector_feeds_and_tells_so_in_its_metrics(tmp_path: Path) -> None:
    with victoria(tmp_path) as server:
        with collector(tmp_path, f'[feed]\nurl = "{server.url}"\n') as (_, url):
            answers(f"{url}/health")
            until(lambda: server.samples("nadi_collector_up"))
            text = answers(f"{url}/metrics").text
        assert re.search(r'nadi_collector_sink_points_total\{sink="victoriametrics"\} [1-9]', text)
        assert 'nadi_collector_sink_lag_seconds{sink="victoriametrics"} 0.0' in text


def test_status_tells_what_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with victoria(tmp_path) as server, centre(tmp_path) as place:
        data = place.configured(server.url)
        assert main(["feed", "status", "--data", str(data)]) == 0
        assert "was never fed" in capsys.readouterr().out
        with place.feed(server.url) as feed:
            place.take([0])
            drain(feed)
            place.take([1])
        assert main(["feed", "status", "--data", str(data)]) == 0
        assert "1 of 2 sent, 1 waiting, the oldest received" in capsys.readouterr().out


def test_without_a_feed_or_a_server_the_commands_say_what_is_to_be_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with centre(tmp_path) as place:
        data = place.configured("http://127.0.0.1:9")
        place.take([0])
        assert main(["feed", "replay", "--from", place.first_day, "--wait", "0", "--data", str(data)]) == 1
        assert "127.0.0.1:9" in capsys.readouterr().err
        (data / "collector.toml").write_text('data = "."\nzone = "WIB"\n')
        assert main(["feed", "status", "--data", str(data)]) == 1
        assert "set url under [feed]" in capsys.readouterr().err
