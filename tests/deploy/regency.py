"""The example regency of the bundle on booted guests, and the playbooks run against it from the controller."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deploy.guests import USER, Site
from tests.deploy.rootfs import CACHE, rootfs
from tests.lab.centre import ROOT

NAME = "nadi.contoh.go.id"
MACHINES = {
    "noc": ("10.20.0.2", "bookworm"),
    "srv1": ("10.20.1.11", "bookworm"),
    "srv2": ("10.20.1.12", "trixie"),
    "srv3": ("10.20.1.13", "bookworm"),
    "opd-disdukcapil": ("10.20.11.1", "trixie"),
    "opd-bpkad": ("10.20.12.1", "bookworm"),
}
"""The machines of the example inventory at its own addresses; the two routers with RouterOS are not there."""
PYTHONS = ("3.11-x86_64", "3.13-x86_64")
VARIABLES = {
    "vault_snmp_auth_password": "rahasia-auth-contoh",
    "vault_snmp_privacy_password": "rahasia-privasi-contoh",
    "vault_grafana_admin_password": "rahasia-admin-contoh",
    "grafana_apt_key": "",
    "grafana_apt_sources": "Types: deb\nURIs: file:/srv/grafana\nSuites: ./\nTrusted: yes\n",
}
_RECAP = re.compile(r"^(\S+)\s+: (ok=.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Play:
    """How a run of a playbook ended: its output, its seconds, and what it counted by host."""

    status: int
    out: str
    seconds: float

    def counted(self) -> dict[str, dict[str, int]]:
        """Return what the recap says: ok, changed, unreachable, failed ... by host."""
        return {
            host: {key: int(number) for key, number in (pair.split("=") for pair in rest.split())}
            for host, rest in _RECAP.findall(self.out)
        }

    def changed(self) -> dict[str, int]:
        """Return how much changed, by host."""
        return {host: numbers["changed"] for host, numbers in self.counted().items()}

    def changed_tasks(self) -> list[str]:
        """Return the names of the tasks that changed something, in order, once each."""
        named, found = "", list[str]()
        for line in self.out.splitlines():
            if line.startswith(("TASK [", "RUNNING HANDLER [")):
                named = line.partition("[")[2].rpartition("]")[0]
            elif line.startswith("changed: ") and named not in found:
                found.append(named)
        return found


def bundle(folder: Path, *, version: str = "", patch: Mapping[str, str] | None = None) -> Path:
    """Make a bundle of the last commit, or of it under another version with files changed; return its folder.

    Wheels once taken are kept, so that a bundle of the same requirements asks no index.
    """
    tree = folder / f"tree-{version or 'head'}"
    tree.mkdir(parents=True)
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", "HEAD"], check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)
    if version:
        project = tree / "pyproject.toml"
        text = re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', project.read_text(encoding="utf-8"), count=1)
        project.write_text(text, encoding="utf-8")
    for name, text in (patch or {}).items():
        (tree / name).write_text(text, encoding="utf-8")
    wheels = CACHE / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    words = [sys.executable, str(ROOT / "ansible" / "bundle.py"), "--to", str(folder), "--source", str(tree), *PYTHONS]
    done = subprocess.run(words, env={**os.environ, **offline}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    made = Path(done.stdout.rpartition(" (")[0].strip())
    shutil.rmtree(tree)
    for packed in (made / "nodes").glob("*.tar"):
        with tarfile.open(packed) as archived:
            for item in archived.getmembers():
                target = wheels / Path(item.name).name
                taken = archived.extractfile(item) if item.name.endswith(".whl") and not target.exists() else None
                if taken is not None and not target.name.startswith("nadi-"):
                    target.write_bytes(taken.read())
    return made


class Regency:
    """The example inventory's machines as guests; ``play`` runs a playbook of a bundle."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder = site, folder
        self.inventory = folder / "inventory"
        self._known = folder / "known_hosts"

    def boot(self) -> None:
        """Boot all machines and learn their keys."""
        for name, (address, suite) in MACHINES.items():
            # What the site's name server would say.
            hosts = {MACHINES["noc"][0]: f"{NAME} noc"}
            self.site.add(name, address=address, rootfs=rootfs(suite), hosts=hosts)
        for name in MACHINES:
            self.site.boot(name)
        for name in MACHINES:
            self.site.wait(name)
        self.learn_keys()

    def learn_keys(self) -> None:
        """Write the guests' host keys where Ansible's ssh looks."""
        addresses = [address for address, _ in MACHINES.values()]
        scanned = subprocess.run(
            ["ip", "netns", "exec", self.site.controller, "ssh-keyscan", "-T", "10", *addresses],
            capture_output=True,
            check=True,
        )
        self._known.write_bytes(scanned.stdout)

    def take_inventory(self, made: Path) -> None:
        """Take the example inventory of a bundle as this site's own."""
        shutil.copytree(made / "ansible" / "inventory" / "contoh", self.inventory)

    def play(
        self, made: Path, book: str, *words: str, check: bool = True, timeout: float = 600, **more: object
    ) -> Play:
        """Run a playbook of a bundle; ``more`` are variables. Fails with the output where ``check`` and it failed."""
        variables = self.folder / "variables.json"
        common = f"-o UserKnownHostsFile={self._known}"
        told = {**VARIABLES, "ansible_ssh_common_args": common, **more}
        variables.write_text(json.dumps(told), encoding="utf-8")
        variables.chmod(0o600)
        program = shutil.which("ansible-playbook", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        assert program is not None, "ansible-playbook is missing; install requirements/deploy.txt"
        command = [
            program,
            "--inventory",
            str(self.inventory / "hosts.yml"),
            "--limit",
            ",".join([*MACHINES, "localhost"]),
        ]
        command += ["--private-key", str(self.site.folder / "key"), "--user", USER, "-e", f"@{variables}", book, *words]
        environment = {
            **os.environ,
            "HOME": str(self.folder),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.folder / "cp"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORKS": "6",
        }
        begun = time.monotonic()
        done = subprocess.run(
            ["ip", "netns", "exec", self.site.controller, *command],
            cwd=made / "ansible",
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        play = Play(done.returncode, done.stdout + done.stderr, time.monotonic() - begun)
        with (self.folder / "plays.log").open("a", encoding="utf-8") as log:
            log.write(f"$ ansible-playbook {book} {' '.join(words)} {more or ''}\n{play.out}\n")
        assert not check or play.status == 0, play.out[-6000:]
        return play

    def visit(self, path: str, *, token: str = "", name: str = NAME, **more: object) -> dict[str, Any]:
        """Send a request through the proxy as ``visitor.py`` does, trusting the private CA alone; return the answer."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        told = {
            "address": MACHINES["noc"][0],
            "name": name,
            "ca": str(self.ca),
            "path": path,
            "headers": headers,
            **more,
        }
        words = [
            "ip",
            "netns",
            "exec",
            self.site.controller,
            sys.executable,
            str(Path(__file__).with_name("visitor.py")),
        ]
        done = subprocess.run(words, input=json.dumps(told), capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    @property
    def ca(self) -> Path:
        """The certificate of the private CA that the play made on the controller."""
        return self.inventory / "rahasia" / "ca" / "ca.pem"

    def stored(self) -> set[tuple[str, int, int]]:
        """Return agent, run and number of each batch that stands in the collector's journal."""
        path = self.site.guests["noc"].root / "var/lib/nadi/journal.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as journal:
            rows = journal.execute("SELECT text, run, seq FROM entry JOIN name ON name.id = agent WHERE run <> 0")
            return {(str(name), int(run), int(number)) for name, run, number in rows}

    def batches(self) -> dict[str, int]:
        """Return how many batches of each agent stand in the collector's journal."""
        return dict(Counter(name for name, _, _ in self.stored()))

    def series(self, query: str) -> int:
        """Return how many series VictoriaMetrics on the NOC's machine finds for a query, asked there."""
        asking = (
            "import json,sys,urllib.parse,urllib.request;"
            "u='http://127.0.0.1:8428/api/v1/query?query='+urllib.parse.quote(sys.argv[1]);"
            "print(len(json.load(urllib.request.urlopen(u,timeout=10))['data']['result']))"
        )
        said = self.site.run("noc", f"python3 -c {shlex.quote(asking)} {shlex.quote(query)}")
        return int(said.out)
