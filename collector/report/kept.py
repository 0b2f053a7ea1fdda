"""The exact figures behind a report, beside its folder: a later report looks back at what was approved.

The report itself has every figure rounded once, and nothing may be reckoned from rounded figures. So the few that a
trend and a need look back at are kept exactly, bound to the report by the hash of its manifest and signed like it.
What is not there, or not as it was written, is evaluated again from the readings.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from agent.clock import Month
from agent.envelope import canonical
from agent.identity import Key, verify
from collector.judge.figures import Status
from collector.judge.past import KeptMonth, KeptOpd, KeptWay

DOMAIN: Final = b"nadi-exact-1\n"


def write(kept: KeptMonth, *, manifest_sha256: str, key: Key, path: Path) -> None:
    """Write the figures of a version, whole or not at all."""
    body = {
        "month": str(kept.month),
        "manifest_sha256": manifest_sha256,
        "opd": [{"code": opd.code, "unduh": _plain(opd.unduh), "unggah": _plain(opd.unggah)} for opd in kept.opds],
    }
    data = canonical(body)
    signature = base64.b64encode(key.sign(DOMAIN + data))
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(signature + b"\n" + data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read(path: Path, *, manifest_sha256: str, public: bytes) -> KeptMonth | None:
    """Return the figures of a version; None where they are not there, not signed by ``public``, or of another one."""
    try:
        signature, data = path.read_bytes().split(b"\n", 1)
        if not verify(public, DOMAIN + data, base64.b64decode(signature, validate=True)):
            return None
    except (FileNotFoundError, ValueError, binascii.Error):
        return None
    body = json.loads(data)
    if body["manifest_sha256"] != manifest_sha256:
        return None
    opds = tuple(KeptOpd(opd["code"], _way(opd["unduh"]), _way(opd["unggah"])) for opd in body["opd"])
    return KeptMonth(Month.parse(body["month"]), opds)


def _plain(way: KeptWay) -> dict[str, Any]:
    exact = {"p95": way.p95, "status_p95": way.status_p95, "status_coverage": way.status_coverage}
    told = {name: None if value is None else f"{value.numerator}/{value.denominator}" for name, value in exact.items()}
    return {**told, "status": None if way.status is None else way.status.name}


def _way(table: Mapping[str, Any]) -> KeptWay:
    status = table["status"]
    return KeptWay(
        p95=_exact(table["p95"]),
        status=None if status is None else Status[status],
        status_p95=_exact(table["status_p95"]),
        status_coverage=_exact(table["status_coverage"]),
    )


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
