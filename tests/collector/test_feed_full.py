"""The feed towards a server whose disk is full: what it did not take is sent when there is room again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.feeds.settings import FeedFault
from tests.collector.feed_place import Centre, Victoria, centre, drain, until, victoria

OCTETS = '{__name__="nadi_interface_receive_bytes_total",device="r1",interface="ether1"}'
ROOM = 48 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a small file system; VictoriaMetrics takes nothing when less than 10 MB of it are free."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(place)], capture_output=True)
    if made.returncode != 0:
        reason = f"NOT TESTED: no tmpfs could be mounted (root is needed): {made.stderr.decode().strip()}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def server(disk: Path) -> Iterator[Victoria]:
    with victoria(disk, least_free=10_000_000) as peer:
        yield peer


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Centre]:
    with centre(tmp_path) as made:
        yield made


def test_what_a_server_with_a_full_disk_did_not_take_is_sent_when_there_is_room(
    place: Centre, server: Victoria, disk: Path
) -> None:
    with place.feed(server.url) as feed:
        place.until(600)
        place.take(range(0, 300, 10))
        drain(feed)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - 4_000_000))
        until(lambda: b" 1\n" in _read_only(server), 60)
        place.take(range(300, 600, 10))
        with pytest.raises(FeedFault):
            drain(feed)
        assert server.series(OCTETS) == place.octets(range(0, 300, 10))
        ballast.unlink()
        until(lambda: b" 0\n" in _read_only(server), 60)
        drain(feed)
    assert server.series(OCTETS) == place.octets(range(0, 600, 10))


def _read_only(server: Victoria) -> bytes:
    lines = server.ask("/metrics").splitlines(keepends=True)
    return b"".join(line for line in lines if line.startswith(b"vm_storage_is_read_only"))
