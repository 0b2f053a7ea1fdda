"""The shipped example of an agent that reads the limits of routers."""

from __future__ import annotations

from pathlib import Path

from agent import settings
from agent.inputs import routeros_rest, tc
from tests.agent.test_agent_settings import shown

EXAMPLE = Path(__file__).parents[2] / "config" / "limits.toml"


def test_the_example_is_loaded_and_shows_its_defaults(tmp_path: Path) -> None:
    config, targets = settings.load(EXAMPLE)
    (tmp_path / "limits.toml").write_text(shown(EXAMPLE.read_text()))
    assert settings.load(tmp_path / "limits.toml")[1] == targets
    router = routeros_rest.Config(
        host="10.20.4.1",
        username="nadi-baca",
        password_file=Path("/etc/nadi/rtr-bappeda.password"),
        ca=Path("/etc/nadi/routeros-ca.pem"),
    )
    assert [(target.device, target.inputs[0].config) for target in targets] == [
        ("rtr-bappeda", router),
        ("rtr-dinkes", tc.Config()),
    ]
    assert len(config.device) == 2


def test_every_key_of_the_inputs_stands_in_the_example() -> None:
    text = EXAMPLE.read_text()
    for config in (routeros_rest.Config, tc.Config):
        missing = [name for name in config.__dataclass_fields__ if f"{name} = " not in text]
        assert missing == [], config.__module__
