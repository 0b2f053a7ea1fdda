"""The configuration: the shipped example is loaded, and mistakes are told with their line and mend."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent import channel, settings, spool
from agent.config import ConfigError
from agent.inputs import host, interfaces

EXAMPLE = Path(__file__).parents[2] / "config" / "agent.toml"
SERVER = EXAMPLE.with_name("server.toml")
LEAST = """\
name = "a"
state = "/var/lib/nadi-agent"
[collector]
url = "https://nadi.example"
[[device]]
name = "d"
[device.inputs.host]
"""


def loaded(tmp_path: Path, text: str) -> settings.Settings:
    path = tmp_path / "agent.toml"
    path.write_text(text)
    return settings.load(path)[0]


def test_the_shipped_example_is_loaded() -> None:
    config, targets = settings.load(EXAMPLE)
    assert config.interval == 10
    assert [i.name for i in targets[0].inputs] == ["host", "interfaces"]
    assert targets[0].inputs[1].config == interfaces.Config()


def shown(text: str) -> str:
    """Make every default that stands commented out a setting."""
    return re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)


def test_the_example_of_a_server_is_loaded_and_shows_its_defaults(tmp_path: Path) -> None:
    config, targets = settings.load(SERVER)
    (tmp_path / "server.toml").write_text(shown(SERVER.read_text()))
    assert settings.load(tmp_path / "server.toml")[1] == targets
    assert (config.interval, config.device[0].name) == (10, "srv-simpeg")
    assert [i.name for i in targets[0].inputs][:2] == ["host", "interfaces"]


def test_what_stands_commented_out_in_the_example_are_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(shown(EXAMPLE.read_text()))
    config, targets = settings.load(tmp_path / "agent.toml")
    assert config == settings.load(EXAMPLE)[0].__class__(
        **{name: getattr(config, name) for name in ("name", "state", "device")},
        collector=channel.Config(config.collector.url, config.collector.ca),
    )
    assert config.spool == spool.Config()
    assert [i.config for i in targets[0].inputs] == [host.Config(), interfaces.Config()]


@pytest.mark.parametrize(("old", "new", "message"), [
    ("name = \"a\"\n", "", "name: is required and not set"),
    ("name = \"a\"", "name = \"a b\"", "agent name 'a b' is not letters"),
    ("state = \"/var", "state = \"var", "state must be an absolute path"),
    ("https://", "http://", "agent.toml:3: collector: url 'http://nadi.example': plain http goes to this machine only"),
    ("url =", "uri =", "did you mean 'url'?"),
    ("[collector]", "interval = 0\n[collector]", "interval must be between 1 and 900"),
    ("[collector]", "interval = \"10\"\n[collector]", "agent.toml:3: interval: must be int, not str"),
    ("inputs.host", "inputs.hots", "no input has this name; there are: "),
    ("inputs.host]", "inputs.host]\nexclude = []", "device[0].inputs.host.exclude: unknown key"),
    ("[device.inputs.host]", "", "inputs: is required and not set"),
    ("[device.inputs.host]", "[device.inputs]", "device d has no input"),
    ("[device.inputs.host]", "[device.inputs.host]\n[[device]]\nname=\"d\"\n[device.inputs.host]", "named twice: d, d"),
    ("[[device]]", "[[device", "not valid TOML"),
    ("[[device]]", "[spool]\nlimit_mib = 0\n[[device]]", "limit_mib must be between 1 and 4096"),
])  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in LEAST
    with pytest.raises(ConfigError, match=re.escape(message)):
        loaded(tmp_path, LEAST.replace(old, new, 1))


def test_a_file_that_is_not_there_or_not_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml: cannot be read: No such file"):
        settings.load(tmp_path / "nothing.toml")
    (tmp_path / "agent.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        settings.load(tmp_path / "agent.toml")
