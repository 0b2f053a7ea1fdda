"""What the roles of agent, poller and collector write for the example regency: Nadi reads it, systemd guards it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent import settings
from collector import config
from tests.ansible.playing import EXAMPLE, PLAYS, ran

ROLES = PLAYS / "roles"
SMARTCTL = "/usr/local/libexec/nadi-smartctl"
VAULT = {"vault_snmp_auth_password": "contoh-12345", "vault_snmp_privacy_password": 'ganda"kutip'}
POLLER = re.compile(r"^    (nadi_agent_\w+): (.+(?:\n      .+)*)$", re.M)


def probe(folder: Path, name: str, roles: Sequence[str], tasks: Sequence[dict[str, object]]) -> None:
    """Make a role of the settings of others, whose tasks only write their files."""
    for kind in ("defaults", "vars"):
        (folder / "roles" / name / kind / "main").mkdir(parents=True)
        for role in roles:
            if (ROLES / role / kind / "main.yml").is_file():
                (folder / "roles" / name / kind / "main" / f"{role}.yml").symlink_to(ROLES / role / kind / "main.yml")
    (folder / "roles" / name / "filter_plugins").symlink_to(ROLES / "nadi" / "filter_plugins")
    (folder / "roles" / name / "tasks").mkdir()
    (folder / "roles" / name / "tasks" / "main.yml").write_text(json.dumps(tasks), encoding="utf-8")


def written(src: Path, dest: Path, **more: object) -> dict[str, object]:
    """Return a task that writes a template."""
    return {"ansible.builtin.template": {"src": str(src), "dest": str(dest), "mode": "0600"}, "vars": more}


def as_poller() -> dict[str, object]:
    """Return what the poller's role passes to the agent's."""
    text = (ROLES / "nadi_poller" / "tasks" / "main.yml").read_text(encoding="utf-8")
    return {name: re.sub(r">-\n\s+", "", value).strip('"') for name, value in POLLER.findall(text)}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let Ansible write every file of the example's nodes into a folder: NODE.agent.toml, NODE.agent.service ..."""
    folder = tmp_path_factory.mktemp("nodes")
    agent, collector = ROLES / "nadi_agent" / "templates", ROLES / "nadi_collector" / "templates"

    def of_agent(name: str, **more: object) -> list[dict[str, object]]:
        here = "{{ inventory_hostname }}." + name
        return [
            written(agent / "agent.toml.j2", folder / f"{here}.toml", **more),
            written(agent / "agent.service.j2", folder / f"{here}.service", **more),
        ]

    smart = [{"name": "srv", "inputs": {"host_disks": {"smartctl": [SMARTCTL]}}}]
    tape = [{"name": "srv", "inputs": {"tape": {}}}]
    nodes = of_agent("agent") + of_agent("smart", nadi_agent_devices=smart) + of_agent("tape", nadi_agent_devices=tape)
    nodes.append(written(agent / "nadi-smart.service.j2", folder / "{{ inventory_hostname }}.ask.service"))
    noc = [
        *of_agent("poller", **as_poller()),
        written(collector / "collector.toml.j2", folder / "noc.collector.toml"),
        written(collector / "collector.service.j2", folder / "noc.collector.service"),
    ]
    probe(folder, "nodes", ("nadi", "nadi_agent"), nodes)
    probe(folder, "noc", ("nadi", "nadi_agent", "nadi_poller", "nadi_collector"), noc)
    shared = {"connection": "local", "gather_facts": False, "become": False, "vars": VAULT}
    plays = [{"hosts": "nadi_agent", "roles": ["nodes"], **shared}, {"hosts": "noc", "roles": ["noc"], **shared}]
    (folder / "play.yml").write_text(json.dumps(plays), encoding="utf-8")
    status, said = ran(folder, "ansible-playbook", "-i", str(EXAMPLE), str(folder / "play.yml"))
    assert status == 0, said
    return folder


def test_an_agent_reads_what_is_written_for_it(place: Path) -> None:
    for node in ("srv1", "srv2", "srv3", "opd-disdukcapil", "opd-bpkad"):
        read, targets = settings.load(place / f"{node}.agent.toml")
        assert (read.name, str(read.state), read.collector.url) == (
            node,
            "/var/lib/nadi-agent",
            "https://nadi.contoh.go.id",
        )
        assert [target.device for target in targets] == [node]


def test_a_poller_reads_what_is_written_for_it(place: Path) -> None:
    read, _ = settings.load(place / "noc.poller.toml")
    assert (read.name, str(read.state), str(read.credentials)) == ("poller-noc", "/var/lib/nadi-poller", "snmp.toml")
    assert [polled.device for polled in read.snmp] == ["opd-disdik", "opd-bappeda"]
    assert read.traps is not None
    assert "LoadCredential=snmp.toml:/etc/nadi/nadi-poller.secrets/snmp.toml\n" in text_of(place / "noc.poller.service")
    assert "contoh-12345" not in text_of(place / "noc.poller.toml") + text_of(place / "noc.poller.service")


def test_the_collector_reads_what_is_written_for_it(place: Path) -> None:
    read = config.read(place / "noc.collector.toml")
    assert (str(read.data), read.zone, read.region) == ("/var/lib/nadi", "WIB", "Kabupaten Contoh")
    assert (read.listen.host, read.listen.behind_proxy, str(read.listen.ca)) == ("127.0.0.1", True, "/etc/nadi/ca.pem")
    assert read.feed.url == "http://127.0.0.1:8428"


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def analysed(*words: object) -> subprocess.CompletedProcess[str]:
    analyse = shutil.which("systemd-analyze")
    assert analyse is not None, "systemd is missing: apt-get install systemd"
    return subprocess.run([analyse, *map(str, words)], capture_output=True, text=True, check=False)


UNITS = ("srv1.agent", "srv1.tape", "srv1.smart", "srv1.ask", "noc.poller", "noc.collector")


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_every_line_of_the_unit(place: Path, unit: str) -> None:
    done = analysed("verify", "--man=no", "--recursive-errors=no", place / f"{unit}.service")
    fine = r"is not executable|Failed to (open|load)|not found"
    assert [line for line in done.stderr.splitlines() if unit in line and not re.search(fine, line)] == []


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_is_exposed_to_little(place: Path, unit: str) -> None:
    done = analysed("security", "--offline=yes", "--no-pager", place / f"{unit}.service")
    level = re.search(r"Overall exposure level.*?: ([0-9.]+)", done.stdout)
    assert level, done.stderr
    assert float(level[1]) <= 2.0, done.stdout


def test_a_tape_drive_is_the_only_device_that_an_agent_sees(place: Path) -> None:
    assert "PrivateDevices=yes" in text_of(place / "srv1.agent.service")
    assert "DeviceAllow=char-st rw" in text_of(place / "srv1.tape.service")
    assert text_of(place / "srv1.smart.service") == text_of(place / "srv1.agent.service")


def test_the_trap_port_is_the_only_right_of_the_poller(place: Path) -> None:
    assert "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\n" in text_of(place / "noc.poller.service")
    assert "CapabilityBoundingSet=\n" in text_of(place / "srv1.agent.service")


def test_no_kernel_of_its_own_hides_what_an_agent_measures(place: Path) -> None:
    text = text_of(place / "srv1.agent.service")
    for blind in ("ProcSubset=pid", "PrivateNetwork=yes", "ProtectClock=yes", "ProtectHome=yes"):
        assert blind not in text, f"{blind} makes an input blind"
    assert "SystemCallFilter=adjtimex clock_adjtime\n" in text
