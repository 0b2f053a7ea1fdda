#!/usr/bin/env python3
"""Check an audit log of Nadi, with nothing but Python: no part of Nadi is used.

    python3 verify_audit.py register.db [--head SEQ:HASH]
    nadi audit list --json > audit.jsonl; python3 verify_audit.py audit.jsonl [--head SEQ:HASH]

The log is a chain: ``hash`` is the SHA-256 of a record's other columns as JSON with sorted keys, no blanks, UTF-8,
and ``prev`` is the hash of the record before (64 zeros for the first). So a record that was altered, deleted, put
elsewhere or added in between shows. A log whose end was cut off, or that was written anew from some record on, shows
only beside a head (number and hash of a record) that was noted down elsewhere before: give it by ``--head``.
Exit status: 0 whole, 1 not whole, 2 cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COLUMNS = ("seq", "prev", "hash", "at_ns", "actor", "action", "object", "result", "detail")
ZERO = "0" * 64


def main(arguments: list[str] | None = None) -> int:
    """Check a log; return the exit status."""
    parser = argparse.ArgumentParser(description="Check an audit log of Nadi: register.db, or JSON lines.")
    parser.add_argument("log", type=Path, help="register.db, or the lines of: nadi audit list --json")
    parser.add_argument("--head", metavar="SEQ:HASH", help="a head that was kept elsewhere")
    options = parser.parse_args(arguments)
    try:
        known = read_head(options.head)
        problem, last = check(records(options.log), known)
    except (OSError, ValueError, TypeError, KeyError, sqlite3.Error) as error:
        sys.stderr.write(f"{options.log}: cannot be read: {error!r}\n")
        return 2
    if problem:
        sys.stdout.write(f"NOT WHOLE: {problem}\n")
        return 1
    beside = "" if known else "; without --head a cut or rewritten log does not show"
    sys.stdout.write(f"whole: {last[0]} records, head {last[0]}:{last[1]}{beside}\n")
    return 0


def read_head(text: str | None) -> tuple[int, str] | None:
    """Return number and hash of a head."""
    if text is None:
        return None
    number, sign, digest = text.partition(":")
    if not sign or len(digest) != 64:
        raise ValueError(f"--head {text} is not SEQ:HASH")
    return int(number), digest.lower()


def records(log: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a log, in order of their numbers."""
    with log.open("rb") as file:
        begins = file.read(16)
    if begins.startswith(b"SQLite format 3"):
        yield from _of_database(log)
        return
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                table = json.loads(line)
                yield {name: table[name] for name in COLUMNS}


def _of_database(log: Path) -> Iterator[dict[str, Any]]:
    connection = sqlite3.connect(f"{log.resolve().as_uri()}?mode=ro", uri=True)
    try:
        query = "SELECT seq, prev, hash, at_ns, actor, action, object, result, detail FROM audit ORDER BY seq"
        for row in connection.execute(query):
            yield dict(zip(COLUMNS, row, strict=True))
    finally:
        connection.close()


def check(found: Iterator[dict[str, Any]], head: tuple[int, str] | None) -> tuple[str, tuple[int, str]]:
    """Return what is wrong first ("" nothing), and the last record's number and hash."""
    seq, digest = 0, ZERO
    for record in found:
        if record["seq"] != seq + 1:
            return f"record {seq + 1} is missing; record {record['seq']} follows record {seq}", (seq, digest)
        if record["prev"] != digest:
            return f"record {seq + 1} does not follow record {seq}: altered, or put elsewhere", (seq, digest)
        if content_hash(record) != record["hash"]:
            return f"record {seq + 1} was altered: its content has another hash", (seq, digest)
        seq, digest = record["seq"], record["hash"]
        if head is not None and head[0] == seq and head[1] != digest:
            return f"record {seq} is not the one whose hash was kept elsewhere: the log was written anew", (seq, digest)
    if head is not None and head[0] > seq:
        return f"the log ends at record {seq}, but record {head[0]} is known elsewhere: it was cut off", (seq, digest)
    return "", (seq, digest)


def content_hash(record: dict[str, Any]) -> str:
    """Return the hash that a record's content should have."""
    content = {name: record[name] for name in COLUMNS if name != "hash"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
