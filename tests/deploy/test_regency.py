"""One inventory and one playbook make a running regency, again and again, and take it back. Debian 12 and 13, root.

The tests of this file are one story in the order in which they stand: each goes on from what the one before left.
"""

from __future__ import annotations

import json
import re
import shlex
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.guests import Site, require
from tests.deploy.regency import MACHINES, Play, Regency, bundle
from tests.lab.centre import ROOT, wait_for

pytestmark = pytest.mark.deploy

AGENTS = ("srv1", "srv2", "opd-disdukcapil", "opd-bpkad")
LATE = "srv3"
"""The server that joins when the regency runs already."""
FIRST = ("--limit", ",".join(name for name in MACHINES if name != LATE))
UNITS = {"noc": ("nadi-collector", "nadi-poller"), **dict.fromkeys((*AGENTS, LATE), ("nadi-agent",))}


@pytest.fixture(scope="module")
def regency(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Regency]:
    require()
    folder = tmp_path_factory.mktemp("regency")
    with Site(folder) as site:
        made = Regency(site, folder)
        made.boot()
        yield made


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require()
    return bundle(tmp_path_factory.mktemp("first"))


class Installed:
    """The first run of site.yml, an operator's token, and the seconds until the status page showed a reading."""

    def __init__(self, regency: Regency, made: Path) -> None:
        self.token = ""
        self.seconds = 0.0
        self._regency, self._begun, self._end = regency, time.monotonic(), threading.Event()
        regency.take_inventory(made)
        watching = threading.Thread(target=self._watch)
        watching.start()
        try:
            self.play: Play = regency.play(made, "site.yml", *FIRST, timeout=1500)
            watching.join(120)
        finally:
            self._end.set()
            watching.join(60)

    def _watch(self) -> None:
        while not self._end.wait(2):
            if not self.token and self._regency.ca.is_file():
                said = self._regency.site.run("noc", "nadi tokens operator pemasangan", check=False)
                self.token = said.out.strip() if said.status == 0 else ""
            if self.token and self.links_seen():
                self.seconds = time.monotonic() - self._begun
                return

    def links_seen(self) -> list[str]:
        """Return the links of which the status page shows a reading."""
        answer = self._regency.visit("/api/v1/status", token=self.token)
        if answer.get("statuses") != [200]:
            return []
        links = [link for opd in json.loads(answer["text"])["opds"] for link in opd["links"]]
        return [link["code"] for link in links if link["seen_at"] is not None]


@pytest.fixture(scope="module")
def installed(regency: Regency, first: Path) -> Installed:
    return Installed(regency, first)


def test_bare_nodes_become_a_running_regency(regency: Regency, installed: Installed) -> None:
    print(f"site.yml: {installed.play.seconds:.0f} s; first reading on the status page after {installed.seconds:.0f} s")
    assert installed.seconds > 0
    for name in AGENTS:
        wait_for(lambda name=name: regency.batches().get(name, 0) > 1, seconds=60, what=f"batches of {name}")  # type: ignore[misc]
    print("batches in the journal:", regency.batches())
    wait_for(lambda: regency.series("{__name__=~'nadi_.+'}") > 0, seconds=180, what="series in VictoriaMetrics")
    print("series in VictoriaMetrics:", regency.series("{__name__=~'nadi_.+'}"))
    wait_for(lambda: len(installed.links_seen()) > 1, seconds=60, what="both links whose routers are there")
    assert set(installed.links_seen()) == {"wan-disdukcapil", "wan-bpkad"}
    assert "<title>" in regency.visit("/", token=installed.token)["text"]


def test_the_stand_in_for_grafana_gets_the_dashboards_and_is_reached(regency: Regency, installed: Installed) -> None:
    boards = regency.site.run("noc", "ls /var/lib/grafana/dashboards/nadi").out.split()
    assert boards == sorted(path.name for path in (ROOT / "dashboards" / "generated").glob("*.json"))
    assert (
        regency.site.run("noc", "systemctl show -p Environment grafana-server").out.count("NADI_TSDB_URL=http://127")
        == 1
    )
    assert (
        "Error response" in regency.visit("/grafana/")["text"]
    )  # so Python's server answers for what it does not have


def test_the_proxy_speaks_tls_1_3_to_who_asks_rightly_alone(regency: Regency, installed: Installed) -> None:
    assert "error" in regency.visit("/", newest="TLSv1_2")
    assert "error" in regency.visit("/", name="lain.contoh.go.id")
    assert regency.visit("/", headers={"X-Forwarded-For": "127.0.0.1"})["statuses"] == [401]
    assert regency.visit("/api/v1/batches", method="POST", octets=(8 << 20) + 1)["statuses"] == [413]
    tried = regency.visit("/api/v1/session", method="POST", octets=2, times=12)["statuses"]
    assert tried[-1] == 429
    assert tried.count(429) >= 5
    assert regency.visit("/", token=installed.token)["statuses"] == [200]
    listening = regency.site.run("noc", "ss -Hltn").out.split("\n")
    beyond = {line.split()[3] for line in listening if line and not re.search(r"\s(127\.|\[::1\])\S*:\d+\s", line)}
    assert {where.rpartition(":")[2] for where in beyond} == {"22", "443"}


def test_units_are_guarded_and_lose_no_reading(regency: Regency, installed: Installed) -> None:
    for name in ("noc", "srv1", "srv2"):
        for unit in UNITS[name]:
            said = regency.site.run(name, f"systemd-analyze security --no-pager {unit} | tail -1").out
            score = float(re.search(r"unit: ([0-9.]+)|: ([0-9.]+) ", said)[0].rpartition(":")[2])  # type: ignore[index]
            print(f"{name} {unit}: {said.strip()}")
            assert score <= 2.0
    for name in ("srv1", "srv2"):
        unit = regency.site.run(name, "cat /etc/systemd/system/nadi-agent.service").out
        wanted = re.findall(
            r"^((?:Protect|Private|Restrict|Capab|NoNew|System|Lock|Memory|Device|User|Group)\w*=.*)$", unit, re.M
        )
        # Ends with 1 both ways: nspawn itself hides the clock's state, and the mirror names no security archive.
        guarded = " ".join(f"-p {shlex.quote(line)}" for line in wanted)
        once = "/opt/nadi/current/bin/nadi-agent once --config /etc/nadi/agent.toml"
        inside = regency.site.run(
            name, f"systemd-run --quiet --pipe --wait --collect {guarded} {once}", check=False
        ).out
        outside = regency.site.run(name, once, check=False).out
        assert len(names(outside)) > 40
        print(f"{name}: {len(names(inside))} readings guarded, {len(names(outside))} unguarded")
        assert names(inside) == names(outside)


def names(lines: str) -> set[str]:
    """Return measurement, labels and field of each reading of line protocol."""
    found = set()
    for line in lines.splitlines():
        series, _, rest = line.partition(" ")
        found |= {f"{series} {pair.partition('=')[0]}" for pair in rest.rpartition(" ")[0].split(",")}
    return found


def test_check_mode_says_what_a_fresh_node_needs_and_does_nothing(
    regency: Regency, first: Path, installed: Installed
) -> None:
    play = regency.play(first, "site.yml", "--check", "--limit", LATE)
    print(f"check of a fresh node: {play.counted()[LATE]}; {play.changed_tasks()}")
    assert play.changed()[LATE] > 5
    assert not (regency.site.guests[LATE].root / "opt/nadi").exists()
    assert LATE not in regency.batches()


def test_the_second_run_changes_nothing_but_the_node_that_is_new(
    regency: Regency, first: Path, installed: Installed
) -> None:
    play = regency.play(first, "site.yml", timeout=1200)
    print(f"second run: {play.seconds:.0f} s; {play.changed()}")
    changed = {host for host, number in play.changed().items() if number}
    assert changed == {LATE}, play.changed_tasks()
    wait_for(lambda: regency.batches().get(LATE, 0) > 1, seconds=60, what=f"batches of {LATE}")


def test_check_mode_names_a_drift_and_the_run_mends_it(regency: Regency, first: Path, installed: Installed) -> None:
    regency.site.run("srv1", "echo '# tangan' >> /etc/nadi/agent.toml; systemctl disable --now nadi-agent")
    told = regency.play(first, "site.yml", "--check", "--diff", "--limit", "srv1")
    print(f"check of a drifted node: {told.changed_tasks()}")
    assert "# tangan" in told.out
    assert regency.site.run("srv1", "tail -1 /etc/nadi/agent.toml").out == "# tangan\n"
    mended = regency.play(first, "site.yml", "--limit", "srv1")
    assert set(told.changed_tasks()) == set(mended.changed_tasks())
    assert regency.play(first, "site.yml", "--check", "--limit", "srv1").changed()["srv1"] == 0


def test_secrets_stand_in_no_log_and_keys_belong_to_their_user(regency: Regency, installed: Installed) -> None:
    said = (regency.folder / "plays.log").read_text(encoding="utf-8")
    for secret in ("rahasia-auth-contoh", "rahasia-privasi-contoh", "rahasia-admin-contoh"):
        assert secret not in said
    assert not re.search(r"PRIVATE KEY|nadi-[a-z]+-[0-9A-Za-z_-]{30,}", said)
    for name, path in (("srv1", "/var/lib/nadi-agent/key"), ("noc", "/etc/nginx/nadi/server.key")):
        assert regency.site.run(name, f"stat -c %a {path}").out == "600\n"
    assert (regency.ca.with_name("ca.key").stat().st_mode & 0o777) == 0o600
    assert regency.site.run("noc", "find /var/lib/nadi /var/lib/nadi-poller -perm /077").out == ""


def test_a_reboot_of_each_system_brings_all_back(regency: Regency, installed: Installed) -> None:
    for name in MACHINES:
        begun = time.monotonic()
        regency.site.reboot(name)
        print(f"reboot of {name}: {time.monotonic() - begun:.1f} s")
    for name, units in UNITS.items():
        for unit in units:
            assert regency.site.run(name, f"systemctl is-active {unit}").out == "active\n"
    before = regency.batches()
    for name in (*AGENTS, LATE):
        wait_for(lambda name=name: regency.batches()[name] > before[name] + 1, seconds=90, what=f"{name} sends again")  # type: ignore[misc]
    wait_for(lambda: len(installed.links_seen()) == 2, seconds=60, what="the status page shows the links again")


SOME = ("--limit", "noc,srv1,srv2")
"""The machines that are upgraded in the tests, to save time."""


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, first: Path) -> Path:
    return bundle(tmp_path_factory.mktemp("second"), version=NEXT)


NEXT, BROKEN = "0.9.1", "0.9.2"


def version_in_use(regency: Regency, name: str) -> str:
    return (regency.site.guests[name].root / "opt/nadi/current").readlink().name


def test_an_upgrade_takes_the_collector_and_then_the_nodes(
    regency: Regency, second: Path, installed: Installed
) -> None:
    play = regency.play(second, "upgrade.yml", *SOME, timeout=1200)
    print(f"upgrade: {play.seconds:.0f} s; {play.changed()}")
    for name in ("noc", "srv1", "srv2"):
        assert version_in_use(regency, name) == NEXT
    before = regency.batches()
    for name in ("srv1", "srv2", "opd-bpkad"):
        wait_for(lambda name=name: regency.batches()[name] > before[name], seconds=60, what=f"{name} sends again")  # type: ignore[misc]


def test_a_version_that_is_not_well_goes_back_by_itself(
    regency: Regency, second: Path, installed: Installed, tmp_path: Path
) -> None:
    main = (ROOT / "agent" / "main.py").read_text(encoding="utf-8")
    broken = bundle(tmp_path, version=BROKEN, patch={"agent/main.py": f"{main}\nraise SystemExit('rusak')\n"})
    play = regency.play(broken, "upgrade.yml", "--limit", "srv1,srv2", check=False, timeout=1200)
    assert play.status != 0
    print(f"broken upgrade: {play.seconds:.0f} s; {play.counted()}")
    assert f"is back at {NEXT} and well" in play.out
    assert [version_in_use(regency, name) for name in ("srv1", "srv2")] == [NEXT, NEXT]
    before = regency.batches()
    for name in ("srv1", "srv2"):
        wait_for(lambda name=name: regency.batches()[name] > before[name], seconds=60, what=f"{name} sends again")  # type: ignore[misc]


def test_a_revoked_node_is_refused_at_once(regency: Regency, second: Path, installed: Installed) -> None:
    regency.play(second, "revoke.yml", node=LATE)
    time.sleep(3)
    before = regency.batches()
    wait_for(lambda: regency.batches()["srv1"] > before["srv1"] + 1, seconds=60, what="others go on")
    assert regency.batches()[LATE] == before[LATE]
    assert re.search(rf"(?m)^{LATE}\s+revoked", regency.site.run("noc", "nadi agents list").out)


def test_a_restore_onto_an_empty_system_loses_nothing(regency: Regency, second: Path, installed: Installed) -> None:
    regency.site.run("noc", "nadi backup make /var/backups/nadi")
    copied = regency.batches()
    wait_for(lambda: regency.batches()["srv1"] > copied["srv1"] + 3, seconds=90, what="readings after the backup")
    regency.site.end("noc")
    # The poller of the same machine loses what it measured since: its own spool went with the machine.
    lost = {batch for batch in regency.stored() if batch[0] != "poller-noc"}
    regency.site.empty("noc", keep="var/backups/nadi")
    regency.site.boot("noc")
    regency.site.wait("noc")
    play = regency.play(second, "restore.yml", "--limit", "noc", nadi_restore_from="/var/backups/nadi", timeout=1200)
    after = Counter(name for name, _, _ in lost) - Counter(copied)
    print(f"restore onto an empty system: {play.seconds:.0f} s; lost after the backup: {dict(after)}")
    wait_for(lambda: lost <= regency.stored(), seconds=150, what="every batch that was lost is offered again")


def test_what_is_taken_away_leaves_the_data_alone(regency: Regency, second: Path, installed: Installed) -> None:
    play = regency.play(second, "uninstall.yml", nadi_uninstall=True)
    assert "/var/lib/nadi-agent" in play.out
    for name in MACHINES:
        left = "find /opt /etc /usr/local /var/cache /run /lib/systemd -iname '*nadi*' -not -name 'nadi-deploy*'"
        assert regency.site.run(name, left).out == "", name
        assert "nadi-agent" not in regency.site.run(name, "cat /etc/passwd; systemctl list-units --all").out
    assert regency.site.run("srv1", "ls /var/lib/nadi-agent").out
    assert regency.site.run("noc", "ls /var/lib/nadi/journal.db").out
