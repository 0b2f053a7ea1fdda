"""The catalogue of Bacula, asked by ``bconsole``: jobs, where their data lies, volumes, logs.

One way for SQLite, PostgreSQL and MySQL, and the director keeps a console to ``list`` and ``llist``. Its answers are
blocks of ``key: value`` (``llist``, Bacula 9 to 15), each read by its first key, whatever is echoed between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from agent import secret
from agent.backup import BackupError
from agent.tool import checked, host_time, run

_LINE = re.compile(r" *([A-Za-z]+): ?(.*)")
_FIRST = frozenset({"JobId", "JobMediaId", "MediaId", "PoolId"})
_NAME = re.compile(r"[A-Za-z0-9 _.:-]{1,127}")
"""What Bacula lets a job, a pool and a volume be called; nothing else is put into a command."""
_END = "llist pools"
"""Asked last: every catalogue has a pool, so an answer without one was cut."""
_MOST_LOG = 1 << 20


class Record(NamedTuple):
    """A job of the catalogue: ``started_s`` and ``ended_s`` in Unix seconds, None while not known; sizes in octets."""

    number: int
    name: str
    kind: str
    level: str
    status: str
    started_s: float | None
    ended_s: float | None
    files: int
    size: int
    errors: int
    prior: int


class Volume(NamedTuple):
    """A volume: its media type, status and place as the catalogue tells them."""

    name: str
    pool: str
    media_type: str
    status: str
    slot: int
    in_changer: bool
    location: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The director that ``console`` (a configuration of bconsole) names; a question takes at most ``timeout_s``."""

    tool: str
    console: Path
    timeout_s: float

    def jobs(self, name: str, most: int) -> list[Record]:
        """Return the newest ``most`` records of a job, the newest first."""
        return [_record(raw) for raw in self._asked([f'llist job="{_named(name)}" order=desc limit={most}'], "JobId")]

    def of_kinds(self, kinds: str, most: int) -> list[Record]:
        """Return the newest ``most`` jobs of each type, such as ``R`` and ``V``, the newest first."""
        commands = [f"llist jobs jobtype={kind} order=desc limit={most}" for kind in kinds]
        return [_record(raw) for raw in self._asked(commands, "JobId")]

    def volume_names(self, numbers: Iterable[int]) -> dict[int, set[str]]:
        """Return by job number on which volumes its data lies; a job whose data is gone is not there."""
        found: dict[int, set[str]] = {}
        for raw in self._asked([f"llist jobmedia jobid={number}" for number in numbers], "JobMediaId"):
            found.setdefault(_whole(raw, "JobId"), set()).add(_text(raw, "VolumeName"))
        return found

    def volumes(self, names: Iterable[str]) -> dict[str, Volume]:
        """Return volumes by name; one that the catalogue has not is not there."""
        found = self._asked([f'llist volume="{_named(name)}"' for name in names], "MediaId", "PoolId")
        pools = {_whole(raw, "PoolId"): _text(raw, "Name") for raw in found if "MediaId" not in raw}
        volumes = (_volume(raw, pools) for raw in found if "MediaId" in raw)
        return {volume.name: volume for volume in volumes}

    def log(self, number: int) -> str:
        """Return the log of a job; ToolError when it is longer than a MiB. The log names the job in every line."""
        return self._said([f"llist joblog jobid={number}"], most=_MOST_LOG)

    def _asked(self, commands: list[str], *kinds: str) -> list[Mapping[str, str]]:
        if not commands:
            return []
        found = list(records(self._said([*commands, _END])))
        if not any(next(iter(raw)) == "PoolId" for raw in found):
            raise BackupError(
                f"{self.console}: the director's answer was cut or refused; the console needs CommandACL = list, llist"
            )
        return [raw for raw in found if next(iter(raw)) in kinds]

    def _said(self, commands: list[str], most: int = 16 << 20) -> str:
        argv = (self.tool, "-n", "-c", str(secret.private(self.console)))
        given = "\n".join([*commands, "quit", ""]).encode()
        return checked(run(argv, timeout_s=self.timeout_s, given=given, most=most), argv).output.decode(
            errors="replace"
        )


def records(text: str) -> Iterator[dict[str, str]]:
    """Yield the blocks of ``llist``; of a key that repeats the first counts, as a job's comment stands last; pure."""
    block: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        begins = match is not None and match[1] in _FIRST and not block
        if match is not None and (block or begins):
            block.setdefault(match[1], match[2].strip())
        elif match is None and block:
            yield block
            block = {}
    if block:
        yield block


def _named(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise BackupError(f"{name!r} is no name of Bacula's: letters, digits, blanks, '.', ':', '_', '-'")
    return name


def _text(raw: Mapping[str, str], key: str) -> str:
    try:
        return raw[key]
    except KeyError as error:
        raise BackupError(f"llist of this Bacula does not tell {key} with {next(iter(raw.items()))}") from error


def _whole(raw: Mapping[str, str], key: str) -> int:
    text = _text(raw, key).replace(",", "")
    if not text.isdecimal():
        raise BackupError(f"llist of this Bacula tells {key} as {text!r}, which is no number")
    return int(text)


def _time(raw: Mapping[str, str], key: str) -> float | None:
    """Return a time of the catalogue, which is the director's local one without a zone."""
    text = _text(raw, key)
    if text in ("", "0", "NULL") or text.startswith("0000-"):
        return None
    try:
        return host_time(text)
    except ValueError as error:
        raise BackupError(f"llist of this Bacula tells {key} as {text!r}, which is no time") from error


def _record(raw: Mapping[str, str]) -> Record:
    return Record(
        number=_whole(raw, "JobId"),
        name=_text(raw, "Name"),
        kind=_text(raw, "Type"),
        level=_text(raw, "Level"),
        status=_text(raw, "JobStatus"),
        started_s=_time(raw, "StartTime"),
        ended_s=_time(raw, "EndTime"),
        files=_whole(raw, "JobFiles"),
        size=_whole(raw, "JobBytes"),
        errors=_whole(raw, "JobErrors"),
        prior=_whole(raw, "PriorJobId"),
    )


def _volume(raw: Mapping[str, str], pools: Mapping[int, str]) -> Volume:
    return Volume(
        name=_text(raw, "VolumeName"),
        pool=pools.get(_whole(raw, "PoolId"), ""),
        media_type=_text(raw, "MediaType"),
        status=_text(raw, "VolStatus"),
        slot=_whole(raw, "Slot"),
        in_changer=_whole(raw, "InChanger") == 1,
        location=_whole(raw, "LocationId"),
    )
