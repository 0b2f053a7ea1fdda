"""The commands of an administrator: what they print, their exit status, and what they never print."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent import cli, enrol
from agent.reading import decode
from tests.agent.sink import Sink


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = Sink(bytes(32))
    yield server
    server.close()


@pytest.fixture
def config(tmp_path: Path, sink: Sink) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(
        f'name = "a"\nstate = "{tmp_path}/state"\n[collector]\nurl = "{sink.url}"\n'
        '[[device]]\nname = "d"\n[device.inputs.host]\n[device.inputs.interfaces]\nexclude = []\n'
    )
    return path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = cli.main(list(words))
    shown = capsys.readouterr()
    return status, shown.out + shown.err


@pytest.fixture
def enrolled(config: Path, sink: Sink) -> Path:
    assert cli.main(["enrol", "--config", str(config), "--token", sink.token]) == 0
    return config


@pytest.mark.parametrize("words", [
    [], ["walk"], ["run", "now"], ["enrol"], ["once", "--token", "x"], ["run", "--config"], ["check", "--verbose"],
])  # fmt: skip
def test_wrong_use_shows_the_usage(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    status, text = run(capsys, *words)
    assert status == 2
    assert "usage: nadi-agent run" in text


def test_help_is_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--help")[0] == 0


def test_once_prints_what_the_collector_would_read(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    assert cli.main(["once", f"--config={config}"]) == 0
    readings, bad = decode(capsys.readouterr().out.encode())
    assert bad == []
    assert {r.measurement for r in readings} == {"nadi_host", "nadi_interface", "nadi_input"}


def test_enrolment_keeps_what_the_collector_answered_and_the_key_stays(
    capsys: pytest.CaptureFixture[str], enrolled: Path, sink: Sink
) -> None:
    state = enrolled.parent / "state"
    key = enrol.key_of(state)
    assert key.public == sink.agent_public
    assert enrol.load(state).collector_key == sink.key.public
    assert {f.name: f.stat().st_mode & 0o777 for f in state.iterdir()} == {"key": 0o600, "collector.json": 0o600}
    assert state.stat().st_mode & 0o777 == 0o700
    status, text = run(capsys, "enrol", "--config", str(enrolled), "--token", sink.token)
    assert status == 0
    assert enrol.key_of(state).public == key.public, "enrolling again changes no key"
    assert sink.token not in text


def test_the_token_may_come_from_stdin(
    capsys: pytest.CaptureFixture[str], config: Path, sink: Sink, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(sink.token + "\n")
    with (tmp_path / "token").open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert run(capsys, "enrol", "--config", str(config), "--token", "-")[0] == 0


def test_a_refused_enrolment_says_why_and_keeps_nothing(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    status, text = run(capsys, "enrol", "--config", str(config), "--token", "wrong")
    assert status == 1
    assert "not enrolled: the collector refused (status 403): the token is unknown or used" in text
    assert not (config.parent / "state" / "collector.json").exists()


def test_a_stranger_who_answers_an_enrolment_is_not_believed(
    capsys: pytest.CaptureFixture[str], config: Path, sink: Sink
) -> None:
    sink.enrol = lambda body: (200, b"<html>welcome</html>")  # type: ignore[method-assign]
    status, text = run(capsys, "enrol", "--config", str(config), "--token", "x")
    assert status == 1
    assert "is not the answer of a Nadi collector" in text


def test_check_finds_nothing_wrong_with_a_ready_node(capsys: pytest.CaptureFixture[str], enrolled: Path) -> None:
    status, text = run(capsys, "check", "--config", str(enrolled))
    assert status == 0, text
    assert text.endswith("the node is ready\n")
    assert "signed for it; clock offset +0 s" in text or "clock offset +1 s" in text


def strange_collector(config: Path, sink: Sink) -> None:
    kept = enrol.load(config.parent / "state")
    enrol.keep(config.parent / "state", enrol.Enrolment(base64.b64decode("A" * 43 + "="), kept.journal, None))


def foreign_device(config: Path, sink: Sink) -> None:
    sink.verdict = lambda envelope: ("quarantined", "device d is not this agent's")


def wrong_clock(config: Path, sink: Sink) -> None:
    sink.date = "Fri, 01 Jan 2016 00:00:00 GMT"


def change(old: str, new: str) -> Callable[[Path, Sink], object]:
    return lambda config, sink: config.write_text(config.read_text().replace(old, new))


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda config, sink: (config.parent / "state" / "key").chmod(0o644), "FAULT  key: "),
    (lambda config, sink: (config.parent / "state" / "key").write_text("zz"), "not a key file (64 hexadecimal digits)"),
    (lambda config, sink: (config.parent / "state" / "key").unlink(), "no key yet; run: nadi-agent enrol --token"),
    (lambda config, sink: (config.parent / "state").chmod(0o755), "mode is 0755, others may enter it; run: chmod 700"),
    (lambda config, sink: (config.parent / "state" / "collector.json").write_text("{"), "enrol again with a new token"),
    (lambda config, sink: (config.parent / "state" / "spool").write_text(""), "is not a directory; move it away"),
    (lambda config, sink: (config.parent / "state" / "spool" / "x.d").mkdir(parents=True), "not the agent's: x.d"),
    (lambda config, sink: sink.close(), "FAULT  collector: 127.0.0.1:"),
    (lambda config, sink: sink.script.append("portal"), "status 200: the answer is not signed by the pinned"),
    (lambda config, sink: sink.script.append("status:403"), "status 403: {"),
    (foreign_device, "device d: device d is not this agent's; see nadi agents list"),
    (strange_collector, "not signed by the pinned collector; is this the collector enrolled at?"),
    (wrong_clock, "s off the collector's; set it (NTP)"),
    (change("http://127.0.0.1", "https://no-such-host.invalid"), "no-such-host.invalid cannot be resolved"),
])  # fmt: skip
def test_check_says_what_is_wrong_and_where(
    capsys: pytest.CaptureFixture[str], enrolled: Path, sink: Sink, spoil: Callable[[Path, Sink], object], message: str
) -> None:
    spoil(enrolled, sink)
    status, text = run(capsys, "check", "--config", str(enrolled))
    assert status == 1
    assert message in text


def test_a_mistake_in_the_file_ends_every_command(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    config.write_text(config.read_text().replace("url", "uri"))
    for words in (["run"], ["once"], ["check"], ["enrol", "--token", "x"]):
        status, text = run(capsys, *words, "--config", str(config))
        assert status == 1
        assert "did you mean 'url'?" in text
