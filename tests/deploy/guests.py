"""Debian systems booted with systemd-nspawn, each in a network namespace of its own on one bridge. Linux, root.

Every name carries the prefix of one test process, and only what this process made is ended or removed. A guest's file
system is an overlay: what is written is gone with the test.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.lab.centre import wait_for

TOOLS = ("mmdebstrap", "systemd-nspawn", "ip", "ssh", "ssh-keygen", "ssh-keyscan", "dpkg-scanpackages", "openssl")
CONTROLLER = "10.20.0.1"
USER = "nadi-deploy"
REBOOTED = 133
"""How systemd-nspawn ends with --keep-unit when the system in it reboots."""
_HIERARCHIES = ("systemd", "unified")
_CGROUPS = Path("/sys/fs/cgroup")


def require() -> None:
    """Skip where no Debian system can be booted; fail instead where CI=true, so that nothing turns green unseen."""
    lacks = [f"the program {tool}" for tool in TOOLS if shutil.which(tool) is None]
    if os.geteuid() != 0:
        lacks.append("root")
    if not lacks:
        return
    message = f"installing on Debian systems needs {', '.join(lacks)}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(f"NOT TESTED: {message}")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command in a guest ended with."""

    status: int
    out: str
    err: str


@dataclass(slots=True)
class Guest:
    """A booted system: its root (overlay), its address, and the process of systemd-nspawn."""

    name: str
    address: str
    namespace: str
    folder: Path
    rootfs: Path
    hosts: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    cgroups: list[Path] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """The guest's file system as the host sees it."""
        return self.folder / "root"


class Site:
    """The bridge with the controller, and guests by name; used with ``with``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.guests: dict[str, Guest] = {}
        self._prefix = f"nadidep{os.getpid()}"
        self._namespaces: list[str] = []
        self.controller = f"{self._prefix}c"

    def __enter__(self) -> Site:
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the guests, unmount their file systems, delete the namespaces and what is left of control groups."""
        for guest in self.guests.values():
            self.end(guest.name)
            subprocess.run(["umount", guest.root], check=False, capture_output=True)
            shutil.rmtree(guest.folder, ignore_errors=True)
        while self._namespaces:
            _run("ip", "netns", "del", self._namespaces.pop())

    def _build(self) -> None:
        self._namespace(self.controller)
        _run("ip", "-n", self.controller, "link", "add", "br0", "type", "bridge", "stp_state", "0")
        _run("ip", "-n", self.controller, "addr", "add", f"{CONTROLLER}/16", "dev", "br0")
        _run("ip", "-n", self.controller, "link", "set", "br0", "up")
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "key")

    def _namespace(self, name: str) -> None:
        _run("ip", "netns", "add", name)
        self._namespaces.append(name)
        _run("ip", "-n", name, "link", "set", "lo", "up")

    def add(self, name: str, *, address: str, rootfs: Path, hosts: Mapping[str, str]) -> Guest:
        """Prepare a guest: line to the bridge, overlay, host name, the controller's key. It is not booted yet."""
        namespace, port = f"{self._prefix}{len(self.guests)}", f"g{len(self.guests)}"
        self._namespace(namespace)
        ends = ("type", "veth", "peer", "name", "eth0", "netns", namespace)
        _run("ip", "-n", self.controller, "link", "add", port, *ends)
        _run("ip", "-n", self.controller, "link", "set", port, "master", "br0", "up")
        _run("ip", "-n", namespace, "addr", "add", f"{address}/16", "dev", "eth0")
        _run("ip", "-n", namespace, "link", "set", "eth0", "up")
        guest = Guest(name, address, namespace, self.folder / name, rootfs, hosts)
        self.guests[name] = guest
        for part in ("upper", "work", "root"):
            (guest.folder / part).mkdir(parents=True)
        self._mount(guest)
        return guest

    def _mount(self, guest: Guest) -> None:
        """Lay the guest's own files over the root file system, and give it what an installer would ask for."""
        layers = f"lowerdir={guest.rootfs},upperdir={guest.folder / 'upper'},workdir={guest.folder / 'work'}"
        _run("mount", "-t", "overlay", "overlay", "-o", layers, guest.root)
        (guest.root / "etc/hostname").write_text(f"{guest.name}\n", encoding="ascii")
        known = {"127.0.0.1": "localhost", guest.address: guest.name, **guest.hosts}
        lines = "".join(f"{where} {called}\n" for where, called in known.items())
        (guest.root / "etc/hosts").write_text(lines, encoding="ascii")
        home = guest.root / "home" / USER
        (home / ".ssh").mkdir(mode=0o700)
        shutil.copy(self.folder / "key.pub", home / ".ssh/authorized_keys")
        owner = home.stat()
        for path in (home / ".ssh", home / ".ssh/authorized_keys"):
            os.chown(path, owner.st_uid, owner.st_gid)

    def boot(self, name: str) -> None:
        """Boot a guest in a control group of its own; ``wait`` says when it is up."""
        guest = self.guests[name]
        guest.cgroups = [_CGROUPS / kind / guest.namespace for kind in _HIERARCHIES if (_CGROUPS / kind).is_dir()]
        for cgroup in guest.cgroups:
            cgroup.mkdir(exist_ok=True)
        entering = "".join(f"echo $$ > {cgroup}/cgroup.procs; " for cgroup in guest.cgroups)
        words = ["systemd-nspawn", "--quiet", f"--directory={guest.root}", "--boot", f"--machine={guest.namespace}"]
        words += ["--register=no", "--keep-unit", f"--network-namespace-path=/run/netns/{guest.namespace}"]
        words += [f"--uuid={uuid.uuid5(uuid.NAMESPACE_DNS, name)}", "--resolv-conf=off", "--timezone=off"]
        with (guest.folder / "boot.log").open("ab") as log:
            guest.process = subprocess.Popen(
                ["sh", "-c", f'{entering}exec "$@"', "sh", *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait(self, name: str, *, seconds: float = 60) -> None:
        """Return when the guest is up: its services started, or some failed."""

        def up() -> bool:
            said = self.run(name, "systemctl is-system-running --wait", check=False)
            return said.out.strip() in {"running", "degraded"}

        wait_for(up, seconds=seconds, what=f"{name} is up")

    def reboot(self, name: str) -> None:
        """Reboot a guest from inside and wait until it is up again."""
        guest = self.guests[name]
        assert guest.process is not None
        self.run(name, "systemctl reboot", check=False)
        status = guest.process.wait(90)
        assert status == REBOOTED, f"{name} ended with {status} instead of rebooting"
        self.boot(name)
        self.wait(name)

    def empty(self, name: str, *, keep: str) -> None:
        """Make an ended guest a bare system again, but for a folder (as a disk that is carried over)."""
        guest = self.guests[name]
        kept = guest.folder / "kept"
        shutil.copytree(guest.root / keep, kept)
        _run("umount", guest.root)
        for part in ("upper", "work"):
            shutil.rmtree(guest.folder / part)
            (guest.folder / part).mkdir()
        self._mount(guest)
        shutil.copytree(kept, guest.root / keep, dirs_exist_ok=True)
        shutil.rmtree(kept)

    def end(self, name: str) -> None:
        """Power a guest off; systemd-nspawn passes SIGTERM on to the system in it."""
        guest = self.guests[name]
        if guest.process is not None and guest.process.poll() is None:
            guest.process.terminate()
            try:
                guest.process.wait(60)
            except subprocess.TimeoutExpired:
                self._kill(guest)
        for cgroup in guest.cgroups:
            for folder in sorted((path for path in cgroup.rglob("*") if path.is_dir()), reverse=True):
                folder.rmdir()
            if cgroup.is_dir():
                cgroup.rmdir()

    def _kill(self, guest: Guest) -> None:
        """Kill what did not end: SIGKILL of systemd-nspawn alone would leave the system in it running."""
        assert guest.process is not None
        for cgroup in guest.cgroups:
            for listed in [cgroup, *cgroup.rglob("*")]:
                if listed.is_dir():
                    for pid in (listed / "cgroup.procs").read_text(encoding="ascii").split():
                        os.kill(int(pid), signal.SIGKILL)
        guest.process.wait(10)
        time.sleep(0.5)

    def run(self, name: str, command: str, *, check: bool = True, timeout: float = 120) -> Said:
        """Run a command as root in a guest, by ssh; a shell there reads it."""
        guest = self.guests[name]
        options = ["-i", str(self.folder / "key"), "-o", "BatchMode=yes", "-o", "ConnectTimeout=5"]
        options += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        words = ["ip", "netns", "exec", self.controller, "ssh", *options, f"{USER}@{guest.address}"]
        done = subprocess.run(
            [*words, "sudo", "sh", "-c", _quoted(command)], capture_output=True, text=True, timeout=timeout, check=False
        )
        assert not check or done.returncode == 0, f"{name}: {command}: {done.stdout}{done.stderr}"
        return Said(done.returncode, done.stdout, done.stderr)


def _quoted(command: str) -> str:
    return "'" + command.replace("'", "'\\''") + "'"


def _run(*words: str | Path) -> None:
    subprocess.run([*map(str, words)], check=True, capture_output=True, text=True, timeout=30)
