"""Debian root file systems with a mirror of their own, as sites without internet have; made once, kept in build/."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.lab.centre import ROOT

CACHE = ROOT / "build" / "deploy"
BASE = "systemd,systemd-sysv,dbus,python3,python3-apt,openssh-server,sudo,iproute2,iputils-ping,ca-certificates"
"""What every node has before Nadi comes: what Debian's own installer leaves, and little more."""
MIRRORED = "nginx victoria-metrics python3-venv sqlite3"
"""What the site's mirror holds, with what it depends on."""

_CUSTOMIZE = """\
set -e
mkdir -p "$1/srv/mirror/partial"
chroot "$1" apt-get install -qq -y --no-install-recommends --download-only \\
  -o Dir::Cache::archives=/srv/mirror {packages}
rmdir "$1/srv/mirror/partial"; rm -f "$1/srv/mirror/lock"
(cd "$1/srv/mirror" && dpkg-scanpackages --multiversion . /dev/null > Packages)
rm -rf "$1"/etc/apt/sources.list.d/* "$1"/var/lib/apt/lists/*
echo 'deb [trusted=yes] file:/srv/mirror ./' > "$1/etc/apt/sources.list"
chroot "$1" apt-get update -qq
chroot "$1" useradd --create-home --shell /bin/bash nadi-deploy
echo 'nadi-deploy ALL=(ALL) NOPASSWD: ALL' > "$1/etc/sudoers.d/nadi-deploy"
rm -f "$1/etc/hostname" "$1/etc/resolv.conf"; : > "$1/etc/machine-id"
"""

_STAND_IN = """\
Package: grafana
Version: 0.1~stand-in
Architecture: all
Maintainer: test <test@contoh.example>
Description: stand-in for Grafana, which Debian does not carry
"""
_STAND_IN_UNIT = """\
[Service]
ExecStart=/usr/bin/python3 -m http.server --bind ${GF_SERVER_HTTP_ADDR} ${GF_SERVER_HTTP_PORT} -d /var/lib/grafana
[Install]
WantedBy=multi-user.target
"""


def rootfs(suite: str) -> Path:
    """Return the root file system of a suite, made with mmdebstrap when none of this definition is kept."""
    script = _CUSTOMIZE.format(packages=MIRRORED)
    kind = hashlib.sha256("\n".join((BASE, script, _STAND_IN, _STAND_IN_UNIT)).encode()).hexdigest()[:12]
    made = CACHE / f"{suite}-{kind}"
    if made.is_dir():
        return made
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob(f"{suite}-*"):
        shutil.rmtree(old)
    making = CACHE / f"{suite}-{kind}.{os.getpid()}"
    words = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={BASE}", "--skip=cleanup/apt"]
    done = subprocess.run(
        [*words, f"--customize-hook={script}", suite, str(making)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"mmdebstrap {suite}: {done.stderr[-4000:]}"
    for archive in (making / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()
    _stand_in_for_grafana(making / "srv" / "grafana")
    making.rename(made)
    return made


def _stand_in_for_grafana(repository: Path) -> None:
    """Write a repository with a package of Grafana's name and unit, serving a folder as plain files."""
    tree = repository / "tree"
    unit = tree / "lib/systemd/system/grafana-server.service"
    for folder in (tree / "DEBIAN", unit.parent):
        folder.mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(_STAND_IN, encoding="utf-8")
    unit.write_text(_STAND_IN_UNIT, encoding="utf-8")
    subprocess.run(["dpkg-deb", "--build", tree, repository / "grafana.deb"], check=True, capture_output=True)
    shutil.rmtree(tree)
    listed = subprocess.run(["dpkg-scanpackages", "."], cwd=repository, check=True, capture_output=True).stdout
    (repository / "Packages").write_bytes(listed)
