"""The shipped example of an agent that asks UPSes and a generator."""

from __future__ import annotations

from pathlib import Path

from agent import settings
from agent.inputs import apcupsd, generator, nut
from tests.agent.test_agent_settings import shown

EXAMPLE = Path(__file__).parents[2] / "config" / "power.toml"


def test_the_example_is_loaded_and_shows_its_defaults(tmp_path: Path) -> None:
    config, targets = settings.load(EXAMPLE)
    (tmp_path / "power.toml").write_text(shown(EXAMPLE.read_text()))
    assert settings.load(tmp_path / "power.toml")[1] == targets
    assert [(target.device, target.inputs[0].config) for target in targets] == [
        ("ups-pusat-data", nut.Config(ups="rak-a")),
        ("ups-ruang-jaringan", apcupsd.Config(host="10.20.1.7")),
        ("genset-ctl", generator.Config(host="10.20.9.20")),
    ]
    assert len(config.device) == 3


def test_every_key_of_the_inputs_stands_in_the_example() -> None:
    text = EXAMPLE.read_text()
    for config in (nut.Config, apcupsd.Config, generator.Config):
        missing = [name for name in config.__dataclass_fields__ if f"{name} = " not in text]
        assert missing == [], config.__module__
